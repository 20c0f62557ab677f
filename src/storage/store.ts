/**
 * What this peer must not forget: what it took in and said about open decisions, the certificates of closed ones, and a
 * few named values.
 *
 * A validator that restarts must never contradict what it said before. So whatever it takes in or is about to say is
 * written here first, and the promise of `appendDecision` is kept only when the disk has it (one atomic batch, `fsync`).
 * After a restart the host replays the records in order and arrives at the same words. Closing a decision puts its
 * certificate in the place of its records, again in one batch.
 *
 * A store knows whether it is whole: each record has a hash of its own, the store's head sums them up, and a mark beside the
 * store holds how far it had come (`head.ts`, `mark.ts`). What is missing is found when the store is opened, and `standing`
 * says so, in this life and every later one. A full disk only makes a store wait (`batches.ts`).
 *
 * One process uses a store at a time: LevelDB's lock sees to it, and a second process is told so.
 *
 * @packageDocumentation
 */

import { utf8 } from '../core/bytes.ts'
import { OperationError } from '../core/errors.ts'
import type { DecisionId } from '../core/ids.ts'
import { safeText } from '../core/text.ts'
import { Batches } from './batches.ts'
import { Contents, endOf, namedKey, OPEN } from './contents.ts'
import { crashPoint } from './crash-points.ts'
import { type Database, openDatabase, type Write } from './database.ts'
import { keyNumber, NAMED, storedNumber, type Tally } from './head.ts'
import { readMark } from './mark.ts'
import { bytesToInput, inputToBytes, type StoredInput, sealRecord, textOf } from './record.ts'
import { dropProbe } from './room.ts'
import { batchOf, lossOf, type Standing, type Survey, standingOf, survey, totalsThatFit } from './survey.ts'

export { storeDirectory } from './database.ts'
export type { StoredInput } from './record.ts'
export type { Standing } from './survey.ts'

/** An open decision as it was stored. */
export interface StoredDecision {
  readonly decision: DecisionId
  /** In the order they were appended, without damaged ones. */
  readonly records: readonly StoredInput[]
  /** False if a record is damaged or missing: replaying the others may not repeat what was said, so do not vote. */
  readonly complete: boolean
}

/** What a closed decision leaves behind, as canonical text. */
export interface ClosedRecord {
  readonly outcome: string
  readonly certificate: string
}

/**
 * The store of one peer. A method that reads throws `OperationError` if the disk does not obey. One that writes waits until
 * it does; it throws `OperationError` if the store is closed before, or is found to have lost what it acknowledged.
 */
export interface Store {
  /** Whether everything that was ever acknowledged is here. If not, what this peer said before is not known. */
  readonly standing: Standing
  /** Why nothing can be written at the moment, in one sentence; `undefined` while all is well. */
  readonly trouble: string | undefined
  /** Keys of damaged records, made safe to show. Empty on a healthy disk. */
  readonly damaged: readonly string[]
  /** Closed decisions in the order they were closed, those with a damaged certificate included: they stay closed. */
  readonly decided: readonly DecisionId[]
  /** Appends to an open decision's records. Resolves when all are on the disk. The first append opens the decision. */
  appendDecision(decision: DecisionId, records: readonly StoredInput[]): Promise<void>
  openDecisions(): Promise<StoredDecision[]>
  /** Puts the certificate in the place of the records. Does nothing if the decision is closed already. */
  closeDecision(decision: DecisionId, closed: ClosedRecord): Promise<void>
  /** What a closed decision left behind; `undefined` if it is not closed here, or damaged. */
  closedDecision(decision: DecisionId): Promise<ClosedRecord | undefined>
  /** The certificate of a closed decision; `undefined` if it is not closed here, or damaged. */
  certificate(decision: DecisionId): Promise<string | undefined>
  /** Every readable certificate, in the order of closing. */
  certificates(): AsyncIterable<{ readonly decision: DecisionId; readonly text: string }>
  /** A named value, or `undefined` if it was never put. Throws if it is damaged: that is not the same. */
  get(name: string): Promise<string | undefined>
  /** Keeps a named value. Resolves when it is on the disk. */
  put(name: string, text: string): Promise<void>
  /** Counts one life more, when a peer begins to live from this store, and resolves with its number once it is on the disk. */
  beginLife(): Promise<number>
  /** Finishes pending writes, or gives them up if the disk does not take them; then lets another process in. */
  close(): Promise<void>
}

/** What `openStore` may be told. */
export interface StoreOptions {
  /** Told when nothing can be written any more, and why; and, with `undefined`, when it can again. */
  readonly onTrouble?: (trouble: string | undefined) => void
  /** Until a failed write is first tried again; later tries come up to five times later. Default: 1,000 milliseconds. */
  readonly retryAfterMs?: number
}

/**
 * Opens the store of a data directory, making it if need be, and checks every record.
 *
 * Throws: `OptionsError` if another process uses it or a newer program wrote it, `OperationError` if it cannot be opened or
 * read.
 */
export async function openStore(dataDirectory: string, options: StoreOptions = {}): Promise<Store> {
  const database = await openDatabase(dataDirectory)
  try {
    await dropProbe(dataDirectory)
    const contents = new Contents()
    const found = await survey(database, dataDirectory, (key, record) => contents.note(key, record))
    return new LevelStore(dataDirectory, database, found, contents, options)
  } catch (error) {
    await database.close()
    throw error
  }
}

const put = (key: string, value: Uint8Array): Write => ({ type: 'put', key, value: sealRecord(key, value) })
const deletion = (key: string): Write => ({ type: 'del', key })

class LevelStore implements Store {
  readonly standing: Standing
  readonly #contents: Contents
  readonly #batches: Batches
  /** What stands in the store once every write asked for is done. */
  readonly #tally: Tally
  /** What each named value adds to the tally. */
  readonly #named: Map<string, bigint>

  constructor(dataDirectory: string, database: Database, found: Survey, contents: Contents, options: StoreOptions) {
    const mark = readMark(dataDirectory)
    const loss = lossOf(found, mark)
    const head = typeof found.head === 'object' ? found.head : undefined
    const way = (head && totalsThatFit(found, head)) ?? 'stored'
    const marked = typeof mark === 'object' ? mark : { batch: 0, life: 0 }
    this.standing = standingOf(loss, mark)
    this.#contents = contents
    this.#tally = found[way]
    this.#named = new Map([...found.named].map(([key, numbers]) => [key, numbers[way]]))
    this.#batches = new Batches({
      ...{ dataDirectory, database, loss, ...options, totals: this.#tally },
      found: { batch: batchOf(found), count: this.#tally.count, sum: this.#tally.sum },
      batch: Math.max(batchOf(found), marked.batch),
      life: Math.max(head?.life ?? 0, marked.life)
    })
  }

  get trouble(): string | undefined {
    return this.#batches.trouble
  }

  get damaged(): readonly string[] {
    return [...this.#contents.damaged]
  }

  get decided(): readonly DecisionId[] {
    return this.#contents.closed
  }

  async appendDecision(decision: DecisionId, records: readonly StoredInput[]): Promise<void> {
    if (this.#contents.closedKey(decision) !== undefined) {
      throw new OperationError(`The decision ${safeText(decision)} is closed.`, 'did-not-happen')
    }
    const keys = this.#contents.append(decision, records.length)
    await this.#write(keys.map((key, index) => put(key, inputToBytes(records[index] as StoredInput))))
  }

  async openDecisions(): Promise<StoredDecision[]> {
    const records = new Map<DecisionId, StoredInput[]>()
    for (const decision of this.#contents.open) records.set(decision, [])
    const entries = await this.#batches.read((database) => database.iterator({ gte: OPEN, lt: endOf(OPEN) }).all())
    for (const [key, record] of entries) {
      const value = this.#contents.check(key, record)
      const decision = key.split('/')[1] as DecisionId
      if (value !== undefined) records.get(decision)?.push(bytesToInput(value))
    }
    return [...records].map(([decision, kept]) => {
      return { decision, records: kept, complete: kept.length === this.#contents.next(decision) }
    })
  }

  async closeDecision(decision: DecisionId, { outcome, certificate }: ClosedRecord): Promise<void> {
    if (this.#contents.closedKey(decision) !== undefined) return
    const { key, records } = this.#contents.close(decision)
    crashPoint('closing-before-batch')
    await this.#write([put(key, utf8(JSON.stringify({ outcome, certificate }))), ...records.map(deletion)])
    crashPoint('closing-after-batch')
  }

  async closedDecision(decision: DecisionId): Promise<ClosedRecord | undefined> {
    const key = this.#contents.closedKey(decision)
    const value = key === undefined ? undefined : this.#contents.check(key, await this.#read(key))
    return value === undefined ? undefined : (JSON.parse(textOf(value)) as ClosedRecord)
  }

  async certificate(decision: DecisionId): Promise<string | undefined> {
    return (await this.closedDecision(decision))?.certificate
  }

  async *certificates(): AsyncGenerator<{ readonly decision: DecisionId; readonly text: string }> {
    for (const decision of this.decided) {
      const text = await this.certificate(decision)
      if (text !== undefined) yield { decision, text }
    }
  }

  async get(name: string): Promise<string | undefined> {
    const key = namedKey(name)
    const record = this.#named.has(key) ? await this.#read(key) : undefined
    if (record === undefined) return undefined
    const value = this.#contents.check(key, record)
    if (value === undefined) throw new OperationError(`The stored ${name} is damaged.`, 'did-not-happen')
    return textOf(value)
  }

  async put(name: string, text: string): Promise<void> {
    const key = namedKey(name)
    await this.#write([put(key, utf8(text))])
    this.#contents.damaged.delete(key)
  }

  beginLife(): Promise<number> {
    return this.#batches.beginLife()
  }

  close(): Promise<void> {
    return this.#batches.close()
  }

  #read(key: string): Promise<Uint8Array | undefined> {
    return this.#batches.read((database) => database.get(key))
  }

  /** Puts writes into the next batch, the head counting them. Resolves when that batch is on the disk. */
  #write(writes: readonly Write[]): Promise<void> {
    const refusal = this.#batches.refusal
    if (refusal !== undefined) return Promise.reject(refusal)
    for (const write of writes) this.#count(write)
    return this.#batches.write(writes)
  }

  #count(write: Write): void {
    const { key } = write
    if (write.type === 'del') this.#tally.remove(keyNumber(key))
    else if (key.startsWith(NAMED)) {
      const [before, number] = [this.#named.get(key), storedNumber(write.value)]
      if (before !== undefined) this.#tally.remove(before)
      this.#tally.add(number)
      this.#named.set(key, number)
    } else this.#tally.add(keyNumber(key))
  }
}
