/**
 * A restarted peer says the same again: rebuilds an open decision from the inputs on disk.
 *
 * The machine is a pure function of its inputs, so repeating them repeats every word, and the words that were on disk as
 * said are not said in another form: their very frames are kept for others again, and go to every neighbour that lacks them.
 *
 * @packageDocumentation
 */

import type { NodeId, TimerName } from '../core/ids.ts'
import type { DecisionMessage } from '../decision/decision-message.ts'
import type { Archive } from '../decision/delivery.ts'
import type { IdentifiedProposal } from '../decision/proposal.ts'
import type { Roster } from '../decision/roster.ts'
import type { StoredInput } from '../storage/store.ts'
import { decodeEnvelope, type Envelope } from '../wire/envelope.ts'
import type { Session } from './session.ts'

/** The proposal that opened a stored decision: always its first record. `undefined` if it is not there. */
export function readOpening(
  records: readonly StoredInput[],
  roster: Roster
): { readonly proposal: IdentifiedProposal; readonly envelope: Envelope; readonly from: NodeId } | undefined {
  const first = records[0]
  if (first?.type !== 'frame') return undefined
  const decoded = decodeEnvelope(first.frame, roster)
  if (!decoded.ok || decoded.envelope.payload.type !== 'proposal') return undefined
  return { proposal: decoded.envelope.payload.proposal, envelope: decoded.envelope, from: decoded.from }
}

/** What `replay` needs. */
export interface ReplayOptions {
  readonly session: Session
  readonly records: readonly StoredInput[]
  readonly roster: Roster
  readonly archive: Archive
}

/**
 * Repeats the inputs of a stored decision. False if that does not lead to what was said: the records, or the program, are
 * not those of the earlier life, and whatever this peer said next might contradict it.
 */
export function replay(options: ReplayOptions): boolean {
  const { session, records } = options
  return session.restore(() => {
    const said = records.slice(1).flatMap((record) => {
      const words = repeat(record, options)
      return words === undefined ? [] : [words]
    })
    return { words: said.flat(), messageCount: said.length }
  })
}

/** Repeats one record. The answer is what this peer itself said by it, if it is that. */
function repeat(record: StoredInput, options: ReplayOptions): readonly DecisionMessage[] | undefined {
  const { session } = options
  if (record.type === 'answered') session.take({ type: 'answered', answer: record.answer, seal: record.seal })
  else if (record.type === 'timed-out') repeatTimeout(session, record.timer as TimerName)
  else {
    const heard = readWords(record.frame, options)
    if (record.type === 'said') return heard?.words
    if (heard !== undefined) session.takeWords(heard.from, heard.words)
  }
  return undefined
}

function repeatTimeout(session: Session, timer: TimerName): void {
  session.stopTimer(timer)
  session.take({ type: 'timed-out', timer })
}

/** The words of a stored frame, which is kept for others again. It was verified before it was stored. */
function readWords(
  frame: Uint8Array,
  { session, roster, archive }: ReplayOptions
): { readonly from: NodeId; readonly words: readonly DecisionMessage[] } | undefined {
  const decoded = decodeEnvelope(frame, roster)
  if (!decoded.ok || decoded.envelope.payload.type !== 'words') return undefined
  archive.keep(session.id, decoded.from, decoded.envelope.id, frame, true)
  return { from: decoded.from, words: decoded.envelope.payload.words }
}
