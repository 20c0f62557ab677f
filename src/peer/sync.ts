/**
 * The digest exchange: two neighbours tell each other what they have, and give each other what is lacking.
 *
 * Both sides do the same at the same time: send one digest; on the other's digest, send the frames and certificates it
 * lacks, in chunks; end with an empty message. A side that would say more than an exchange may carry stops earlier and asks
 * for another exchange soon. Exchanges happen on connecting, with one random neighbour on a timer with
 * jitter (when an open decision has gone quiet, and rarely otherwise), and when somebody is seen to be behind.
 *
 * @packageDocumentation
 */

import type { DecisionId, PeerIdString } from '../core/ids.ts'
import { type Random, randomBelow } from '../core/random.ts'
import type { Roster } from '../decision/roster.ts'
import type { Store } from '../storage/store.ts'
import { LIMITS } from '../wire/limits.ts'
import { decodeSync, encodeSync, type SyncDigest, type SyncMessage, syncBatches } from '../wire/sync.ts'
import type { Cancel, Clock } from './clock.ts'
import type { Counters } from './counters.ts'
import type { Driver } from './driver.ts'
import type { PresenceTable } from './presence.ts'

/** The least and the longest time between two exchanges on the timer. Unit: milliseconds. */
export const SYNC_INTERVAL_MS = { least: 1_000, most: 15_000 } as const

/** How long after a new link the community still finds together, and exchanges matter even with nothing open. */
const FINDING_TOGETHER_MS = 10_000

/** Time between two exchanges then. Unit: milliseconds. */
const FINDING_PAUSE_MS = 2_000

/** The part of an open decision's silence that is waited before the next exchange. */
const PART_OF_SILENCE = 1 / 4

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

/** What stands around a message in the stream: its length. */
const FRAMING_SIZE_BYTES = 8

/** What the exchange needs. */
export interface SyncOptions {
  readonly roster: Roster
  readonly driver: Driver
  readonly presence: PresenceTable
  readonly store: Store
  readonly clock: Clock
  readonly random: Random
  readonly counters: Counters
  /** Bytes of all messages that one side sends in one exchange. Default: what a receiver takes. */
  readonly exchangeSizeBytesMax?: number
  /** Runs one exchange as the one who asks. */
  readonly exchangeWith: (peer: PeerIdString) => Promise<void>
  /** Members that are connected now. */
  readonly neighbours: () => readonly PeerIdString[]
}

/** Exchanges digests with neighbours. */
export class Sync {
  readonly #options: SyncOptions
  readonly #helpedAt = new Map<PeerIdString, number>()
  /** When the timer last led to an exchange. */
  #exchangedAt = 0
  /** When the last link was made. */
  #linkedAt = Number.NEGATIVE_INFINITY
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

  /**
   * One side of an exchange with `peer`: what is said, given what the other side says. A correct neighbour passes on only
   * what it has checked itself, so from the first bad thing on nothing more is taken of this exchange.
   */
  async *exchange(peer: PeerIdString, incoming: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
    const opening = encodeSync({ digest: this.#digest(), frames: [], certificates: [] })
    yield opening
    const messages = incoming[Symbol.asyncIterator]()
    const first = await messages.next()
    const theirs = first.done === true ? undefined : this.#decode(first.value)?.digest
    if (theirs === undefined || theirs.community !== this.#options.roster.community) return
    if (yield* this.#giving(theirs, opening.length)) this.#helpAgain(peer)
    yield encodeSync({ frames: [], certificates: [] })
    for (let next = await messages.next(); next.done !== true; next = await messages.next()) {
      const message = this.#decode(next.value)
      if (message === undefined || (message.frames.length === 0 && message.certificates.length === 0)) return
      if (!this.#takeIn(message)) return
    }
  }

  /** False at the first frame or certificate that no correct neighbour would pass on. */
  #takeIn({ frames, certificates }: SyncMessage): boolean {
    const { driver } = this.#options
    const areGood = frames.every((frame) => driver.receive(frame, 'sync').verdict !== 'reject')
    return areGood && certificates.every((certificate) => driver.adopt(certificate))
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

  /**
   * What the other side lacks, as much of it as an exchange may carry. The answer is true if there was more.
   *
   * Certificates come first and have half of the room, so that nothing can crowd them out: they close decisions, of
   * which no frame is then asked for any more.
   */
  async *#giving(theirs: SyncDigest, saidSizeBytes: number): AsyncGenerator<Uint8Array, boolean> {
    const { driver, exchangeSizeBytesMax = LIMITS.exchangeSizeBytesMax } = this.#options
    const lacking = driver.archive.lackedBy(theirs)
    // Room for the empty message at the end is left.
    const all = exchangeSizeBytesMax - saidSizeBytes - 2 * FRAMING_SIZE_BYTES
    const room: Room = { sizeBytes: Math.floor(all / 2) }
    const hasMoreCertificates = yield* within(room, this.#certificates(lacking.certificates))
    room.sizeBytes += Math.ceil(all / 2)
    const hasMoreFrames = yield* within(room, syncBatches(this.#frames(theirs, lacking.frames, room), []))
    return hasMoreCertificates || hasMoreFrames
  }

  /** Too many frames begin anywhere: no liar can fill every exchange with those that it made the other side refuse. */
  #frames(theirs: SyncDigest, lacking: readonly Uint8Array[], room: Room): Uint8Array[] {
    const { presence, random } = this.#options
    const sizeBytes = lacking.reduce((sum, frame) => sum + frame.length + LIMITS.itemOverheadSizeBytes, 0)
    const start = sizeBytes < room.sizeBytes ? 0 : randomBelow(random, lacking.length)
    return [...presence.newerThan(theirs.presence), ...lacking.slice(start), ...lacking.slice(0, start)]
  }

  async *#certificates(decisions: readonly DecisionId[]): AsyncGenerator<SyncMessage> {
    for (const decision of decisions) {
      const text = await this.#options.store.certificate(decision)
      if (text !== undefined) yield { frames: [], certificates: [text] }
    }
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
    const { driver, clock, random, neighbours } = this.#options
    const now = clock.now()
    const silences = driver.open.map((session) => now - session.heardAt)
    const usualMs = syncPauseMs(silences.length === 0 ? undefined : Math.max(...silences))
    const isFinding = silences.length === 0 && now - this.#linkedAt < FINDING_TOGETHER_MS
    const pauseMs = isFinding ? FINDING_PAUSE_MS : usualMs
    const around = neighbours()
    const chosen = around[randomBelow(random, around.length)]
    if (chosen === undefined || now - this.#exchangedAt < pauseMs) return
    this.#exchangedAt = now
    this.with(chosen)
  }
}

/** Bytes that may still be said. */
interface Room {
  sizeBytes: number
}

/** The messages as long as there is room. The answer is true if there was one more. */
async function* within(
  room: Room,
  messages: AsyncIterable<SyncMessage> | Iterable<SyncMessage>
): AsyncGenerator<Uint8Array, boolean> {
  for await (const message of messages) {
    const bytes = encodeSync(message)
    if (bytes.length + FRAMING_SIZE_BYTES > room.sizeBytes) return true
    room.sizeBytes -= bytes.length + FRAMING_SIZE_BYTES
    yield bytes
  }
  return false
}
