/**
 * When to exchange digests, and with whom: two neighbours tell each other what they have, and give each other what is lacking
 * (`exchange-side.ts`).
 *
 * Exchanges happen on connecting, with one random neighbour on a timer with jitter (when an open decision has gone quiet, and
 * rarely otherwise), when somebody is seen to be behind, and again soon when one could not carry everything.
 *
 * @packageDocumentation
 */

import type { PeerIdString } from '../core/ids.ts'
import { randomBelow } from '../core/random.ts'
import type { Cancel, Clock } from './clock.ts'
import type { Driver } from './driver.ts'
import { type Allowances, createAllowances, type ExchangeParts, ExchangeSide } from './exchange-side.ts'

/** The least and the longest time between two exchanges on the timer. Unit: milliseconds. */
export const SYNC_INTERVAL_MS = { least: 1_000, most: 15_000 } as const

/** How long after a new link the community still finds together, and exchanges matter even with nothing open. */
const FINDING_TOGETHER_MS = 10_000

/** Time between two exchanges then. Unit: milliseconds. */
const FINDING_PAUSE_MS = 2_000

/** The part of an open decision's silence that is waited before the next exchange. */
const PART_OF_SILENCE = 1 / 4

/** The part of the exchanges that a peer which may not speak yet has with those that it has not asked. */
const PART_FOR_AWAITED = 0.75

/**
 * How long to wait between two exchanges when the quietest open decision has been silent for `silenceMs`.
 *
 * A decision that moves needs none: what gossip lost is missed within a second. One that waits for people would ask in vain
 * for minutes, so the pause grows with the silence.
 */
export function syncPauseMs(silenceMs: number | undefined): number {
  if (silenceMs === undefined) return SYNC_INTERVAL_MS.most
  if (silenceMs < SYNC_INTERVAL_MS.least) return Number.POSITIVE_INFINITY
  return Math.min(SYNC_INTERVAL_MS.most, Math.max(SYNC_INTERVAL_MS.least, silenceMs * PART_OF_SILENCE))
}

/** The least pause between two exchanges with one neighbour that was seen to be behind. Unit: milliseconds. */
const HELP_PAUSE_MS = 1_000

/** What the exchange needs. */
export interface SyncOptions extends ExchangeParts {
  readonly driver: ExchangeParts['driver'] & Pick<Driver, 'open'>
  readonly clock: Clock
  /** Runs one exchange as the one who asks. */
  readonly exchangeWith: (peer: PeerIdString) => Promise<void>
  /** Members that are connected now. */
  readonly neighbours: () => readonly PeerIdString[]
  /** `peer` has given all that it had and this peer lacked. */
  readonly onExchanged: (peer: PeerIdString) => void
  /** True if this peer may not speak before it has exchanged with `peer`, or enough others; see `standing.ts`. */
  readonly isAwaited: (peer: PeerIdString) => boolean
}

/** Exchanges digests with neighbours. */
export class Sync {
  readonly #options: SyncOptions
  readonly #helpedAt = new Map<PeerIdString, number>()
  /** Of each member that has ever exchanged: the roster bounds them. */
  readonly #allowances = new Map<PeerIdString, Allowances>()
  /** When the timer last led to an exchange. */
  #exchangedAt = 0
  /** When the last link was made. */
  #linkedAt = Number.NEGATIVE_INFINITY
  /** When a decision was last closed here, as seen on the timer, and how many were by then. */
  #closedAt = Number.NEGATIVE_INFINITY
  #closedCount = 0
  #cancel: Cancel | undefined
  #stopped = false

  constructor(options: SyncOptions) {
    this.#options = options
  }

  /** Starts the timer. */
  start(): void {
    this.#arm()
  }

  stop(): void {
    this.#stopped = true
    this.#cancel?.()
  }

  /** Exchanges with this neighbour now. A failed exchange is counted; the timer brings the next one. */
  with(peer: PeerIdString): void {
    if (this.#stopped) return
    this.#options.exchangeWith(peer).catch(() => this.#options.counters.add('exchange-failed'))
  }

  /** A link was made: what each side knows of the others may be news to the other's neighbours. */
  linked(): void {
    this.#linkedAt = this.#options.clock.now()
  }

  /** Exchanges with a neighbour that is behind, unless that was done a moment ago. */
  help(peer: PeerIdString): void {
    const now = this.#options.clock.now()
    if (now - (this.#helpedAt.get(peer) ?? Number.NEGATIVE_INFINITY) < HELP_PAUSE_MS) return
    this.#helpedAt.set(peer, now)
    this.with(peer)
  }

  /** One side of an exchange with `peer`: what is said, given what the other side says. */
  exchange(peer: PeerIdString, incoming: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
    const allowances = this.#allowances.get(peer) ?? createAllowances(this.#options.clock)
    this.#allowances.set(peer, allowances)
    return new ExchangeSide(this.#options, allowances, incoming).talk({
      onMore: () => this.#helpAgain(peer),
      onHeardAll: () => this.#options.onExchanged(peer)
    })
  }

  /** Exchanges again when this exchange is over and its frames have been taken in. */
  #helpAgain(peer: PeerIdString): void {
    this.#options.clock.after(HELP_PAUSE_MS, () => this.help(peer))
  }

  #arm(): void {
    const { clock, random } = this.#options
    this.#cancel = clock.after(SYNC_INTERVAL_MS.least * (0.5 + random()), () => {
      this.#arm()
      this.#exchangeIfDue()
    })
  }

  #exchangeIfDue(): void {
    const { driver, clock, random, neighbours, isAwaited } = this.#options
    const awaited = neighbours().filter(isAwaited)
    // Now and then somebody else, for those awaited may be the ones that lie.
    if (awaited.length > 0 && random() < PART_FOR_AWAITED) {
      this.with(awaited[randomBelow(random, awaited.length)] as PeerIdString)
      return
    }
    const now = clock.now()
    const silences = driver.open.map((session) => now - session.heardAt)
    const usualMs = syncPauseMs(silences.length === 0 ? undefined : Math.max(...silences))
    this.#noteClosings(now)
    const isFinding = silences.length === 0 && now - Math.max(this.#linkedAt, this.#closedAt) < FINDING_TOGETHER_MS
    const pauseMs = isFinding ? FINDING_PAUSE_MS : usualMs
    const around = neighbours()
    const chosen = around[randomBelow(random, around.length)]
    if (chosen === undefined || now - this.#exchangedAt < pauseMs) return
    this.#exchangedAt = now
    this.with(chosen)
  }

  /** What was said in a decision that has just been closed is compared while it is still kept. */
  #noteClosings(now: number): void {
    const { closedCount } = this.#options.driver.archive
    if (closedCount !== this.#closedCount) this.#closedAt = now
    this.#closedCount = closedCount
  }
}
