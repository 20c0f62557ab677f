/**
 * What a lie is made of: a strategy, whom it fools, and words that say the opposite.
 *
 * @packageDocumentation
 */

import type { Bit, BitSet } from '../../src/consensus/message.ts'
import type { Hash, PeerIdString } from '../../src/core/ids.ts'
import type { Random } from '../../src/core/random.ts'
import { castBallot } from '../../src/decision/ballot.ts'
import type { DecisionMessage } from '../../src/decision/decision-message.ts'
import { outcomeSigningBytes } from '../../src/decision/signing.ts'
import type { Affair, Conduct } from './affair.ts'

/** What an honest peer can be seen to make of a lie. */
export type Shows =
  /** It convicts the liar: two signed messages, in its journal and its store. */
  | { readonly type: 'evidence' }
  /** It notes in its journal that the liar did this; nobody is convicted. */
  | { readonly type: 'remark'; readonly kind: string }
  /** These counters of its status rise, together by `least` (default: 1). */
  | { readonly type: 'counter'; readonly names: readonly string[]; readonly least?: number }
  /** Nothing: to be silent or first is no offence. */
  | { readonly type: 'nothing' }

/** What a liar knows when it makes its plan. */
export interface Plan {
  /** Liars that it is in league with, itself not among them. */
  readonly accomplices: ReadonlySet<PeerIdString>
  readonly random: Random
  /** Frames of others that it has kept, whatever they were about. */
  readonly attic: readonly Uint8Array[]
  /** Reports that so many lies were told now. */
  readonly did: (count: number) => void
}

/** One way to lie. */
export interface Strategy {
  /** What the liar does, in one sentence. */
  readonly does: string
  readonly shows: Shows
  readonly conduct: (plan: Plan) => Conduct
}

/** Strategies by name. A liar hears its task in the question of a proposal: the first word is the name. */
export type Strategies = Readonly<Record<string, Strategy>>

/** Everybody but the liar and its accomplices, in roster order. */
export function victimsOf({ member }: Affair, { accomplices }: Plan): PeerIdString[] {
  const own = member.directory.peerId(member.self)
  return member.directory.peerIds.filter((peer) => peer !== own && !accomplices.has(peer))
}

/** The victims in two halves, the same for every liar of a league. Accomplices are told what the first half is told. */
export function halvesOf(affair: Affair, plan: Plan): [PeerIdString[], PeerIdString[]] {
  const victims = victimsOf(affair, plan)
  const middle = Math.ceil(victims.length / 2)
  return [[...victims.slice(0, middle), ...plan.accomplices], victims.slice(middle)]
}

/** A ballot of this liar's own for one option, signed as it should be. */
export function ballotFor({ member, proposal }: Affair, choice: number): DecisionMessage {
  const { self, identity } = member
  const answer = { type: 'choice', choices: [choice] } as const
  const value = castBallot({ decision: proposal.id, author: self, answer, sign: identity.sign })
  return { type: 'init', instance: self, value }
}

/** An endorsement of an outcome with this hash, signed as it should be. */
export function endorsementOf({ member }: Affair, outcome: Hash): DecisionMessage {
  return { type: 'endorsement', outcome, signature: member.identity.sign(outcomeSigningBytes(outcome)) }
}

/** A hash of nothing in particular. */
export const inventedHash = (digits: string): Hash => digits.repeat(64).slice(0, 64) as Hash

/** A frame with one bit of its signature changed. */
export function damaged(frame: Uint8Array): Uint8Array {
  const copy = new Uint8Array(frame)
  copy[copy.length - 1] = (copy.at(-1) as number) ^ 1
  return copy
}

const other = (hash: Hash): Hash => [...hash].reverse().join('') as Hash
const flip = (bit: Bit): Bit => (1 - bit) as Bit

/** Another value in the same slot. */
export function oppositeOf(affair: Affair, word: DecisionMessage): DecisionMessage {
  switch (word.type) {
    case 'init':
      return ballotFor(affair, 1)
    case 'echo':
    case 'ready':
      return { ...word, hash: other(word.hash) }
    case 'conf':
      return { ...word, bits: (word.bits === 1 ? 2 : 1) as BitSet }
    case 'endorsement':
      return endorsementOf(affair, other(word.outcome))
    default:
      return { ...word, bit: flip(word.bit) }
  }
}
