/**
 * How much one member may say to everybody, whoever passes it on.
 *
 * The network layer limits what comes over each link. That is not enough against a member that lies: its frames are well
 * signed, so correct members pass them on, and their own links would fill up with its flood and be held against *them*. So
 * everyone counts, by author and after the signature has shown who it was, and passes on no more than this. All liars
 * together then fill less of a link than the link allows. What a correct member says too fast is not lost: the digest
 * exchange, which is limited by bytes, brings it.
 *
 * @packageDocumentation
 */

import type { NodeId } from '../core/ids.ts'
import { maxFaulty } from '../core/quorum.ts'
import { createBuckets } from '../network/strikes.ts'
import type { Clock } from './clock.ts'

/** Frames a second that all liars together may get passed on: less than half of what a link allows (`network/settings.ts`). */
const LIARS_RATE_PER_SECOND = 400

/** The busiest correct member that was measured, four peers that decide as fast as two cores can, says about 100 a second. */
const AUTHOR_RATE_PER_SECOND_MAX = 150

/** Several decisions may move at the same moment, and a peer that comes back says much at once. */
const BURST = 300

/** True if a frame of `author` is still within its rate; each call counts one frame. */
export function createAuthorRate(validatorCount: number, clock: Clock): (author: NodeId) => boolean {
  const liarCount = Math.max(1, maxFaulty(validatorCount))
  const ratePerSecond = Math.min(AUTHOR_RATE_PER_SECOND_MAX, LIARS_RATE_PER_SECOND / liarCount)
  const buckets = createBuckets({ ratePerSecond, burst: BURST }, () => clock.now())
  return (author) => buckets.take(String(author))
}
