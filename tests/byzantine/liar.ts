/**
 * A lying member as a process: `liar.ts --data DIR [--join ADDRESS]… [--accomplice PEER-ID]… [--seed NUMBER]`.
 *
 * It hears its task in the question of each proposal: the first word is the name of a strategy, and any other word makes
 * it honest. Whoever started it is told over the channel what it did.
 *
 * @packageDocumentation
 */

import { parseArgs } from 'node:util'
import type { PeerIdString } from '../../src/core/ids.ts'
import { seededRandom } from '../../src/core/random.ts'
import { Member } from './member.ts'
import { STRATEGIES } from './strategies.ts'

/** What a liar tells whoever started it. */
export type LiarMessage =
  | { readonly type: 'listening'; readonly addresses: readonly string[] }
  | { readonly type: 'did'; readonly strategy: string; readonly decision: string; readonly count: number }

/** Frames of others that are kept for later. */
const ATTIC_MAX = 500

const { values } = parseArgs({
  options: {
    data: { type: 'string' },
    join: { type: 'string', multiple: true, default: [] },
    accomplice: { type: 'string', multiple: true, default: [] },
    seed: { type: 'string', default: '1' }
  }
})

const tell = (message: LiarMessage): void => void process.send?.(message)
const random = seededRandom(Number(values.seed))
const attic: Uint8Array[] = []

const member = await Member.start({
  dataDirectory: values.data as string,
  join: values.join,
  random,
  onFrame({ payload, frame }) {
    if (payload.type === 'words' && attic.length < ATTIC_MAX) attic.push(frame)
  },
  conductIn({ question, id }) {
    const strategy = question.split(' ')[0] as string
    const did = (count: number): void => tell({ type: 'did', strategy, decision: id, count })
    const accomplices = new Set(values.accomplice as PeerIdString[])
    return STRATEGIES[strategy]?.conduct({ accomplices, random, attic, did }) ?? {}
  }
})
tell({ type: 'listening', addresses: member.addresses() })
// It lives as long as whoever started it.
process.once('disconnect', () => process.exit())
