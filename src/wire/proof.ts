/**
 * Proof of a contradiction that anyone can check: two frames that one author signed.
 *
 * A correct validator fills each slot of a decision once in its life, because what it says is on disk before it is on the
 * wire. Two frames with good signatures in which one author fills one slot differently therefore prove, to anybody who
 * holds the roster, that the author is faulty. Two different batches with the same sequence number prove nothing by
 * themselves: only slots count.
 *
 * @packageDocumentation
 */

import type { DecisionId, NodeId } from '../core/ids.ts'
import type { Verify } from '../core/keys.ts'
import { type Contradiction, findContradiction } from '../decision/evidence.ts'
import type { Roster } from '../decision/roster.ts'
import { type Envelope, openEnvelope } from './envelope.ts'

/** Two frames that contradict each other. */
export interface Evidence {
  readonly first: Uint8Array
  readonly second: Uint8Array
  readonly decision: DecisionId
  /** The slot that was filled twice; see `decision/evidence.ts`. */
  readonly slot: string
}

/** What a proof proves. */
export interface Accusation {
  readonly accused: NodeId
  readonly decision: DecisionId
  readonly slot: string
  /** One sentence for people. */
  readonly explanation: string
}

/**
 * The proof that two envelopes make, or `undefined` if they don't contradict each other.
 *
 * The frames are put in the order of their ids, so that everyone makes the same proof of the same two.
 */
export function evidenceOf(one: Envelope, other: Envelope): Evidence | undefined {
  const [first, second] = one.id < other.id ? [one, other] : [other, one]
  const contradiction = contradictionOf(first, second)
  if (contradiction === undefined || first.decision === undefined) return undefined
  return { first: first.frame, second: second.frame, decision: first.decision, slot: contradiction.slot }
}

/** Checks a proof from anybody. Never throws. */
export function checkEvidence(
  first: Uint8Array,
  second: Uint8Array,
  roster: Roster,
  verify: Verify
): Accusation | { readonly refused: string } {
  const one = openEnvelope(first, roster, verify)
  if (!one.ok) return { refused: `the first frame is no good: ${one.fault.explanation}` }
  const other = openEnvelope(second, roster, verify)
  if (!other.ok) return { refused: `the second frame is no good: ${other.fault.explanation}` }
  const contradiction = contradictionOf(one.envelope, other.envelope)
  const { decision } = one.envelope
  if (contradiction === undefined || decision === undefined) {
    return { refused: 'the two frames do not contradict each other' }
  }
  const { slot } = contradiction
  return { accused: one.from, decision, slot, explanation: `it signed two different values for ${slot}` }
}

function contradictionOf(one: Envelope, other: Envelope): Contradiction | undefined {
  if (one.payload.type !== 'words' || other.payload.type !== 'words') return undefined
  const alike = one.author === other.author && one.decision === other.decision && one.roster === other.roster
  return alike ? findContradiction(one.payload.words, other.payload.words) : undefined
}
