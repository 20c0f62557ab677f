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

/** Repeats the inputs of a stored decision. */
export function replay({ session, records, roster, archive }: ReplayOptions): void {
  session.restore(() => {
    const words: DecisionMessage[] = []
    let messageCount = 0
    for (const record of records.slice(1)) {
      if (record.type === 'answered') session.take({ type: 'answered', answer: record.answer, seal: record.seal })
      else if (record.type === 'timed-out') repeatTimeout(session, record.timer as TimerName)
      else {
        const heard = readWords(session, record.frame, roster, archive)
        if (heard === undefined) continue
        if (record.type === 'frame') session.takeWords(heard.from, heard.words)
        else {
          messageCount++
          words.push(...heard.words)
        }
      }
    }
    return { words, messageCount }
  })
}

function repeatTimeout(session: Session, timer: TimerName): void {
  session.stopTimer(timer)
  session.take({ type: 'timed-out', timer })
}

/** The words of a stored frame, which is kept for others again. It was verified before it was stored. */
function readWords(
  session: Session,
  frame: Uint8Array,
  roster: Roster,
  archive: Archive
): { readonly from: NodeId; readonly words: readonly DecisionMessage[] } | undefined {
  const decoded = decodeEnvelope(frame, roster)
  if (!decoded.ok || decoded.envelope.payload.type !== 'words') return undefined
  archive.keep(session.id, decoded.from, decoded.envelope.id, frame)
  return { from: decoded.from, words: decoded.envelope.payload.words }
}
