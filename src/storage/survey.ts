/**
 * Reads a whole store once and judges whether it is the one that was written.
 *
 * @packageDocumentation
 */

import { OptionsError } from '../core/errors.ts'
import { safeText } from '../core/text.ts'
import { type Database, entriesOf } from './database.ts'
import {
  computedNumber,
  HEAD_KEY,
  type Head,
  keyNumber,
  type Loss,
  NAMED,
  readHead,
  storedNumber,
  Tally,
  type Totals
} from './head.ts'
import type { Mark } from './mark.ts'
import { openRecord } from './record.ts'

/** Whether a store holds everything it acknowledged, and if not, or if that is not certain, why. */
export interface Standing {
  /** `damaged`: something that was written is gone. `behind`: all of it is older than what was acknowledged. */
  readonly state: 'sound' | Loss['state']
  /** For people; empty if there is nothing to tell. */
  readonly explanation: string
}

/** What a named value adds to the sum: by the hash stored before it, and by the one computed. Equal unless damaged. */
interface NamedNumbers {
  readonly stored: bigint
  readonly computed: bigint
}

/** What stands in a store. */
export interface Survey {
  /** The head that was read; `undefined` if there is none. */
  readonly head: Head | 'damaged' | undefined
  readonly named: ReadonlyMap<string, NamedNumbers>
  /** Totals by the hashes stored before named values, and by those computed. */
  readonly stored: Tally
  readonly computed: Tally
}

/**
 * Reads everything; `visit` sees each record but the head.
 *
 * Throws: `OptionsError` if a newer program wrote this, `OperationError` if it cannot be read.
 */
export async function survey(
  database: Database,
  where: string,
  visit?: (key: string, record: Uint8Array) => void
): Promise<Survey> {
  let head: Survey['head']
  const named = new Map<string, NamedNumbers>()
  const stored = new Tally()
  const computed = new Tally()
  for await (const [key, record] of entriesOf(database, '', '\uffff')) {
    if (key === HEAD_KEY) head = headOf(record, where)
    else {
      const numbers = numbersOf(key, record)
      stored.add(numbers.stored)
      computed.add(numbers.computed)
      if (key.startsWith(NAMED)) named.set(key, numbers)
      visit?.(key, record)
    }
  }
  return { head, named, stored, computed }
}

function numbersOf(key: string, record: Uint8Array): NamedNumbers {
  if (key.startsWith(NAMED)) return { stored: storedNumber(record), computed: computedNumber(key, record) }
  const number = keyNumber(key)
  return { stored: number, computed: number }
}

function headOf(record: Uint8Array, where: string): Head | 'damaged' {
  const value = openRecord(HEAD_KEY, record)
  if (value === undefined) return 'damaged'
  const head = readHead(value)
  if (head !== undefined) return head
  const got = 'a store that a newer version of this program has written'
  throw new OptionsError([{ path: safeText(where), got, expected: 'a store of this version; use the newer program' }])
}

/** The number of the last batch in a store; 0 if it is not known. */
export const batchOf = ({ head }: Survey): number => (typeof head === 'object' ? head.batch : 0)

/** How far a store has come, and what stands in it then. */
export interface Position extends Totals {
  readonly batch: number
}

/** True if a store stands exactly there. */
export function isAt(survey: Survey, position: Position): boolean {
  return batchOf(survey) === position.batch && totalsThatFit(survey, position) !== undefined
}

/** Which totals of a survey are the head's, if any: named values may be damaged in their hash or in what follows it. */
export function totalsThatFit(survey: Survey, { count, sum }: Totals): 'stored' | 'computed' | undefined {
  const fits = (way: 'stored' | 'computed'): boolean => survey[way].count === count && survey[way].sum === sum
  return (['stored', 'computed'] as const).find(fits)
}

/** What a store has lost: as an earlier life found, or as is found now. */
export function lossOf(survey: Survey, mark: Mark | 'unreadable' | undefined): Loss | undefined {
  const { head } = survey
  if (head === 'damaged') {
    return {
      state: 'damaged',
      explanation: 'The store’s summary of itself is damaged, so what else is missing cannot be told.'
    }
  }
  if (head?.loss !== undefined) return head.loss
  if (typeof mark === 'object' && mark.batch > batchOf(survey)) {
    const explanation = `The store is older than what this peer has acted on: it holds ${batchOf(survey)} batches of ${mark.batch}. It was emptied, cut short or put back from a copy.`
    return { state: 'behind', explanation }
  }
  if (head === undefined || totalsThatFit(survey, head) !== undefined) return undefined
  const explanation = `The store has lost something: ${survey.stored.count} records stand in it, and they are not the ${head.count} that were written.`
  return { state: 'damaged', explanation }
}

/** The standing of a store with this loss and this mark. */
export function standingOf(loss: Loss | undefined, mark: Mark | 'unreadable' | undefined): Standing {
  if (loss !== undefined) return loss
  const explanation =
    mark === 'unreadable'
      ? 'The mark beside the store cannot be read, so whether the store is the newest is not known.'
      : ''
  return { state: 'sound', explanation }
}
