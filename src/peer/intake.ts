/**
 * The door for frames: what gets in, what waits outside, what is turned away, and what is counted.
 *
 * Cheap checks come first, and a signature is verified once: size and form, community and roster, whether the very frame is
 * here already; then the signature. Words for a decision whose proposal has not come yet wait in a bounded waiting room;
 * one that finds no room is forgotten, and the digest exchange brings it back, because it was never counted as kept.
 *
 * @packageDocumentation
 */

import type { DecisionId, NodeId } from '../core/ids.ts'
import type { PublicKey, Verify } from '../core/keys.ts'
import type { Archive } from '../decision/delivery.ts'
import type { Roster } from '../decision/roster.ts'
import { decodeEnvelope, type Envelope, verifyEnvelope } from '../wire/envelope.ts'
import type { Counters } from './counters.ts'

/** A verified frame. */
export interface Arrival {
  readonly from: NodeId
  readonly envelope: Envelope
}

/** Room for words that came before their proposal. */
export const EARLY_LIMITS = { perAuthorMax: 32, decisionsMax: 256 } as const

/** What the door needs. */
export interface IntakeOptions {
  readonly key: PublicKey
  readonly roster: Roster
  readonly verify: Verify
  readonly archive: Archive
  readonly counters: Counters
  readonly isOpen: (decision: DecisionId) => boolean
}

/** What to tell gossip, and what got in. */
export interface Checked {
  readonly verdict: 'accept' | 'ignore' | 'reject'
  readonly arrival?: Arrival
}

const IGNORED: Checked = { verdict: 'ignore' }

/** The door. */
export class Intake {
  readonly #options: IntakeOptions
  readonly #early = new Map<DecisionId, Arrival[]>()

  constructor(options: IntakeOptions) {
    this.#options = options
  }

  /** Checks a frame. Never throws. */
  check(frame: Uint8Array): Checked {
    const { roster, verify, archive, key } = this.#options
    const decoded = decodeEnvelope(frame, roster)
    if (!decoded.ok) return this.#refuse(decoded.fault.kind)
    const { envelope } = decoded
    if (envelope.author === key) return IGNORED
    if (envelope.decision !== undefined && archive.has(envelope.decision, envelope.id)) return IGNORED
    const fault = verifyEnvelope(decoded, verify)
    if (fault !== undefined) return this.#refuse(fault.kind)
    return { verdict: 'accept', arrival: { from: decoded.from, envelope } }
  }

  /** Lets words wait for their proposal. */
  keepEarly(arrival: Arrival): void {
    const decision = arrival.envelope.decision as DecisionId
    const waiting = this.#early.get(decision) ?? []
    const ofAuthor = waiting.filter((early) => early.from === arrival.from)
    if (ofAuthor.some((early) => early.envelope.id === arrival.envelope.id)) return
    const isFull = waiting.length === 0 && this.#early.size >= EARLY_LIMITS.decisionsMax
    if (isFull || ofAuthor.length >= EARLY_LIMITS.perAuthorMax) {
      this.#options.counters.add('early-dropped')
      return
    }
    this.#early.set(decision, [...waiting, arrival])
  }

  /** What waited for this proposal, in the order it came. */
  takeEarly(decision: DecisionId): readonly Arrival[] {
    const waiting = this.#early.get(decision) ?? []
    this.#early.delete(decision)
    return waiting
  }

  #refuse(kind: string): Checked {
    this.#options.counters.add(kind)
    return kind === 'wrong-roster' ? IGNORED : { verdict: 'reject' }
  }
}
