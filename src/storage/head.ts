/**
 * The store's summary of itself, written in every batch: by it a later life knows that nothing is missing.
 *
 * Each record's own hash shows damage inside the record; it cannot show a record that is no longer there. The database drops
 * damaged blocks of its files without a word, and whole batches can go that way. The head therefore holds how many records
 * there are and the sum of one 16-byte hash of each, modulo 2^128. The sum is kept up by additions and subtractions, and any
 * record that is missing, or there too much, changes it.
 *
 * What is summed depends on whether a record can be written over. Records of decisions never are: their keys are summed, so
 * that damage inside one does not hide what else is missing. Named values are: their hashes are summed, so that an older
 * value in the place of a newer one is found.
 *
 * @packageDocumentation
 */

import { hash } from 'node:crypto'
import { fromHex, toHex, utf8 } from '../core/bytes.ts'
import type { Write } from './database.ts'
import { HASH_SIZE_BYTES, recordHash, sealRecord, textOf } from './record.ts'

/** Where the head stands. */
export const HEAD_KEY = 'head'

/** What the keys of named values begin with. */
export const NAMED = 'named/'

/** The layout this program writes. Stores of the first layout have no head. */
const FORMAT = 'equipotent-store/2'
const FORMAT_NUMBER = /^equipotent-store\/(\d{1,9})$/
const NUMBER_KNOWN = 2

const SUM_SIZE_BITS = 128

/** What a store has lost, once that was found. It stays lost, however well everything later is kept. */
export interface Loss {
  readonly state: 'damaged' | 'behind'
  /** One sentence for people. */
  readonly explanation: string
}

/** How many records there are, and the sum of their hashes. */
export interface Totals {
  readonly count: number
  readonly sum: bigint
}

/** A store's summary of itself. */
export interface Head extends Totals {
  /** The number of the batch this was written in. */
  readonly batch: number
  /** How often a peer began to live from this store. */
  readonly life: number
  readonly loss: Loss | undefined
}

/** Totals that go along with every write. */
export class Tally implements Totals {
  count = 0
  sum = 0n

  add(hash: bigint): void {
    this.count += 1
    this.sum = BigInt.asUintN(SUM_SIZE_BITS, this.sum + hash)
  }

  remove(hash: bigint): void {
    this.count -= 1
    this.sum = BigInt.asUintN(SUM_SIZE_BITS, this.sum - hash)
  }
}

/** What the key of a record that is never written over adds to the sum. */
export function keyNumber(key: string): bigint {
  return BigInt(`0x${hash('sha256', key, 'hex').slice(0, 2 * HASH_SIZE_BYTES)}`)
}

/** What a named value adds to the sum, by the hash that stands before it. */
export const storedNumber = (record: Uint8Array): bigint => numberOf(record)

/** What a named value adds to the sum, by the hash that should stand before it. The same, if the record is sound. */
export function computedNumber(key: string, record: Uint8Array): bigint {
  return numberOf(recordHash(key, record.subarray(HASH_SIZE_BYTES)))
}

function numberOf(hash: Uint8Array): bigint {
  return BigInt(`0x0${toHex(hash.subarray(0, HASH_SIZE_BYTES))}`)
}

/** The head as the last write of its batch. */
export function headWrite({ batch, life, count, sum, loss }: Head): Write {
  const text = JSON.stringify({ format: FORMAT, batch, life, count, sum: sumToHex(sum), loss })
  return { type: 'put', key: HEAD_KEY, value: sealRecord(HEAD_KEY, utf8(text)) }
}

const sumToHex = (sum: bigint): string => sum.toString(16).padStart(2 * HASH_SIZE_BYTES, '0')

/** A head from the value of a whole record; `undefined` if a newer program wrote it, and it may mean anything. */
export function readHead(value: Uint8Array): Head | undefined {
  const stored = JSON.parse(textOf(value)) as Omit<Head, 'sum'> & { readonly format: string; readonly sum: string }
  if (Number(FORMAT_NUMBER.exec(stored.format)?.[1] ?? Infinity) > NUMBER_KNOWN) return undefined
  const { batch, life, count, sum, loss } = stored
  return { batch, life, count, loss, sum: numberOf(fromHex(sum) ?? new Uint8Array()) }
}
