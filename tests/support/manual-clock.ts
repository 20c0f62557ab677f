/** A clock that a test moves by hand. */

import type { Clock } from '../../src/peer/clock.ts'

/** Timers run in the order they are due; `soon` runs at the end of `advance` or `settle`. */
export interface ManualClock extends Clock {
  /** Moves time, running what is due on the way. Unit: milliseconds. */
  advance(byMs: number): void
  /** Runs everything that was asked to run soon. */
  settle(): void
}

export function manualClock(): ManualClock {
  let now = 0
  let timers: { readonly at: number; readonly run: () => void }[] = []
  const queue: (() => void)[] = []
  const settle = (): void => {
    while (queue.length > 0) queue.shift()?.()
  }
  return {
    now: () => now,
    after(afterMs, run) {
      const timer = { at: now + afterMs, run }
      timers.push(timer)
      return () => {
        timers = timers.filter((other) => other !== timer)
      }
    },
    soon: (run) => void queue.push(run),
    settle,
    advance(byMs) {
      const until = now + byMs
      for (;;) {
        settle()
        const next = timers.filter((timer) => timer.at <= until).sort((left, right) => left.at - right.at)[0]
        if (next === undefined) break
        now = next.at
        timers = timers.filter((timer) => timer !== next)
        next.run()
      }
      now = until
      settle()
    }
  }
}
