/**
 * What I have and what you lack: how every word reaches every correct peer in the end, whatever gossip loses.
 *
 * Gossip forgets after a few seconds, so a peer that was paused, cut off or started late would wait for ever. Therefore
 * each peer keeps the signed frames of open decisions and the certificates of closed ones, and exchanges *digests* with
 * its neighbours: the first half of the id of everything it keeps. Whoever sees that the other lacks something sends it.
 * A frame is signed by its author, so anyone may pass it on, and a certificate proves itself.
 *
 * This file is the pure half: what is kept, what a digest says, and what the answer to one is. Frames and certificates are
 * opaque here.
 *
 * Source of the idea: Demers et al., "Epidemic Algorithms for Replicated Database Maintenance", PODC 1987, anti-entropy.
 *
 * @packageDocumentation
 */

import type { DecisionId, Hash, NodeId } from '../core/ids.ts'

/**
 * Hexadecimal digits of an id in a digest: 16 bytes.
 *
 * Why not fewer: an author chooses what it signs, so it could look for two frames of its own whose ids begin alike, and show
 * each to half of the community. With 8 bytes that takes 2^32 tries, an afternoon; with 16 it takes 2^64.
 */
export const DIGEST_ID_DIGITS = 32

/** What may be kept. A correct validator needs about fifteen frames a decision; a hostile one gets no more than this. */
export const ARCHIVE_LIMITS = {
  /** Frames kept of one author in one decision. One more is kept if it carries a ballot that everyone else has agreed on. */
  framesPerAuthorMax: 128,
  /** Closed decisions named in a digest, the most recent ones. */
  closedInDigestMax: 1_000
} as const

/** What one side of an exchange says it has. */
export interface Digest {
  readonly open: readonly { readonly decision: DecisionId; readonly have: readonly string[] }[]
  /** The first digits of the ids of closed decisions. */
  readonly closed: readonly string[]
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

interface OpenShelf {
  readonly frames: Map<Hash, KeptFrame>
  readonly countByAuthor: Map<NodeId, number>
}

/** The first digits of an id, as digests carry them. */
export const digestId = (id: Hash): string => id.slice(0, DIGEST_ID_DIGITS)

/** What this peer keeps for others. Inside, ids are compared in full. */
export class Archive {
  readonly #open = new Map<DecisionId, OpenShelf>()
  readonly #closed = new Set<DecisionId>()

  /** Starts keeping frames of a decision. */
  open(decision: DecisionId): void {
    if (this.#closed.has(decision) || this.#open.has(decision)) return
    this.#open.set(decision, { frames: new Map(), countByAuthor: new Map() })
  }

  /** True if this very frame is kept. */
  has(decision: DecisionId, id: Hash): boolean {
    return this.#open.get(decision)?.frames.has(id) ?? false
  }

  /**
   * Keeps a frame of an open decision; one that is kept already stays. False if the decision is not open, or the author has
   * no room left. A frame that is `needed` may take one place more.
   */
  keep(decision: DecisionId, author: NodeId, id: Hash, frame: Uint8Array, needed = false): boolean {
    const shelf = this.#open.get(decision)
    if (shelf === undefined) return false
    if (shelf.frames.has(id)) return true
    const count = shelf.countByAuthor.get(author) ?? 0
    if (count >= ARCHIVE_LIMITS.framesPerAuthorMax + (needed ? 1 : 0)) return false
    shelf.frames.set(id, { author, id, frame })
    shelf.countByAuthor.set(author, count + 1)
    return true
  }

  /** The frames of one author kept for an open decision, in the order they came. */
  framesBy(decision: DecisionId, author: NodeId): readonly Uint8Array[] {
    const kept = [...(this.#open.get(decision)?.frames.values() ?? [])]
    return kept.filter((entry) => entry.author === author).map(({ frame }) => frame)
  }

  /** Forgets the frames: from now on the certificate says it all. */
  close(decision: DecisionId): void {
    this.#open.delete(decision)
    this.#closed.add(decision)
  }

  /** True if the certificate of this decision is here. */
  isClosed(decision: DecisionId): boolean {
    return this.#closed.has(decision)
  }

  /** How many certificates are here. */
  get closedCount(): number {
    return this.#closed.size
  }

  /** What I have. */
  digest(): Digest {
    return {
      open: [...this.#open].map(([decision, { frames }]) => ({ decision, have: [...frames.keys()].map(digestId) })),
      closed: this.#lastClosed().map(digestId)
    }
  }

  /** What the sender of `theirs` lacks and is here. */
  lackedBy(theirs: Digest): Lacking {
    const theirClosed = new Set(theirs.closed)
    const theirOpen = new Map(theirs.open.map(({ decision, have }) => [decision, new Set(have)]))
    const frames: Uint8Array[] = []
    for (const [decision, shelf] of this.#open) {
      if (theirClosed.has(digestId(decision))) continue
      const have = theirOpen.get(decision)
      for (const [id, { frame }] of shelf.frames) if (have?.has(digestId(id)) !== true) frames.push(frame)
    }
    return { frames, certificates: this.#lastClosed().filter((decision) => !theirClosed.has(digestId(decision))) }
  }

  #lastClosed(): DecisionId[] {
    return [...this.#closed].slice(-ARCHIVE_LIMITS.closedInDigestMax)
  }
}
