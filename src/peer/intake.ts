/**
 * The door for frames: what gets in, what waits outside, what is turned away, and what is counted.
 *
 * Cheap checks come first, and a signature is verified once: size and form, community and roster, whether the very frame is
 * here already; then the signature. Words for a decision whose proposal has not come yet wait in a bounded waiting room;
 * one that finds no room is forgotten, and the digest exchange brings it back, because it was never counted as kept.
 *
 * Frames in this peer's own name come back to it and are nothing new, with two exceptions. A presence with a higher number
 * than its own is from an earlier life, and the announcer learns from it. And words about a decision that are not among
 * what it said were signed with its key by somebody else: a second process with the same identity, or a thief.
 *
 * @packageDocumentation
 */

import type { DecisionId, NodeId } from '../core/ids.ts'
import type { PublicKey, Verify } from '../core/keys.ts'
import type { Archive } from '../decision/delivery.ts'
import type { Roster } from '../decision/roster.ts'
import { type DecodedEnvelope, decodeEnvelope, type Envelope, verifyEnvelope } from '../wire/envelope.ts'
import type { Counters } from './counters.ts'
import type { PresenceTable } from './presence.ts'

/** A verified frame. */
export interface Arrival {
  readonly from: NodeId
  readonly envelope: Envelope
}

/**
 * Frames of one author that may wait for their proposals, over all decisions. Each author fills only its own share, so
 * words about invented decisions keep nobody else's waiting outside.
 */
export const EARLY_FRAMES_PER_AUTHOR_MAX = 32

/** What the door needs. */
export interface IntakeOptions {
  readonly self: NodeId
  readonly key: PublicKey
  readonly roster: Roster
  readonly verify: Verify
  readonly archive: Archive
  readonly presence: PresenceTable
  readonly counters: Counters
  /** True if this peer no longer knows what it said about this decision. */
  readonly isMuted: (decision: DecisionId) => boolean
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
  /** Words that wait, by author. */
  #early: Arrival[][]

  constructor(options: IntakeOptions) {
    this.#options = options
    this.#early = options.roster.members.map(() => [])
  }

  /** Checks a frame. Never throws. */
  check(frame: Uint8Array): Checked {
    const { roster, verify, archive, key } = this.#options
    const decoded = decodeEnvelope(frame, roster)
    if (!decoded.ok) return this.#refuse(decoded.fault.kind)
    const { envelope } = decoded
    if (envelope.author === key) return this.#checkOwn(decoded)
    if (envelope.decision !== undefined && archive.has(envelope.decision, envelope.id)) return IGNORED
    const fault = verifyEnvelope(decoded, verify)
    if (fault !== undefined) return this.#refuse(fault.kind)
    return { verdict: 'accept', arrival: { from: decoded.from, envelope } }
  }

  /** Lets words wait for their proposal. When an author has no room left, its oldest decision gives way. */
  keepEarly(arrival: Arrival): void {
    const decision = arrival.envelope.decision as DecisionId
    const ofAuthor = this.#early[arrival.from] as Arrival[]
    if (ofAuthor.some(({ envelope }) => envelope.id === arrival.envelope.id)) return
    ofAuthor.push(arrival)
    if (ofAuthor.length <= EARLY_FRAMES_PER_AUTHOR_MAX) return
    const oldest = ofAuthor.find(({ envelope }) => envelope.decision !== decision) ?? ofAuthor[0]
    this.#early[arrival.from] = ofAuthor.filter((waiting) => waiting !== oldest)
    this.#options.counters.add('early-dropped')
  }

  /** What waited for this proposal, in the order it came from each author. It waits no longer. */
  takeEarly(decision: DecisionId): readonly Arrival[] {
    const isMeant = ({ envelope }: Arrival): boolean => envelope.decision === decision
    const waiting = this.#early.flatMap((ofAuthor) => ofAuthor.filter(isMeant))
    if (waiting.length > 0) this.#early = this.#early.map((ofAuthor) => ofAuthor.filter((early) => !isMeant(early)))
    return waiting
  }

  /** A frame in this peer's own name. Nothing of it is passed on. */
  #checkOwn(decoded: DecodedEnvelope): Checked {
    const { envelope, from } = decoded
    const isPresence = envelope.payload.type === 'presence'
    if (!(isPresence ? this.#isFromEarlierLife(envelope) : this.#isUnknownHere(envelope))) return IGNORED
    const fault = verifyEnvelope(decoded, this.#options.verify)
    if (fault !== undefined) return this.#refuse(fault.kind)
    if (isPresence) return { verdict: 'ignore', arrival: { from, envelope } }
    this.#options.counters.add('own-key-elsewhere')
    return IGNORED
  }

  #isFromEarlierLife({ payload }: Envelope): boolean {
    const { presence, self } = this.#options
    return payload.type === 'presence' && payload.sequence > (presence.sequences()[self] ?? 0)
  }

  /** Evidence is said without being kept; of decisions that are closed or muted it is not known what was said. */
  #isUnknownHere({ decision, payload, id }: Envelope): boolean {
    const { archive, isMuted } = this.#options
    if (decision === undefined || payload.type === 'evidence') return false
    return !archive.isClosed(decision) && !isMuted(decision) && !archive.has(decision, id)
  }

  #refuse(kind: string): Checked {
    this.#options.counters.add(kind)
    return kind === 'wrong-roster' ? IGNORED : { verdict: 'reject' }
  }
}
