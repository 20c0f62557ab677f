/**
 * The database under the store: opening it, telling why it does not open, reading all of it once.
 *
 * @packageDocumentation
 */

import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { LevelDatastore } from 'datastore-level'
import { OperationError, OptionsError } from '../core/errors.ts'
import { safeText } from '../core/text.ts'
import { damagedTables, dropAside, putBack, setAside } from './tables.ts'

/** An open database: keys are text, values are bytes. */
export type Database = LevelDatastore['db']

/** One thing to write. */
export type Write = { readonly type: 'put'; readonly key: string; readonly value: Uint8Array } | Deletion

/** A key to remove. */
export interface Deletion {
  readonly type: 'del'
  readonly key: string
}

/** The directory of the database in a data directory. */
export const storeDirectory = (dataDirectory: string): string => join(dataDirectory, 'store')

/** What a person should know before doing anything about a damaged store. */
const ADVICE =
  'Do not empty it and go on, nor put back an older copy: a peer that forgot what it said may contradict itself. ' +
  'Repair the disk and start again, or leave this peer off: the others decide without it, as long as no more are missing than they tolerate.'

/**
 * Opens the database of a data directory, making it if need be.
 *
 * Throws: `OptionsError` if another process uses it, `OperationError` if it cannot be opened.
 */
export async function openDatabase(dataDirectory: string): Promise<Database> {
  const where = safeText(dataDirectory)
  try {
    await mkdir(dataDirectory, { recursive: true, mode: 0o700 })
    return await openChecked(storeDirectory(dataDirectory))
  } catch (error) {
    if (isDamage(error)) throw damagedError(dataDirectory, error)
    if (!isLocked(error)) throw new OperationError(`The store in ${where} cannot be opened.`, 'did-not-happen', error)
    const got = 'one in use: another process uses this data directory'
    throw new OptionsError([{ path: where, got, expected: 'a data directory of its own for each peer' }])
  }
}

/** Opens a database without the tables that are damaged; it opens only if it does not need them. */
async function openChecked(directory: string): Promise<Database> {
  const damaged = await damagedTables(directory)
  if (damaged.length > 0) {
    await requireUnused(directory)
    // A process that has just ended may have completed its tables.
    const still = new Set(await damagedTables(directory))
    await setAside(
      directory,
      damaged.filter((name) => still.has(name))
    )
  }
  try {
    const { db } = new LevelDatastore(directory)
    await db.open()
    await dropAside(directory)
    return db
  } catch (error) {
    if (!isLocked(error)) await putBack(directory)
    throw error
  }
}

/** Throws if another process has the database open. */
async function requireUnused(directory: string): Promise<void> {
  const { db } = new LevelDatastore(directory)
  try {
    // The lock is looked at first, and a database that exists is then left alone.
    await db.open({ createIfMissing: false, errorIfExists: true })
  } catch (error) {
    if (isLocked(error)) throw error
  } finally {
    await db.close()
  }
}

/** Everything between two keys, in the order of the keys. */
export async function* entriesOf(database: Database, gte: string, lt: string): AsyncGenerator<[string, Uint8Array]> {
  try {
    yield* database.iterator({ gte, lt })
  } catch (error) {
    throw unreadable(error)
  }
}

/** The error of a read that failed. */
export function unreadable(cause: unknown): OperationError {
  return new OperationError('The store cannot be read.', 'did-not-happen', cause)
}

/** The error of a store that cannot be used because it is damaged. */
export function damagedError(dataDirectory: string, cause: unknown): OperationError {
  return new OperationError(`The store in ${safeText(dataDirectory)} is damaged. ${ADVICE}`, 'did-not-happen', cause)
}

/** True if this error, or one that it comes from, says that the database's files are not what they should be. */
export const isDamage = (error: unknown): boolean => hasCode(error, 'LEVEL_CORRUPTION')

const isLocked = (error: unknown): boolean => hasCode(error, 'LEVEL_LOCKED')

function hasCode(error: unknown, code: string): boolean {
  if (!(error instanceof Error)) return false
  return ('code' in error && error.code === code) || hasCode(error.cause, code)
}

/** The innermost reason of an error in the words of the operating system, safe to print. */
export function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return safeText(String(error))
  if (error.cause !== undefined) return reasonOf(error.cause)
  return safeText(error.message.slice(error.message.lastIndexOf(':') + 1).trim())
}
