/**
 * One side of one digest exchange: what it says, what it takes in, and how much of both it puts up with.
 *
 * Both sides do the same at the same time: send one digest; if the digests do not name everything and differ, an inventory
 * (`decision/closed-decisions.ts`); then the certificates, proofs and frames that the other lacks, in chunks; then a last
 * message that says whether there was more. A correct neighbour passes on only what it has checked itself, so from the first
 * bad thing on nothing more is taken.
 *
 * A liar may claim in every exchange that it lacks everything. So each neighbour has an *allowance*: what it may be given at
 * once, and what a minute adds. Certificates have one of their own, and half of the room in an exchange, so that nothing can
 * crowd them out: they close decisions, of which no frame is then asked for any more. What is taken from a neighbour is
 * limited in the same way.
 *
 * @packageDocumentation
 */

import type { DecisionId } from '../core/ids.ts'
import { type Random, randomBelow } from '../core/random.ts'
import { differingBuckets, type Inventory } from '../decision/delivery.ts'
import type { Roster } from '../decision/roster.ts'
import { type Allowance, createAllowance } from '../network/strikes.ts'
import type { Store } from '../storage/store.ts'
import { LIMITS } from '../wire/limits.ts'
import { decodeSync, encodeSync, type SyncDigest, type SyncMessage, syncBatches } from '../wire/sync.ts'
import type { Clock } from './clock.ts'
import type { Counters } from './counters.ts'
import type { Driver } from './driver.ts'
import type { PresenceTable } from './presence.ts'
import type { Proofs } from './proofs.ts'

const MIB = 1024 * 1024

/**
 * What one neighbour is given at once, and what each minute adds. Unit: bytes.
 *
 * Why so much: three neighbours bring whoever joins 20,000 decisions of four members at once. Why not more: the third of a
 * hundred members that may lie takes no more than 14 MiB a second altogether.
 */
export const EXCHANGE_ALLOWANCE = {
  certificates: { atOnceSizeBytes: 32 * MIB, perMinuteSizeBytes: 16 * MIB },
  /** Digests, inventories, proofs, presence and frames. */
  others: { atOnceSizeBytes: 16 * MIB, perMinuteSizeBytes: 8 * MIB },
  /** A frame or certificate counts as this much more than its length: what it costs to check a signature. */
  itemSizeBytes: 1024,
  /** What no correct neighbour would give counts as this much more: a bad signature may be the last of two hundred. */
  badItemSizeBytes: MIB
} as const

/** Taken is twice what is given: the giver may have begun to count later, and a restart makes it begin anew. */
const TAKEN_FOR_GIVEN = 2

/** Certificates taken in before the disk has them: whoever catches up for a long time holds no more than these in memory. */
const UNWRITTEN_MAX = 64

/** What stands around a message in the stream: its length. */
const FRAMING_SIZE_BYTES = 8

/** A message without anything. */
const NOTHING: SyncMessage = { frames: [], certificates: [] }

/** What an exchange works with. */
export interface ExchangeParts {
  readonly roster: Roster
  readonly driver: Pick<Driver, 'archive' | 'digest' | 'receive' | 'adopt' | 'written' | 'isBusy'>
  readonly presence: PresenceTable
  readonly store: Pick<Store, 'certificate'>
  readonly proofs: Pick<Proofs, 'convicted' | 'lackedBy'>
  readonly random: Random
  readonly counters: Counters
  /** Bytes of all messages that one side sends in one exchange. Default: what a receiver takes. */
  readonly exchangeSizeBytesMax?: number
}

/** What one neighbour may be given, and may give. */
export interface Allowances {
  readonly given: Purse
  readonly taken: Purse
}

interface Purse {
  readonly certificates: Allowance
  readonly others: Allowance
}

/** Allowances that are full. */
export function createAllowances({ now }: Clock): Allowances {
  type Limits = { readonly atOnceSizeBytes: number; readonly perMinuteSizeBytes: number }
  const of = ({ atOnceSizeBytes, perMinuteSizeBytes }: Limits, times: number): Allowance =>
    createAllowance({ burst: times * atOnceSizeBytes, ratePerSecond: (times * perMinuteSizeBytes) / 60 }, now)
  const purse = (times: number): Purse => ({
    certificates: of(EXCHANGE_ALLOWANCE.certificates, times),
    others: of(EXCHANGE_ALLOWANCE.others, times)
  })
  return { given: purse(1), taken: purse(TAKEN_FOR_GIVEN) }
}

/** What becomes known in the course of an exchange. */
export interface ExchangeEvents {
  /** There is more to give or to take than this exchange could carry. */
  readonly onMore: () => void
  /** The other side has given all that this side lacked. */
  readonly onHeardAll: () => void
}

/** Bytes that may still be said in this exchange. */
interface Room {
  sizeBytes: number
}

/** One side of one exchange. */
export class ExchangeSide {
  readonly #parts: ExchangeParts
  readonly #allowances: Allowances
  readonly #incoming: AsyncIterator<Uint8Array>
  #saidSizeBytes = 0

  constructor(parts: ExchangeParts, allowances: Allowances, incoming: AsyncIterable<Uint8Array>) {
    this.#parts = parts
    this.#allowances = allowances
    this.#incoming = incoming[Symbol.asyncIterator]()
  }

  /** Everything this side says. A neighbour that has had more than it may is told nothing. */
  async *talk({ onMore, onHeardAll }: ExchangeEvents): AsyncGenerator<Uint8Array> {
    const { given, taken } = this.#allowances
    if (this.#parts.driver.isBusy) return
    if ([given.others, taken.certificates, taken.others].some(isInDebt)) {
      this.#parts.counters.add('exchange-over-allowance')
      return
    }
    const mine = this.#digest()
    yield this.#say({ digest: mine, ...NOTHING })
    const theirs = (await this.#hear())?.digest
    if (theirs === undefined || theirs.community !== this.#parts.roster.community) return
    const differing = differingBuckets(mine, theirs)
    if (mine.summary !== undefined && differing.length > 0) yield this.#say(this.#inventory(mine, differing))
    const isTold = theirs.summary !== undefined && differing.length > 0
    const inventory = isTold ? (await this.#hear())?.inventory : undefined
    if (isTold && inventory === undefined) return
    const hasMore = (yield* this.#give(theirs, inventory)) || (isTold && inventory?.buckets.length !== differing.length)
    yield this.#say({ ...NOTHING, more: hasMore })
    if (hasMore) onMore()
    if (await this.#takeAll(onMore)) onHeardAll()
  }

  #digest(): SyncDigest {
    const { driver, roster, presence, proofs } = this.#parts
    const { community } = roster
    return { community, ...driver.digest(), presence: presence.sequences(), convicted: proofs.convicted() }
  }

  /** It begins at a random bucket, so that those that find no room in one exchange find it in another. */
  #inventory(mine: SyncDigest, buckets: readonly number[]): SyncMessage {
    const { driver, random } = this.#parts
    return { ...NOTHING, inventory: driver.archive.inventory(mine, buckets, randomBelow(random, buckets.length)) }
  }

  #say(message: SyncMessage): Uint8Array {
    const bytes = encodeSync(message)
    this.#allowances.given.others.spend(bytes.length)
    this.#saidSizeBytes += bytes.length + FRAMING_SIZE_BYTES
    return bytes
  }

  /** The next message; `undefined` if there is none, it cannot be read, or it is more than this neighbour may say. */
  async #hear(): Promise<SyncMessage | undefined> {
    const { counters } = this.#parts
    const next = await this.#incoming.next()
    if (next.done === true) return undefined
    const decoded = decodeSync(next.value)
    if (!decoded.ok) counters.add('unreadable-exchange')
    else if (this.#isAllowed(decoded.value, next.value)) return decoded.value
    else counters.add('exchange-over-allowance')
    return undefined
  }

  #isAllowed(message: SyncMessage, bytes: Uint8Array): boolean {
    const { certificates, others } = this.#allowances.taken
    const cost = costOf(message, bytes)
    return certificates.spend(cost.certificates) === 0 && others.spend(cost.others) === 0
  }

  /**
   * Takes in what the other side gives. True if it says at the end that this was all. An exchange that breaks off, because
   * this side is slow, goes on in another one.
   */
  async #takeAll(onBroken: () => void): Promise<boolean> {
    let unwritten = 0
    try {
      for (let next = await this.#hear(); next !== undefined; next = await this.#hear()) {
        if (next.frames.length === 0 && next.certificates.length === 0) return next.more !== true
        if (!this.#takeIn(next)) return false
        unwritten += next.certificates.length
        if (unwritten < UNWRITTEN_MAX) continue
        await this.#parts.driver.written()
        unwritten = 0
      }
    } catch (error) {
      onBroken()
      throw error
    }
    return false
  }

  /** False at the first frame or certificate that no correct neighbour would pass on. */
  #takeIn({ frames, certificates }: SyncMessage): boolean {
    const { driver } = this.#parts
    const areGood =
      frames.every((frame) => driver.receive(frame, 'sync').verdict !== 'reject') &&
      certificates.every((certificate) => driver.adopt(certificate))
    if (!areGood) this.#allowances.taken.others.spend(EXCHANGE_ALLOWANCE.badItemSizeBytes)
    return areGood
  }

  /** What the other side lacks, as much of it as an exchange may carry. The answer is true if there was more. */
  async *#give(theirs: SyncDigest, inventory: Inventory | undefined): AsyncGenerator<Uint8Array, boolean> {
    const { driver, exchangeSizeBytesMax = LIMITS.exchangeSizeBytesMax } = this.#parts
    const { given } = this.#allowances
    const lacking = driver.archive.lackedBy(theirs, inventory)
    // Room for the last message is left.
    const all = exchangeSizeBytesMax - this.#saidSizeBytes - 2 * FRAMING_SIZE_BYTES
    const room: Room = { sizeBytes: Math.floor(all / 2) }
    const hasMoreCertificates = yield* within(room, given, this.#certificates(lacking.certificates))
    room.sizeBytes += Math.ceil(all / 2)
    const frames = await this.#frames(theirs, lacking.frames, room)
    const hasMoreFrames = yield* within(room, given, syncBatches(frames, []))
    return hasMoreCertificates || hasMoreFrames
  }

  /** Too many frames begin anywhere: no liar can fill every exchange with those that it made the other side refuse. */
  async #frames(theirs: SyncDigest, lacking: readonly Uint8Array[], room: Room): Promise<Uint8Array[]> {
    const { presence, proofs, random } = this.#parts
    const sizeBytes = lacking.reduce((sum, frame) => sum + frame.length + LIMITS.itemOverheadSizeBytes, 0)
    const start = sizeBytes < room.sizeBytes ? 0 : randomBelow(random, lacking.length)
    const first = [...presence.newerThan(theirs.presence), ...(await proofs.lackedBy(theirs.convicted))]
    return [...first, ...lacking.slice(start), ...lacking.slice(0, start)]
  }

  /** One after the other, so that only one is in memory. */
  async *#certificates(decisions: readonly DecisionId[]): AsyncGenerator<SyncMessage> {
    for (const decision of decisions) {
      const text = await this.#parts.store.certificate(decision)
      if (text !== undefined) yield { frames: [], certificates: [text] }
    }
  }
}

const isInDebt = (allowance: Allowance): boolean => allowance.spend(0) > 0

/** What a message counts as, in each of two allowances. Certificates are ASCII but for names and texts of people. */
function costOf({ frames, certificates }: SyncMessage, { length }: Uint8Array): Record<keyof Purse, number> {
  const { itemSizeBytes } = EXCHANGE_ALLOWANCE
  const ofCertificates = certificates.reduce((sum, text) => sum + text.length, 0)
  return {
    certificates: ofCertificates + certificates.length * itemSizeBytes,
    others: length - ofCertificates + frames.length * itemSizeBytes
  }
}

/** The messages as long as there is room and the neighbour may have them. The answer is true if there was one more. */
async function* within(
  room: Room,
  given: Purse,
  messages: AsyncIterable<SyncMessage> | Iterable<SyncMessage>
): AsyncGenerator<Uint8Array, boolean> {
  for await (const message of messages) {
    const bytes = encodeSync(message)
    const allowance = message.certificates.length > 0 ? given.certificates : given.others
    if (bytes.length + FRAMING_SIZE_BYTES > room.sizeBytes || isInDebt(allowance)) return true
    room.sizeBytes -= bytes.length + FRAMING_SIZE_BYTES
    const cost = costOf(message, bytes)
    allowance.spend(cost.certificates + cost.others)
    yield bytes
  }
  return false
}
