/**
 * The digest exchange: two neighbours tell each other what they have, and give each other what is lacking.
 *
 * Both sides do the same at the same time: send one digest; on the other's digest, send the frames and certificates it
 * lacks, in chunks; end with an empty message. Exchanges happen on connecting, with one random neighbour on a timer with
 * jitter (often while a decision is open, rarely otherwise), and when somebody is seen to be behind.
 *
 * @packageDocumentation
 */

import type { PeerIdString } from '../core/ids.ts'
import { type Random, randomBelow } from '../core/random.ts'
import type { Roster } from '../decision/roster.ts'
import type { Store } from '../storage/store.ts'
import { decodeSync, encodeSync, type SyncDigest, type SyncMessage, syncBatches } from '../wire/sync.ts'
import type { Cancel, Clock } from './clock.ts'
import type { Counters } from './counters.ts'
import type { Driver } from './driver.ts'
import type { PresenceTable } from './presence.ts'

/** How often a random neighbour is asked. Each pause is drawn from half to one and a half times this. */
export const SYNC_INTERVAL_MS = { whileOpen: 1_000, idle: 15_000 } as const

/** The least pause between two exchanges with one neighbour that was seen to be behind. */
const HELP_PAUSE_MS = 1_000

/** What the exchange needs. */
export interface SyncOptions {
  readonly roster: Roster
  readonly driver: Driver
  readonly presence: PresenceTable
  readonly store: Store
  readonly clock: Clock
  readonly random: Random
  readonly counters: Counters
  /** Runs one exchange as the one who asks. */
  readonly exchangeWith: (peer: PeerIdString) => Promise<void>
  /** Members that are connected now. */
  readonly neighbours: () => readonly PeerIdString[]
}

/** Exchanges digests with neighbours. */
export class Sync {
  readonly #options: SyncOptions
  readonly #helpedAt = new Map<PeerIdString, number>()
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

  /** Exchanges with a neighbour that is behind, unless that was done a moment ago. */
  help(peer: PeerIdString): void {
    const now = this.#options.clock.now()
    if (now - (this.#helpedAt.get(peer) ?? Number.NEGATIVE_INFINITY) < HELP_PAUSE_MS) return
    this.#helpedAt.set(peer, now)
    this.with(peer)
  }

  /** One side of an exchange: what is said, given what the other side says. */
  async *exchange(incoming: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
    yield encodeSync({ digest: this.#digest(), frames: [], certificates: [] })
    const messages = incoming[Symbol.asyncIterator]()
    const first = await messages.next()
    const theirs = first.done === true ? undefined : this.#decode(first.value)?.digest
    if (theirs === undefined || theirs.community !== this.#options.roster.community) return
    yield* this.#giving(theirs)
    yield encodeSync({ frames: [], certificates: [] })
    for (let next = await messages.next(); next.done !== true; next = await messages.next()) {
      const message = this.#decode(next.value)
      if (message === undefined || (message.frames.length === 0 && message.certificates.length === 0)) return
      for (const frame of message.frames) this.#options.driver.receive(frame, 'sync')
      for (const certificate of message.certificates) this.#options.driver.adopt(certificate)
    }
  }

  #digest(): SyncDigest {
    const { driver, roster, presence } = this.#options
    return { community: roster.community, ...driver.archive.digest(), presence: presence.sequences() }
  }

  #decode(bytes: Uint8Array): SyncMessage | undefined {
    const decoded = decodeSync(bytes)
    if (decoded.ok) return decoded.value
    this.#options.counters.add('unreadable-exchange')
    return undefined
  }

  async *#giving(theirs: SyncDigest): AsyncGenerator<Uint8Array> {
    const { driver, presence, store } = this.#options
    const lacking = driver.archive.lackedBy(theirs)
    const frames = [...presence.newerThan(theirs.presence), ...lacking.frames]
    for (const batch of syncBatches(frames, [])) yield encodeSync(batch)
    for (const decision of lacking.certificates) {
      const text = await store.certificate(decision)
      if (text !== undefined) yield encodeSync({ frames: [], certificates: [text] })
    }
  }

  #arm(): void {
    const { driver, clock, random, neighbours } = this.#options
    const interval = driver.open.length > 0 ? SYNC_INTERVAL_MS.whileOpen : SYNC_INTERVAL_MS.idle
    this.#cancel = clock.after(Math.min(interval, SYNC_INTERVAL_MS.whileOpen) * (0.5 + random()), () => {
      this.#arm()
      const isDue = driver.open.length > 0 || random() < SYNC_INTERVAL_MS.whileOpen / SYNC_INTERVAL_MS.idle
      const around = neighbours()
      const chosen = around[randomBelow(random, around.length)]
      if (isDue && chosen !== undefined) this.with(chosen)
    })
  }
}
