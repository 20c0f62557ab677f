/**
 * Ballots that a machine waits for: everyone is known to deliver them, and they are not in its hands.
 *
 * That takes a lying author: it showed its ballot to others and kept it from this peer, or showed this peer so many
 * different ones that the machine let go of the one that won. Both would leave this peer behind for ever, so the frame with
 * the missing ballot is let in even if its author has used up its room, and is looked for among the frames kept.
 *
 * @packageDocumentation
 */

import type { Hash, NodeId } from '../core/ids.ts'
import { ballotHash } from '../decision/ballot.ts'
import type { Decision } from '../decision/decision.ts'
import type { DecisionMessage } from '../decision/decision-message.ts'
import type { Archive } from '../decision/delivery.ts'
import type { Roster } from '../decision/roster.ts'
import { decodeEnvelope } from '../wire/envelope.ts'
import type { Session } from './session.ts'

/** True if these words of `from` bring the ballot of `from` that the machine waits for. */
export function bringsMissing(decision: Decision, from: NodeId, words: readonly DecisionMessage[]): boolean {
  const ballot = words.find((word) => word.type === 'init')
  return ballot !== undefined && decision.missing.get(from) === ballotHash(ballot.value)
}

/**
 * Hands over again what the machine let go of and now waits for. Each ballot is looked for once: one that comes later goes
 * to the machine anyway. It is an input like any other and is remembered as one, so that a replay takes the same way.
 */
export function handOverMissing(session: Session, archive: Archive, roster: Roster): void {
  for (const [author, hash] of session.decision.missing) {
    if (session.sought.has(hash)) continue
    session.sought.add(hash)
    for (const frame of archive.framesBy(session.id, author)) {
      const words = wordsWith(hash, frame, roster)
      if (words !== undefined) session.takeWords(author, words, { type: 'frame', frame })
    }
  }
}

function wordsWith(hash: Hash, frame: Uint8Array, roster: Roster): readonly DecisionMessage[] | undefined {
  const decoded = decodeEnvelope(frame, roster)
  if (!decoded.ok || decoded.envelope.payload.type !== 'words') return undefined
  const { words } = decoded.envelope.payload
  return words.some((word) => word.type === 'init' && ballotHash(word.value) === hash) ? words : undefined
}
