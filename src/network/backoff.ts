/**
 * How long to wait before trying again what just failed: twice as long each time, up to a limit, and never exactly, so
 * that peers that failed together do not return together.
 *
 * Source: "full jitter" as described by Marc Brooker, AWS Architecture Blog, 2015, with half of the wait kept fixed.
 *
 * @packageDocumentation
 */

import type { Random } from '../core/random.ts'

/** Waits by key. */
export interface Backoff {
  /** `key` failed once more. */
  failed(key: string): void
  /** `key` worked: the next failure counts as the first. */
  succeeded(key: string): void
  /** Time until `key` is worth another try; `0` if it is now. */
  waitMs(key: string): number
  /** Forgets every failure. */
  clear(): void
}

/** Builds the waits. */
export function createBackoff(limits: { readonly firstMs: number; readonly maxMs: number }, random: Random): Backoff {
  const failures = new Map<string, { readonly count: number; readonly untilMs: number }>()
  return {
    failed(key) {
      const count = (failures.get(key)?.count ?? 0) + 1
      const waitMs = Math.min(limits.maxMs, limits.firstMs * 2 ** (count - 1))
      failures.set(key, { count, untilMs: performance.now() + waitMs * (0.5 + 0.5 * random()) })
    },
    succeeded: (key) => void failures.delete(key),
    waitMs: (key) => Math.max(0, (failures.get(key)?.untilMs ?? 0) - performance.now()),
    clear: () => failures.clear()
  }
}
