/**
 * Patience with one peer, measured: how much it may send, and how often it may be wrong.
 *
 * A *token bucket* a peer fills at a steady rate and empties by one a message; an empty bucket means the message is
 * dropped before anything expensive (a signature check) is spent on it. A *strike* is one broken rule; strikes fade, and
 * too many within a short time put the peer out.
 *
 * @packageDocumentation
 */

/** How fast and how many. */
export interface BucketLimits {
  readonly ratePerSecond: number
  readonly burst: number
}

/** A bucket for every key. Buckets that are full again are forgotten, so memory is bounded by who is active. */
export interface Buckets {
  /** True, and one token less, if `key` has one left. */
  take(key: string): boolean
  /** Gives one token back: what was taken for `key` turned out to be welcome. */
  giveBack(key: string): void
  readonly size: number
}

/** Buckets kept before the full ones are forgotten. */
const BUCKETS_BEFORE_SWEEP = 512

/** Builds the buckets. `nowMs` is a clock that never goes back. */
export function createBuckets(limits: BucketLimits, nowMs: () => number): Buckets {
  const level = new Map<string, { tokens: number; atMs: number }>()
  const refilled = (bucket: { tokens: number; atMs: number }, now: number): number =>
    Math.min(limits.burst, bucket.tokens + ((now - bucket.atMs) / 1000) * limits.ratePerSecond)
  const sweep = (now: number): void => {
    for (const [key, bucket] of level) if (refilled(bucket, now) >= limits.burst) level.delete(key)
  }
  return {
    take(key) {
      const now = nowMs()
      if (level.size >= BUCKETS_BEFORE_SWEEP && !level.has(key)) sweep(now)
      const tokens = refilled(level.get(key) ?? { tokens: limits.burst, atMs: now }, now)
      level.set(key, { tokens: tokens >= 1 ? tokens - 1 : tokens, atMs: now })
      return tokens >= 1
    },
    giveBack(key) {
      const bucket = level.get(key)
      if (bucket !== undefined) bucket.tokens = Math.min(limits.burst, bucket.tokens + 1)
    },
    get size() {
      return level.size
    }
  }
}

/** One bucket for amounts: it may be overdrawn by the last amount, and says when it will be even again. */
export interface Allowance {
  /** Takes `amount`. Answers the time until the debt is paid; `0` if there is none. Unit: milliseconds. */
  spend(amount: number): number
}

/** Builds an allowance that is full. */
export function createAllowance({ ratePerSecond, burst }: BucketLimits, nowMs: () => number): Allowance {
  let left = burst
  let atMs = nowMs()
  return {
    spend(amount) {
      const now = nowMs()
      left = Math.min(burst, left + ((now - atMs) / 1000) * ratePerSecond) - amount
      atMs = now
      return left >= 0 ? 0 : (-left / ratePerSecond) * 1000
    }
  }
}

/** Strikes by key. */
export interface Strikes {
  /** Adds one; true if this was one too many. */
  add(key: string): boolean
}

/** Builds the strikes: a bucket of `strikesMax` forgiven at one every `forgiveAfterMs`, seen from the other side. */
export function createStrikes(
  { strikesMax, forgiveAfterMs }: { readonly strikesMax: number; readonly forgiveAfterMs: number },
  nowMs: () => number
): Strikes {
  const buckets = createBuckets({ ratePerSecond: 1000 / forgiveAfterMs, burst: strikesMax - 1 }, nowMs)
  return { add: (key) => !buckets.take(key) }
}
