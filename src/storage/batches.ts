/**
 * One batch on disk after another, whatever the disk does.
 *
 * Writes that wait while the disk is busy go together in the next batch, and each batch carries the store's head. A batch
 * that fails is not the end: the disk may be full, and somebody may make room. The database itself takes no more writes
 * after one that failed, and whether the failed one is on disk is not known. So everything waits, nothing is promised,
 * reading goes on; and when there is room, the database is opened anew, its head tells whether the batch is there, and it is
 * written if not. Only a database that no longer holds what was acknowledged is the end.
 *
 * @packageDocumentation
 */

import { OperationError, OptionsError } from '../core/errors.ts'
import { safeText } from '../core/text.ts'
import { crashPoint } from './crash-points.ts'
import { type Database, damagedError, isDamage, openDatabase, reasonOf, unreadable, type Write } from './database.ts'
import { type Head, headWrite, type Loss, type Totals } from './head.ts'
import { MarkFile } from './mark.ts'
import { hasRoom } from './room.ts'
import { isAt, type Position, survey } from './survey.ts'

/** After a failed write, the first try; each further one comes after twice the time. Unit: milliseconds. */
const RETRY_AFTER_MS = 1_000

/** The longest time between two tries is so many times the first. */
const RETRY_FACTOR_MAX = 5

/** What is needed. */
export interface BatchesOptions {
  readonly dataDirectory: string
  readonly database: Database
  /** The number of the last batch in the database, and what stands there. */
  readonly found: Position
  /** The number of the last batch known of, which may be higher; the life; what was lost. */
  readonly batch: number
  readonly life: number
  readonly loss: Loss | undefined
  /** What stands in the store once every write asked for is done. */
  readonly totals: Totals
  readonly onTrouble?: ((trouble: string | undefined) => void) | undefined
  readonly retryAfterMs?: number | undefined
}

interface Waiting {
  readonly writes: readonly Write[]
  readonly resolve: () => void
  readonly reject: (error: unknown) => void
}

/** Writes batches. */
export class Batches {
  readonly #options: BatchesOptions
  readonly #mark: MarkFile
  #database: Database | undefined
  /** What stands on disk for certain. */
  #landed: Position
  #batch: number
  #life: number
  #waiting: Waiting[] = []
  #running: Promise<void> | undefined
  /** Reads under way, and the change of the database that later ones wait for. */
  readonly #reads = new Set<Promise<unknown>>()
  #change: Promise<unknown> | undefined
  #trouble: string | undefined
  /** Why nothing can be written any more. */
  #end: OperationError | undefined
  #isClosing = false
  #closed: Promise<void> | undefined
  #wake: (() => void) | undefined

  constructor(options: BatchesOptions) {
    this.#options = options
    this.#mark = new MarkFile(options.dataDirectory)
    this.#database = options.database
    this.#landed = options.found
    this.#batch = options.batch
    this.#life = options.life
  }

  /** Why nothing can be written at the moment, in one sentence. */
  get trouble(): string | undefined {
    return this.#trouble
  }

  /** Why nothing is taken any more, or `undefined`. */
  get refusal(): Error | undefined {
    return this.#end ?? (this.#isClosing ? closedError('did-not-happen') : undefined)
  }

  /** Counts one life more. Resolves when that is on disk. */
  async beginLife(): Promise<number> {
    this.#life += 1
    const life = this.#life
    await this.write([])
    return life
  }

  /** Puts writes into the next batch. Resolves when that batch is on disk, however long the disk is full. */
  write(writes: readonly Write[]): Promise<void> {
    const { refusal } = this
    if (refusal !== undefined) return Promise.reject(refusal)
    return new Promise((resolve, reject) => {
      this.#waiting.push({ writes, resolve, reject })
      this.#running ??= this.#run()
    })
  }

  /** Reads from the database. Throws `OperationError` if that cannot be done now. */
  async read<T>(job: (database: Database) => Promise<T>): Promise<T> {
    await this.#change
    if (this.#database === undefined) throw unreadable(this.#end ?? this.#trouble)
    const reading = job(this.#database).catch((error: unknown) => {
      throw unreadable(error)
    })
    const ended: Promise<unknown> = reading.catch(() => undefined).then(() => this.#reads.delete(ended))
    this.#reads.add(ended)
    return reading
  }

  /** Finishes what waits, unless the disk is in the way; then lets another process in. */
  close(): Promise<void> {
    this.#closed ??= this.#close()
    return this.#closed
  }

  async #close(): Promise<void> {
    this.#isClosing = true
    this.#wake?.()
    await this.#running
    await this.#database?.close()
    this.#mark.close()
  }

  async #run(): Promise<void> {
    // What is asked for in the same turn goes into the same batch.
    await Promise.resolve()
    while (this.#waiting.length > 0 && this.#end === undefined) {
      const together = this.#waiting
      this.#waiting = []
      try {
        await this.#land(together.flatMap(({ writes }) => writes))
        for (const { resolve } of together) resolve()
      } catch (error) {
        this.#fail(error as OperationError, together)
      }
    }
    this.#running = undefined
  }

  /** The end: what was tried may have happened, what waited for it did not. */
  #fail(error: OperationError, together: readonly Waiting[]): void {
    this.#end = this.#isClosing ? closedError('did-not-happen') : error
    for (const { reject } of together) reject(error)
    for (const { reject } of this.#waiting) reject(this.#end)
    this.#waiting = []
  }

  /** Brings one batch onto the disk. Throws `OperationError` if that will never be. */
  async #land(writes: readonly Write[]): Promise<void> {
    const { totals, loss, retryAfterMs = RETRY_AFTER_MS } = this.#options
    this.#batch += 1
    const head: Head = { batch: this.#batch, life: this.#life, count: totals.count, sum: totals.sum, loss }
    const batch = [...writes, headWrite(head)]
    crashPoint('store-before-batch')
    let failure = await this.#put(batch)
    for (
      let after = retryAfterMs;
      failure !== undefined;
      after = Math.min(2 * after, RETRY_FACTOR_MAX * retryAfterMs)
    ) {
      this.#tell(troubleOf(this.#options.dataDirectory, failure))
      await this.#pause(after)
      if (this.#isClosing) throw closedError('unknown', failure)
      const found = await this.#openAnew(head, batch)
      if (found === 'landed') break
      if (found === 'ready') failure = await this.#put(batch)
    }
    crashPoint('store-after-batch')
    this.#landed = head
    this.#mark.write(head)
    crashPoint('store-after-mark')
    this.#tell(undefined)
  }

  /** Why the batch was not written, if it was not. */
  async #put(batch: Write[]): Promise<unknown> {
    try {
      if (this.#database === undefined) throw new Error('not open')
      await this.#database.batch(batch, { sync: true })
      return undefined
    } catch (error) {
      return error
    }
  }

  /**
   * Opens the database anew if there is room: is the batch there, or must it be written again? Throws `OperationError` if
   * what was acknowledged before is no longer there.
   */
  async #openAnew(head: Head, batch: readonly Write[]): Promise<'landed' | 'ready' | 'not-yet'> {
    const { dataDirectory } = this.#options
    if (!(await hasRoom(dataDirectory, sizeOf(batch)))) return 'not-yet'
    try {
      const change = this.#exchange()
      this.#change = change.catch(() => undefined)
      await change
      const found = await survey(this.#database as Database, dataDirectory)
      if (isAt(found, head)) return 'landed'
      if (isAt(found, this.#landed)) return 'ready'
    } catch (error) {
      if (error instanceof OptionsError) throw new OperationError(error.message, 'unknown', error)
      if (!isDamage(error)) return 'not-yet'
      throw damagedError(dataDirectory, error)
    }
    throw damagedError(dataDirectory, undefined)
  }

  async #exchange(): Promise<void> {
    await Promise.all(this.#reads)
    const old = this.#database
    this.#database = undefined
    await old?.close()
    this.#database = await openDatabase(this.#options.dataDirectory)
  }

  #tell(trouble: string | undefined): void {
    if (trouble === this.#trouble) return
    this.#trouble = trouble
    this.#options.onTrouble?.(trouble)
  }

  async #pause(afterMs: number): Promise<void> {
    if (this.#isClosing) return
    await new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, afterMs).unref()
      this.#wake = () => {
        clearTimeout(timer)
        resolve()
      }
    })
  }
}

function sizeOf(batch: readonly Write[]): number {
  return batch.reduce((sum, write) => sum + write.key.length + (write.type === 'put' ? write.value.length : 0), 0)
}

function troubleOf(dataDirectory: string, cause: unknown): string {
  return `Nothing can be written into ${safeText(dataDirectory)} (${reasonOf(cause)}), so nothing is said until it can.`
}

function closedError(outcome: OperationError['outcome'], cause?: unknown): OperationError {
  return new OperationError('The store was closed before this was written.', outcome, cause)
}
