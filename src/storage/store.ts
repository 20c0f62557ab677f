/**
 * What this peer must not forget: what it took in and said about open decisions, the certificates of closed ones, and a
 * few named values.
 *
 * A validator that restarts must never contradict what it said before. So whatever it takes in or is about to say is
 * written here first, and the promise of `appendDecision` is kept only when the disk has it (one atomic batch, `fsync`).
 * After a restart the host replays the records in order and arrives at the same words. Closing a decision puts its
 * certificate in the place of its records, again in one batch.
 *
 * Writes that wait while the disk is busy go together in the next batch. If a write fails, every later one fails too: what
 * is on the disk is then unknown, and only opening the store again shows it.
 *
 * One process uses a store at a time: LevelDB's lock sees to it, and a second process is told so.
 *
 * @packageDocumentation
 */

import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { LevelDatastore } from 'datastore-level'
import { utf8 } from '../core/bytes.ts'
import { invariant, OperationError, OptionsError } from '../core/errors.ts'
import type { DecisionId } from '../core/ids.ts'
import { safeText } from '../core/text.ts'
import { bytesToInput, inputToBytes, openRecord, type StoredInput, sealRecord, textOf } from './record.ts'

export type { StoredInput } from './record.ts'

type Database = LevelDatastore['db']

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

/** The store of one peer. Every method that reads or writes throws `OperationError` if the disk does not obey. */
export interface Store {
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
  /** Finishes pending writes and lets another process in. */
  close(): Promise<void>
}

/** The directory of the database in a data directory. */
export const storeDirectory = (dataDirectory: string): string => join(dataDirectory, 'store')

/**
 * Opens the store of a data directory, making it if need be, and checks every record.
 *
 * Throws: `OptionsError` if another process uses it, `OperationError` if it cannot be opened or read.
 */
export async function openStore(dataDirectory: string): Promise<Store> {
  const database = await openDatabase(dataDirectory)
  const store = new LevelStore(database)
  try {
    await store.scan()
  } catch (error) {
    await database.close()
    throw error
  }
  return store
}

async function openDatabase(dataDirectory: string): Promise<Database> {
  const where = safeText(dataDirectory)
  try {
    await mkdir(dataDirectory, { recursive: true, mode: 0o700 })
    const { db } = new LevelDatastore(storeDirectory(dataDirectory))
    await db.open()
    return db
  } catch (error) {
    if (!isLocked(error)) throw new OperationError(`The store in ${where} cannot be opened.`, 'did-not-happen', error)
    const got = 'one in use: another process uses this data directory'
    throw new OptionsError([{ path: where, got, expected: 'a data directory of its own for each peer' }])
  }
}

function isLocked(error: unknown): boolean {
  const cause = error instanceof Error ? error.cause : undefined
  return cause instanceof Error && 'code' in cause && cause.code === 'LEVEL_LOCKED'
}

type Write = { readonly type: 'put'; readonly key: string; readonly value: Uint8Array } | Deletion
interface Deletion {
  readonly type: 'del'
  readonly key: string
}

const OPEN = 'open/'
const CLOSED = 'closed/'
const NAMED = 'named/'
const OPEN_KEY = /^open\/([0-9a-f]{64})\/(\d{10})$/
const CLOSED_KEY = /^closed\/(\d{10})\/([0-9a-f]{64})$/

/** The first key after all that begin with `prefix`: a slash is followed by the digit 0. */
const endOf = (prefix: string): string => `${prefix.slice(0, -1)}0`

const openKey = (decision: DecisionId, index: number): string => `${OPEN}${decision}/${numbered(index)}`
const numbered = (index: number): string => String(index).padStart(10, '0')
const put = (key: string, value: Uint8Array): Write => ({ type: 'put', key, value: sealRecord(key, value) })

class LevelStore implements Store {
  readonly #database: Database
  readonly #damaged = new Set<string>()
  /** How many records each open decision has, which is also the number of the next. */
  readonly #recordCount = new Map<DecisionId, number>()
  /** The key of each closed decision, in the order of closing. */
  readonly #closedKey = new Map<DecisionId, string>()
  /** The number of the next closed decision. */
  #closedNext = 0
  /** Writes that wait for the batch under way to end, and the batch they will be in. */
  #waiting: Write[] = []
  #nextBatch: Promise<void> | undefined
  #lastBatch: Promise<void> = Promise.resolve()

  constructor(database: Database) {
    this.#database = database
  }

  get damaged(): readonly string[] {
    return [...this.#damaged]
  }

  get decided(): readonly DecisionId[] {
    return [...this.#closedKey.keys()]
  }

  /** Reads everything once: what is damaged, what is open, what is closed. */
  async scan(): Promise<void> {
    for await (const [key, record] of this.#entries('', '\uffff')) {
      this.#check(key, record)
      const [, openDecision, index] = OPEN_KEY.exec(key) ?? []
      const [, order, closedDecision] = CLOSED_KEY.exec(key) ?? []
      if (openDecision !== undefined) this.#countRecord(openDecision as DecisionId, Number(index))
      if (closedDecision !== undefined) this.#countClosed(closedDecision as DecisionId, Number(order), key)
    }
  }

  async appendDecision(decision: DecisionId, records: readonly StoredInput[]): Promise<void> {
    if (this.#closedKey.has(decision)) {
      throw new OperationError(`The decision ${safeText(decision)} is closed.`, 'did-not-happen')
    }
    const first = this.#recordCount.get(decision) ?? 0
    this.#recordCount.set(decision, first + records.length)
    await this.#write(records.map((record, index) => put(openKey(decision, first + index), inputToBytes(record))))
  }

  async openDecisions(): Promise<StoredDecision[]> {
    const records = new Map<DecisionId, StoredInput[]>()
    for (const decision of this.#recordCount.keys()) records.set(decision, [])
    for await (const [key, record] of this.#entries(OPEN, endOf(OPEN))) {
      const value = this.#check(key, record)
      const decision = key.split('/')[1] as DecisionId
      if (value !== undefined) records.get(decision)?.push(bytesToInput(value))
    }
    return [...records].map(([decision, kept]) => {
      return { decision, records: kept, complete: kept.length === this.#recordCount.get(decision) }
    })
  }

  async closeDecision(decision: DecisionId, { outcome, certificate }: ClosedRecord): Promise<void> {
    if (this.#closedKey.has(decision)) return
    const key = `${CLOSED}${numbered(this.#closedNext)}/${decision}`
    const count = this.#recordCount.get(decision) ?? 0
    this.#closedNext += 1
    this.#closedKey.set(decision, key)
    this.#recordCount.delete(decision)
    const deletions = Array.from({ length: count }, (_, index) => deletion(openKey(decision, index)))
    await this.#write([put(key, utf8(JSON.stringify({ outcome, certificate }))), ...deletions])
  }

  async closedDecision(decision: DecisionId): Promise<ClosedRecord | undefined> {
    const key = this.#closedKey.get(decision)
    const value = key === undefined ? undefined : await this.#read(key)
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
    const value = await this.#read(key)
    if (value !== undefined) return textOf(value)
    if (this.#damaged.has(key)) throw new OperationError(`The stored ${name} is damaged.`, 'did-not-happen')
    return undefined
  }

  async put(name: string, text: string): Promise<void> {
    const key = namedKey(name)
    await this.#write([put(key, utf8(text))])
    this.#damaged.delete(key)
  }

  async close(): Promise<void> {
    await this.#lastBatch.catch(() => undefined)
    await this.#database.close()
  }

  #countRecord(decision: DecisionId, index: number): void {
    this.#recordCount.set(decision, Math.max(this.#recordCount.get(decision) ?? 0, index + 1))
  }

  #countClosed(decision: DecisionId, order: number, key: string): void {
    this.#closedKey.set(decision, key)
    this.#closedNext = Math.max(this.#closedNext, order + 1)
  }

  /** The value of a record, or `undefined` after noting that it is damaged. */
  #check(key: string, record: Uint8Array): Uint8Array | undefined {
    const value = openRecord(key, record)
    if (value === undefined) this.#damaged.add(safeText(key))
    return value
  }

  async #read(key: string): Promise<Uint8Array | undefined> {
    try {
      const record = await this.#database.get(key)
      return record === undefined ? undefined : this.#check(key, record)
    } catch (error) {
      throw new OperationError('The store cannot be read.', 'did-not-happen', error)
    }
  }

  async *#entries(gte: string, lt: string): AsyncGenerator<[string, Uint8Array]> {
    try {
      yield* this.#database.iterator({ gte, lt })
    } catch (error) {
      throw new OperationError('The store cannot be read.', 'did-not-happen', error)
    }
  }

  /** Puts writes into the next batch. Resolves when that batch is on the disk. */
  #write(writes: readonly Write[]): Promise<void> {
    this.#waiting.push(...writes)
    if (this.#nextBatch === undefined) {
      this.#nextBatch = this.#lastBatch.then(() => this.#writeBatch())
      this.#lastBatch = this.#nextBatch
    }
    return this.#nextBatch
  }

  async #writeBatch(): Promise<void> {
    const writes = this.#waiting
    this.#waiting = []
    this.#nextBatch = undefined
    try {
      await this.#database.batch(writes, { sync: true })
    } catch (error) {
      throw new OperationError('The store cannot be written; is the disk full?', 'unknown', error)
    }
  }
}

function deletion(key: string): Deletion {
  return { type: 'del', key }
}

function namedKey(name: string): string {
  invariant(/^[a-z0-9-]+$/.test(name), 'named values have kebab-case names')
  return `${NAMED}${name}`
}
