/**
 * What stands where in the store: the keys of records, and which of them there are.
 *
 * @packageDocumentation
 */

import { invariant } from '../core/errors.ts'
import type { DecisionId } from '../core/ids.ts'
import { safeText } from '../core/text.ts'
import { NAMED } from './head.ts'
import { openRecord } from './record.ts'

/** What the keys of open decisions' records begin with. */
export const OPEN = 'open/'

const CLOSED = 'closed/'
const OPEN_KEY = /^open\/([0-9a-f]{64})\/(\d{10})$/
const CLOSED_KEY = /^closed\/(\d{10})\/([0-9a-f]{64})$/

/** The first key after all that begin with `prefix`: a slash is followed by the digit 0. */
export const endOf = (prefix: string): string => `${prefix.slice(0, -1)}0`

/** The key of a named value. */
export function namedKey(name: string): string {
  invariant(/^[a-z0-9-]+$/.test(name), 'named values have kebab-case names')
  return `${NAMED}${name}`
}

const openKey = (decision: DecisionId, index: number): string => `${OPEN}${decision}/${numbered(index)}`
const numbered = (index: number): string => String(index).padStart(10, '0')

/** The records of a store by their places. */
export class Contents {
  /** Keys of damaged records, made safe to show. */
  readonly damaged = new Set<string>()
  /** The numbers of each open decision's records, rising. Without damage they are 0, 1, 2, and so on. */
  readonly #indexes = new Map<DecisionId, number[]>()
  /** The key of each closed decision, in the order of closing. */
  readonly #closedKey = new Map<DecisionId, string>()
  /** The number of the next closed decision. */
  #closedNext = 0

  /** The open decisions. One that is closed as well is closed. */
  get open(): readonly DecisionId[] {
    return [...this.#indexes.keys()].filter((decision) => !this.#closedKey.has(decision))
  }

  get closed(): readonly DecisionId[] {
    return [...this.#closedKey.keys()]
  }

  /** Takes note of a record that was read. */
  note(key: string, record: Uint8Array): void {
    this.check(key, record)
    const [, openDecision, index] = OPEN_KEY.exec(key) ?? []
    const [, order, closedDecision] = CLOSED_KEY.exec(key) ?? []
    if (openDecision !== undefined) this.#indexesOf(openDecision as DecisionId).push(Number(index))
    if (closedDecision === undefined) return
    this.#closedKey.set(closedDecision as DecisionId, key)
    this.#closedNext = Math.max(this.#closedNext, Number(order) + 1)
  }

  /** The value of a record, or `undefined` after noting that it is damaged. One that is not there waits for the disk. */
  check(key: string, record: Uint8Array | undefined): Uint8Array | undefined {
    if (record === undefined) return undefined
    const value = openRecord(key, record)
    if (value === undefined) this.damaged.add(safeText(key))
    return value
  }

  /** The number of an open decision's next record. */
  next(decision: DecisionId): number {
    return (this.#indexes.get(decision)?.at(-1) ?? -1) + 1
  }

  /** Places for further records of an open decision. */
  append(decision: DecisionId, count: number): string[] {
    const first = this.next(decision)
    const added = Array.from({ length: count }, (_, index) => first + index)
    this.#indexesOf(decision).push(...added)
    return added.map((index) => openKey(decision, index))
  }

  /** Where a closed decision stands; `undefined` if it is not closed. */
  closedKey(decision: DecisionId): string | undefined {
    return this.#closedKey.get(decision)
  }

  /** The place of a decision that is closed now, and those of its records, which go. */
  close(decision: DecisionId): { readonly key: string; readonly records: readonly string[] } {
    const key = `${CLOSED}${numbered(this.#closedNext)}/${decision}`
    const records = (this.#indexes.get(decision) ?? []).map((index) => openKey(decision, index))
    this.#closedNext += 1
    this.#closedKey.set(decision, key)
    this.#indexes.delete(decision)
    return { key, records }
  }

  #indexesOf(decision: DecisionId): number[] {
    const indexes = this.#indexes.get(decision) ?? []
    this.#indexes.set(decision, indexes)
    return indexes
  }
}
