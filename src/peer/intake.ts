/**
 * The door for frames: what gets in, what waits outside, what is turned away, and what is counted.
 *
 * Cheap checks come first, and a signature is verified once: size and form, community and roster, whether the very frame is
 * here already; then the signature. Words for a decision whose proposal has not come yet wait in a bounded waiting room;
 * one that finds no room is forgotten, and the digest exchange brings it back, because it was never counted as kept.
 *
 * Frames in this peer's own name come back to it and are nothing new, with two exceptions. A presence with a higher number
 * than its own is from an earlier life, and the announcer learns from it. And what no earlier life of this store can have
 * said (words or a proposal that it does not know, a presence of a life that it has not had) was signed with its key by
 * somebody else: a second process with the same identity, a thief, or this peer before its disk forgot. Whatever it said
 * next could contradict that, so it only observes from then on (`standing.ts`).
 *
 * @packageDocumentation
 */

import type { DecisionId, Hash, NodeId } from '../core/ids.ts'
import type { PublicKey, Verify } from '../core/keys.ts'
import { ARCHIVE_LIMITS, type Archive } from '../decision/delivery.ts'
import type { Roster } from '../decision/roster.ts'
import { type DecodedEnvelope, decodeEnvelope, type Envelope, verifyEnvelope } from '../wire/envelope.ts'
import type { Counters } from './counters.ts'
import type { PresenceTable } from './presence.ts'
import type { Standing } from './standing.ts'

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

/** Bytes of those frames. They wait unread, because a small frame can say many words. */
export const EARLY_SIZE_BYTES_PER_AUTHOR_MAX = 256 * 1024

/** A frame that waits for its proposal. */
interface Waiting {
  readonly decision: DecisionId
  readonly id: Hash
  readonly frame: Uint8Array
}

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
  readonly standing: Pick<Standing, 'readOwnPresence'>
  /** Verified: words of this peer that it does not know, or the presence of another process with its key. */
  readonly onOwnKeyElsewhere: (why: 'forgotten' | 'twin') => void
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
  #early: Waiting[][]

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
    if (this.#isKnown(decoded)) return IGNORED
    const fault = verifyEnvelope(decoded, verify)
    if (fault !== undefined) return this.#refuse(fault.kind)
    const isPast = envelope.decision !== undefined && archive.isPast(envelope.decision)
    return { verdict: isPast ? 'ignore' : 'accept', arrival: { from: decoded.from, envelope } }
  }

  /** True of what anybody can repeat for ever: a frame that is kept, a presence no newer than the one that is. */
  #isKnown({ envelope, from }: DecodedEnvelope): boolean {
    const { archive, presence } = this.#options
    const { decision, id, payload } = envelope
    if (payload.type === 'presence') return payload.sequence <= (presence.sequences()[from] ?? 0)
    return decision !== undefined && archive.has(decision, id)
  }

  /** Lets words wait for their proposal. When an author has no room left, its oldest decision gives way. */
  keepEarly({ from, envelope }: Arrival): void {
    const { id, frame } = envelope
    const decision = envelope.decision as DecisionId
    let ofAuthor = this.#early[from] as Waiting[]
    if (this.#options.isMuted(decision) || ofAuthor.some((waiting) => waiting.id === id)) return
    ofAuthor = [...ofAuthor, { decision, id, frame }]
    while (isTooMuch(ofAuthor)) {
      const oldest = ofAuthor.find((waiting) => waiting.decision !== decision) ?? ofAuthor[0]
      ofAuthor = ofAuthor.filter((waiting) => waiting !== oldest)
      this.#options.counters.add('early-dropped')
    }
    this.#early[from] = ofAuthor
  }

  /** What waited for this proposal, in the order it came from each author. It waits no longer. */
  takeEarly(decision: DecisionId): readonly Arrival[] {
    const isMeant = (waiting: Waiting): boolean => waiting.decision === decision
    const waiting = this.#early.flatMap((ofAuthor) => ofAuthor.filter(isMeant))
    if (waiting.length > 0) this.#early = this.#early.map((ofAuthor) => ofAuthor.filter((early) => !isMeant(early)))
    return waiting.flatMap(({ frame }) => {
      const decoded = decodeEnvelope(frame, this.#options.roster)
      return decoded.ok ? [{ from: decoded.from, envelope: decoded.envelope }] : []
    })
  }

  /** A frame in this peer's own name. Nothing of it is passed on. */
  #checkOwn(decoded: DecodedEnvelope): Checked {
    const { envelope, from } = decoded
    const news = this.#newsInOwnName(envelope)
    if (news === undefined) return IGNORED
    const fault = verifyEnvelope(decoded, this.#options.verify)
    if (fault !== undefined) return this.#refuse(fault.kind)
    if (news === 'earlier') return { verdict: 'ignore', arrival: { from, envelope } }
    this.#options.counters.add('own-key-elsewhere')
    this.#options.onOwnKeyElsewhere(news)
    return IGNORED
  }

  /** What a frame in this peer's own name tells it, or `undefined` if nothing. */
  #newsInOwnName(envelope: Envelope): 'earlier' | 'forgotten' | 'twin' | undefined {
    const { payload } = envelope
    if (payload.type !== 'presence') return this.#isUnknownHere(envelope) ? 'forgotten' : undefined
    const { presence, self, standing } = this.#options
    const kind = standing.readOwnPresence(payload)
    if (kind === 'twin') return 'twin'
    return kind === 'earlier' && payload.sequence > (presence.sequences()[self] ?? 0) ? 'earlier' : undefined
  }

  /**
   * Evidence is said without being kept; of decisions that are closed or muted it is not known what was said; and one's own
   * frames beyond what is kept of an author are not known again.
   */
  #isUnknownHere({ decision, payload, id }: Envelope): boolean {
    const { archive, isMuted, self } = this.#options
    if (decision === undefined || payload.type === 'evidence') return false
    if (archive.isClosed(decision) || isMuted(decision) || archive.has(decision, id)) return false
    return archive.framesBy(decision, self).length < ARCHIVE_LIMITS.framesPerAuthorMax
  }

  #refuse(kind: string): Checked {
    this.#options.counters.add(kind)
    return kind === 'wrong-roster' ? IGNORED : { verdict: 'reject' }
  }
}

function isTooMuch(frames: readonly Waiting[]): boolean {
  const sizeBytes = frames.reduce((sum, { frame }) => sum + frame.length, 0)
  return frames.length > EARLY_FRAMES_PER_AUTHOR_MAX || sizeBytes > EARLY_SIZE_BYTES_PER_AUTHOR_MAX
}
