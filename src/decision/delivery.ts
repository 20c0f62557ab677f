/**
 * What I have and what you lack: how every word reaches every correct peer in the end, whatever gossip loses.
 *
 * Gossip forgets after a few seconds, so a peer that was paused, cut off or started late would wait for ever. Therefore
 * each peer keeps the signed frames of open decisions and the certificates of closed ones, and exchanges *digests* with
 * its neighbours: the first half of the id of everything it keeps, or of closed decisions, when they are many, a summary
 * (`closed-decisions.ts`). Whoever sees that the other lacks something sends it. A frame is signed by its author, so anyone
 * may pass it on, and a certificate proves itself.
 *
 * This file is the pure half: what is kept, what a digest says, and what the answer to one is. Frames and certificates are
 * opaque here.
 *
 * Source of the idea: Demers et al., "Epidemic Algorithms for Replicated Database Maintenance", PODC 1987, anti-entropy.
 *
 * @packageDocumentation
 */

import type { DecisionId, Hash, NodeId } from '../core/ids.ts'
import { ClosedDecisions, type ClosedDigest, type ClosedLimits, digestId, type Inventory } from './closed-decisions.ts'

export {
  BUCKET_HASH_DIGITS,
  DIGEST_ID_DIGITS,
  differingBuckets,
  digestId,
  type Inventory,
  SUMMARY_BUCKETS
} from './closed-decisions.ts'

/** What may be kept. A correct validator needs about fifteen frames a decision; a hostile one gets no more than this. */
export const ARCHIVE_LIMITS = {
  /** Frames kept of one author in one decision. One more is kept if it carries a ballot that everyone else has agreed on. */
  framesPerAuthorMax: 128,
  /** Bytes of those frames. A correct validator among a hundred says less than half of it. */
  sizeBytesPerAuthorMax: 256 * 1024,
  /** Decisions of which frames are kept for a while after they were closed, the most recent ones. */
  recentlyClosedMax: 8,
  /** Frames kept then of one author in one decision, and their bytes: what a correct validator says fits several times. */
  recentFramesPerAuthorMax: 32,
  recentSizeBytesPerAuthorMax: 64 * 1024,
  /** Closed decisions named in a digest, the most recent ones. */
  closedInDigestMax: 1_000,
  /** Closed decisions named in an inventory: half of a message of the exchange. */
  closedInInventoryMax: 32_768
} as const

/** What one side of an exchange says it has. */
export interface Digest extends ClosedDigest {
  /** Of each decision that is open, or was closed a short time ago, the frames that are kept. */
  readonly open: readonly OpenDigest[]
}

/** What is kept of one decision. */
export interface OpenDigest {
  readonly decision: DecisionId
  readonly have: readonly string[]
  /** Authors of whom no more frames are taken, so that nobody offers them for ever. Absent if there is none. */
  readonly full?: readonly NodeId[]
}

/** What the other side lacks. */
export interface Lacking {
  readonly frames: readonly Uint8Array[]
  /** Decisions whose certificate it lacks, oldest first. */
  readonly certificates: readonly DecisionId[]
}

/** A frame that is kept. */
interface KeptFrame {
  readonly author: NodeId
  readonly id: Hash
  readonly frame: Uint8Array
}

/** The frames kept of one decision, and how much of it each author takes. */
interface Shelf {
  readonly frames: Map<Hash, KeptFrame>
  readonly usedBy: Map<NodeId, { readonly count: number; readonly sizeBytes: number }>
  /** Authors of whom a frame found no room. */
  readonly full: Set<NodeId>
}

const emptyShelf = (): Shelf => ({ frames: new Map(), usedBy: new Map(), full: new Set() })

/** Puts a frame on a shelf, if its author has room there. */
function shelve(shelf: Shelf, kept: KeptFrame, countMax: number, sizeBytesMax = Number.POSITIVE_INFINITY): boolean {
  const used = shelf.usedBy.get(kept.author) ?? { count: 0, sizeBytes: 0 }
  const sizeBytes = used.sizeBytes + kept.frame.length
  if (used.count >= countMax || sizeBytes > sizeBytesMax) return false
  shelf.frames.set(kept.id, kept)
  shelf.usedBy.set(kept.author, { count: used.count + 1, sizeBytes })
  return true
}

const shelveRecent = (shelf: Shelf, kept: KeptFrame): boolean =>
  shelve(shelf, kept, ARCHIVE_LIMITS.recentFramesPerAuthorMax, ARCHIVE_LIMITS.recentSizeBytesPerAuthorMax)

/** The frames that the other side does not have and would take. */
function lackedOf(shelf: Shelf, theirs: OpenDigest | undefined): Uint8Array[] {
  const [have, full] = [new Set(theirs?.have), new Set(theirs?.full)]
  return [...shelf.frames.values()]
    .filter(({ id, author }) => !have.has(digestId(id)) && !full.has(author))
    .map(({ frame }) => frame)
}

/** What this peer keeps for others. Inside, ids are compared in full. */
export class Archive {
  readonly #open = new Map<DecisionId, Shelf>()
  /** Of decisions that were closed a short time ago, oldest first: so that contradictions told to some still come out. */
  readonly #recent = new Map<DecisionId, Shelf>()
  readonly #closed: ClosedDecisions

  /** `limits` is smaller in tests only. */
  constructor(limits: ClosedLimits = ARCHIVE_LIMITS) {
    this.#closed = new ClosedDecisions(limits)
  }

  /** Starts keeping frames of a decision. */
  open(decision: DecisionId): void {
    if (this.#closed.has(decision) || this.#open.has(decision)) return
    this.#open.set(decision, emptyShelf())
  }

  /** True if this very frame is kept. */
  has(decision: DecisionId, id: Hash): boolean {
    return this.#shelf(decision)?.frames.has(id) ?? false
  }

  /**
   * Keeps a frame of an open decision; one that is kept already stays. False if the decision is not open, or the author has
   * no room left. A frame that is `needed` may take one place more.
   */
  keep(decision: DecisionId, author: NodeId, id: Hash, frame: Uint8Array, needed = false): boolean {
    const shelf = this.#open.get(decision)
    if (shelf === undefined) return false
    if (shelf.frames.has(id)) return true
    const { framesPerAuthorMax, sizeBytesPerAuthorMax } = ARCHIVE_LIMITS
    const isKept =
      shelve(shelf, { author, id, frame }, framesPerAuthorMax, sizeBytesPerAuthorMax) ||
      (needed && shelve(shelf, { author, id, frame }, framesPerAuthorMax + 1))
    if (!isKept) shelf.full.add(author)
    return isKept
  }

  /** Keeps a frame of a decision that was closed a short time ago. False if it is there already, or finds no room. */
  keepLate(decision: DecisionId, author: NodeId, id: Hash, frame: Uint8Array): boolean {
    const shelf = this.#recent.get(decision)
    if (shelf === undefined || shelf.frames.has(id)) return false
    const isKept = shelveRecent(shelf, { author, id, frame })
    if (!isKept) shelf.full.add(author)
    return isKept
  }

  /** The frames of one author kept for a decision, in the order they came. */
  framesBy(decision: DecisionId, author: NodeId): readonly Uint8Array[] {
    const kept = [...(this.#shelf(decision)?.frames.values() ?? [])]
    return kept.filter((entry) => entry.author === author).map(({ frame }) => frame)
  }

  /** From now on the certificate says it all. Some frames stay for a while, for those who were told other ones. */
  close(decision: DecisionId): void {
    const shelf = this.#open.get(decision)
    this.#open.delete(decision)
    this.#closed.add(decision)
    if (shelf === undefined) return
    const recent = emptyShelf()
    for (const kept of shelf.frames.values()) shelveRecent(recent, kept)
    this.#recent.set(decision, recent)
    const [oldest] = this.#recent.keys()
    if (this.#recent.size > ARCHIVE_LIMITS.recentlyClosedMax && oldest !== undefined) this.#recent.delete(oldest)
  }

  /** True if this decision was closed so long ago that nothing said in it is compared any more. */
  isPast(decision: DecisionId): boolean {
    return this.#closed.has(decision) && !this.#recent.has(decision)
  }

  /** True if the certificate of this decision is here. */
  isClosed(decision: DecisionId): boolean {
    return this.#closed.has(decision)
  }

  /** How many certificates are here. */
  get closedCount(): number {
    return this.#closed.size
  }

  /** What I have. Of an author that `isAwaited` every frame is taken that may be the one. */
  digest(isAwaited: (decision: DecisionId, author: NodeId) => boolean = () => false): Digest {
    return {
      open: [...this.#open, ...this.#recent].map(([decision, { frames, full }]) => {
        const refused = [...full].filter((author) => !isAwaited(decision, author)).sort((left, right) => left - right)
        return { decision, have: [...frames.keys()].map(digestId), ...(refused.length === 0 ? {} : { full: refused }) }
      }),
      ...this.#closed.digest()
    }
  }

  /** What is closed here in these buckets and not named in `mine`, a digest of this archive; from the bucket `start` on. */
  inventory(mine: Digest, buckets: readonly number[], start = 0): Inventory {
    return this.#closed.inventory(mine, buckets, start)
  }

  /** What the sender of `theirs` lacks and is here. `inventory` tells of closed decisions that its digest did not name. */
  lackedBy(theirs: Digest, inventory?: Inventory): Lacking {
    const theirClosed = new Set(theirs.closed)
    const theirOpen = new Map(theirs.open.map((entry) => [entry.decision, entry]))
    const isClosedThere = (decision: DecisionId): boolean => theirClosed.has(digestId(decision))
    const frames: Uint8Array[] = []
    for (const [decision, shelf] of this.#open) {
      if (!isClosedThere(decision)) frames.push(...lackedOf(shelf, theirOpen.get(decision)))
    }
    for (const [decision, shelf] of this.#recent) {
      const theirEntry = theirOpen.get(decision)
      // Of what is closed on both sides, only if the other side keeps frames of it as well.
      if (isClosedThere(decision) && theirEntry !== undefined) frames.push(...lackedOf(shelf, theirEntry))
    }
    return { frames, certificates: this.#closed.lackedBy(theirs, inventory) }
  }

  #shelf(decision: DecisionId): Shelf | undefined {
    return this.#open.get(decision) ?? this.#recent.get(decision)
  }
}
