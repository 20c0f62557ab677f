/**
 * Which decisions are closed, told to a neighbour in few bytes, so that it finds out what either side lacks.
 *
 * A digest names the last thousand closed decisions. When there are more, it also carries a *summary* of all of them: they
 * fall into 256 *buckets* by the first byte of their ids, and each bucket has a hash. Two sides whose summaries are equal have
 * the same. Where they differ, each side sends an *inventory*: every id in these buckets that its digest did not name. Then
 * both know exactly what is lacking, however much there is, and nothing is sent that is there.
 *
 * A bucket's hash is short. Whoever wants two different sets to look alike must find 2^32 proposals and then get the right
 * ones decided at the right peers only; and the next decision in the bucket tells the two apart again.
 *
 * @packageDocumentation
 */

import { sha256 } from '@noble/hashes/sha2.js'
import { concatBytes, fromHex, toHex } from '../core/bytes.ts'
import type { DecisionId } from '../core/ids.ts'

/**
 * Hexadecimal digits of an id in a digest: 16 bytes.
 *
 * Why not fewer: an author chooses what it signs, so it could look for two frames of its own whose ids begin alike, and show
 * each to half of the community. With 8 bytes that takes 2^32 tries, an afternoon; with 16 it takes 2^64.
 */
export const DIGEST_ID_DIGITS = 32

/** The first digits of an id, as digests carry them. */
export const digestId = (id: string): string => id.slice(0, DIGEST_ID_DIGITS)

/** Buckets of a summary: one for each first byte of an id. */
export const SUMMARY_BUCKETS = 256

/** Hexadecimal digits of a bucket's hash. */
export const BUCKET_HASH_DIGITS = 16

/** How much of what is closed is told at once. */
export interface ClosedLimits {
  /** Closed decisions named in a digest, the most recent ones. */
  readonly closedInDigestMax: number
  /** Closed decisions named in an inventory. Buckets that find no room wait for another exchange. */
  readonly closedInInventoryMax: number
}

/** What a digest says about closed decisions. */
export interface ClosedDigest {
  /** The first digits of the ids of closed decisions, the most recent ones. */
  readonly closed: readonly string[]
  /** The hash of each bucket, over everything closed. Absent if all of it is named. */
  readonly summary?: readonly string[]
}

/** What a digest did not name. */
export interface Inventory {
  /** The buckets that it lists completely, ascending. */
  readonly buckets: readonly number[]
  /** The first digits of ids in these buckets. */
  readonly closed: readonly string[]
}

const bucketOf = (id: string): number => Number.parseInt(id.slice(0, 2), 16)

/** The hash of a bucket: the first bytes of SHA-256 over the ids as digests carry them, in ascending order. */
function hashOfBucket(ids: readonly string[]): string {
  const sorted = ids.toSorted().map((id) => fromHex(id) as Uint8Array)
  return toHex(sha256(concatBytes(...sorted))).slice(0, BUCKET_HASH_DIGITS)
}

/** All of a digest, as a summary. */
function summaryOf({ closed, summary }: ClosedDigest): readonly string[] {
  if (summary !== undefined) return summary
  const buckets: string[][] = Array.from({ length: SUMMARY_BUCKETS }, () => [])
  for (const id of closed) buckets[bucketOf(id)]?.push(id)
  return buckets.map(hashOfBucket)
}

/**
 * The buckets in which two sides have not the same. None if both name all they have: then there is nothing to ask.
 *
 * Both sides work it out from the same two digests, so each knows whether the other will send an inventory.
 */
export function differingBuckets(mine: ClosedDigest, theirs: ClosedDigest): number[] {
  if (mine.summary === undefined && theirs.summary === undefined) return []
  const [left, right] = [summaryOf(mine), summaryOf(theirs)]
  return left.flatMap((hash, bucket) => (hash === right[bucket] ? [] : [bucket]))
}

/** Closed decisions, in the order of closing. */
export class ClosedDecisions {
  readonly #limits: ClosedLimits
  readonly #all = new Set<DecisionId>()
  readonly #buckets: string[][] = Array.from({ length: SUMMARY_BUCKETS }, () => [])
  /** The hash of each bucket that has not changed since it was worked out. */
  readonly #hashes = new Array<string | undefined>(SUMMARY_BUCKETS).fill(undefined)

  constructor(limits: ClosedLimits) {
    this.#limits = limits
  }

  get size(): number {
    return this.#all.size
  }

  has(decision: DecisionId): boolean {
    return this.#all.has(decision)
  }

  add(decision: DecisionId): void {
    if (this.#all.has(decision)) return
    this.#all.add(decision)
    const bucket = bucketOf(decision)
    this.#buckets[bucket]?.push(digestId(decision))
    this.#hashes[bucket] = undefined
  }

  digest(): ClosedDigest {
    const { closedInDigestMax } = this.#limits
    const closed = [...this.#all].slice(-closedInDigestMax).map(digestId)
    return this.#all.size <= closedInDigestMax ? { closed } : { closed, summary: this.#summary() }
  }

  /** What this side has in these buckets and did not name in its digest: as many whole buckets as fit, from `start` on. */
  inventory(mine: ClosedDigest, buckets: readonly number[], start: number): Inventory {
    const named = new Set(mine.closed)
    const listed: number[] = []
    const closed: string[] = []
    for (const bucket of [...buckets.slice(start), ...buckets.slice(0, start)]) {
      const unnamed = this.#buckets[bucket]?.filter((id) => !named.has(id)) ?? []
      if (closed.length + unnamed.length > this.#limits.closedInInventoryMax) continue
      listed.push(bucket)
      for (const id of unnamed) closed.push(id)
    }
    return { buckets: listed.toSorted((left, right) => left - right), closed }
  }

  /** What is closed here and the other side lacks, oldest first. Of what it did not name, what its inventory shows. */
  lackedBy(theirs: ClosedDigest, inventory: Inventory | undefined): DecisionId[] {
    if (theirs.summary !== undefined && inventory === undefined) return []
    const known = new Set([...theirs.closed, ...(inventory?.closed ?? [])])
    const buckets = new Set(inventory?.buckets)
    const isShown = (decision: DecisionId): boolean => theirs.summary === undefined || buckets.has(bucketOf(decision))
    return [...this.#all].filter((decision) => isShown(decision) && !known.has(digestId(decision)))
  }

  #summary(): string[] {
    return this.#buckets.map((ids, bucket) => {
      const hash = this.#hashes[bucket] ?? hashOfBucket(ids)
      this.#hashes[bucket] = hash
      return hash
    })
  }
}
