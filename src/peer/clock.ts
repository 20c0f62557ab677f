/**
 * Time: the only real timers in the program.
 *
 * Nothing safe depends on it. A clock that stops, jumps or runs at the wrong speed changes when a peer speaks, never what
 * it may say.
 *
 * @packageDocumentation
 */

/** Stops what was started. Calling it twice, or too late, does nothing. */
export type Cancel = () => void

/** A monotonic clock with timers. */
export interface Clock {
  /** Unit: milliseconds since some moment in this process's life; never runs backwards. */
  now(): number
  /** Runs `run` once, after at least `afterMs`. A waiting timer does not keep the process alive. */
  after(afterMs: number, run: () => void): Cancel
  /** Runs `run` when the present turn of the event loop is over. */
  soon(run: () => void): void
}

/** The longest delay a Node timer can hold. Unit: milliseconds, about 24.8 days. */
const TIMER_MS_MAX = 2 ** 31 - 1

/** The process's own monotonic clock. */
export const systemClock: Clock = {
  now: () => performance.now(),
  after(afterMs, run) {
    const timer = setTimeout(run, Math.min(afterMs, TIMER_MS_MAX))
    timer.unref()
    return () => clearTimeout(timer)
  },
  soon: (run) => void setImmediate(run)
}
