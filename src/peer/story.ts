/**
 * What a watcher is told, and what one that comes late must hear of the past to understand the present.
 *
 * @packageDocumentation
 */

import type { TraceEvent, TraceFact } from '../consensus/trace.ts'
import type { DecisionId } from '../core/ids.ts'
import type { Clock } from './clock.ts'

/** Facts of the past that are kept for a late watcher, the newest ones. */
const PAST_MAX = 2_000

/** Facts that a late watcher does not miss: too many, and no part of the present state. */
const PASSING: ReadonlySet<TraceFact['type']> = new Set(['message', 'rule', 'presence', 'dropped'])

/** Stamps facts and hands them to whoever listens. */
export class Story {
  readonly #clock: Clock
  readonly #peer: string
  readonly #startedAt: number
  readonly #listeners = new Set<(event: TraceEvent) => void>()
  #past: TraceEvent[] = []

  /** Listeners that threw. */
  readonly #failed = new WeakSet<(event: TraceEvent) => void>()
  readonly #onListenerFailed: () => void

  /** `onListenerFailed` is called once for each listener that throws. */
  constructor(clock: Clock, peer: string, onListenerFailed: () => void = () => undefined) {
    this.#onListenerFailed = onListenerFailed
    this.#clock = clock
    this.#peer = peer
    this.#startedAt = clock.now()
  }

  /** Unit: milliseconds. */
  get uptimeMs(): number {
    return this.#clock.now() - this.#startedAt
  }

  /** Tells a fact. */
  readonly tell = (fact: TraceFact): void => {
    const event: TraceEvent = { t: Math.round(this.uptimeMs * 10) / 10, peer: this.#peer, ...fact }
    if (!PASSING.has(fact.type)) {
      this.#past.push(event)
      if (this.#past.length > 2 * PAST_MAX) this.#past = this.#past.slice(-PAST_MAX)
    }
    for (const listener of this.#listeners) this.#tellOne(listener, event)
  }

  /** Whoever listens is a guest: its mistakes stop neither the peer nor what the other listeners hear. */
  #tellOne(listener: (event: TraceEvent) => void, event: TraceEvent): void {
    try {
      listener(event)
    } catch {
      if (this.#failed.has(listener)) return
      this.#failed.add(listener)
      this.#onListenerFailed()
    }
  }

  /** Tells `listener` everything from now on. The answer ends it. */
  listen(listener: (event: TraceEvent) => void): () => void {
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }

  /** Tells `listener` what is kept of the past, then everything from now on. */
  watch(listener: (event: TraceEvent) => void): () => void {
    for (const event of this.#past.slice(-PAST_MAX)) listener(event)
    return this.listen(listener)
  }

  /**
   * What happens to one decision, from its opening until it is certified or this peer stops. `over` resolves when the
   * decision is closed here and all of it was told; it may have been closed in an earlier life.
   */
  async *eventsOf(decision: DecisionId, over: () => Promise<unknown>): AsyncGenerator<TraceEvent> {
    const waiting: (TraceEvent | 'end')[] = []
    let wake: () => void = () => undefined
    const add = (event: TraceEvent | 'end'): void => {
      waiting.push(event)
      wake()
    }
    const stop = this.watch((event) => {
      if (event.type === 'peer-stopped') add('end')
      else if ('decision' in event && event.decision === decision) add(event)
    })
    const end = (): void => add('end')
    over().then(end, end)
    try {
      for (;;) {
        const event = waiting.shift()
        if (event === 'end') return
        if (event === undefined) await new Promise<void>((resolve) => (wake = resolve))
        else {
          yield event
          if (event.type === 'certified') return
        }
      }
    } finally {
      stop()
    }
  }
}
