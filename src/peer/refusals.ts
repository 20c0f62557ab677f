/**
 * Why a proposal was not opened or an answer did not count, for the person who gave it.
 *
 * @packageDocumentation
 */

import { OperationError, OptionsError } from '../core/errors.ts'
import type { NodeId } from '../core/ids.ts'
import type { Disk } from './disk.ts'
import type { Session } from './session.ts'
import type { Standing } from './standing.ts'

/** What to tell the person, or `undefined` if the answer counts. `taken` is true if the machine was given it. */
export function refusedAnswer(session: Session, self: NodeId, taken: boolean): OptionsError | undefined {
  const got = whyNot(session, self, taken)
  if (got === undefined) return undefined
  const expected = 'an open decision in which this peer has not cast its ballot yet'
  return new OptionsError([{ path: 'decision', got, expected }])
}

/** Throws OperationError if this peer only observes, or its disk takes nothing now. */
export function requireVoice({ standing, disk }: { readonly standing: Standing; readonly disk: Disk }): void {
  disk.requireWell()
  if (!standing.isObserving) return
  throw new OperationError(`this peer only observes until the next roster: ${standing.reason}`, 'did-not-happen')
}

/** Throws OptionsError if the person has as many open decisions as one may have. */
export function requireRoom(openCount: number, countMax: number): void {
  if (openCount < countMax) return
  const expected = 'to wait until one of your open decisions is done'
  throw new OptionsError([{ path: 'proposal', got: `${countMax} open already`, expected }])
}

function whyNot({ certificate, decision }: Session, self: NodeId, taken: boolean): string | undefined {
  const counted = certificate?.ballots.some(({ author }) => author === self) ?? true
  const cast = decision.ownBallot !== undefined
  if (!counted && cast) return 'one that was decided before this answer came: the ballot cast here is not counted'
  if (!counted) return 'one that was decided before this answer came: no ballot was cast here'
  if (taken) return undefined
  if (cast) return 'a ballot that is cast and cannot be changed'
  return 'one in which this peer says nothing more: see muted-decision in its status'
}
