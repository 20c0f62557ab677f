/**
 * Reads what was typed, and collects everything wrong with it, so that a person is told once.
 *
 * @packageDocumentation
 */

import { OptionsError, type Problem } from '../core/errors.ts'
import { safeText } from '../core/text.ts'
import { durationInWords, parseDurationMs, type TimeUnit } from './duration.ts'

/** Reads options by the name they were typed with. A value that is wrong is noted, and the fallback returned. */
export interface Reader {
  text(name: string): string | undefined
  texts(name: string): readonly string[]
  /** Items between commas, without the space around them. */
  list(name: string): readonly string[] | undefined
  flag(name: string): boolean
  wholeNumber(name: string, limits: { readonly min: number; readonly max: number }): number | undefined
  durationMs(name: string, limits: DurationLimits): number | undefined
  oneOf<Choice extends string>(name: string, choices: readonly Choice[]): Choice | undefined
  /** Notes a problem that only the command can see. */
  problem(path: string, got: string | undefined, expected: string): void
  /** Notes a problem that another check has found. */
  note(problem: Problem): void
  /** Throws `OptionsError` with every problem noted, if there is any. Call it once everything is read. */
  finish(): void
}

/** What a length of time may be. */
export interface DurationLimits {
  readonly minMs: number
  readonly maxMs: number
  /** What a bare number means; without it a unit has to be given. */
  readonly bareUnit?: TimeUnit
}

/** Options as commander leaves them: by camel-cased name. */
export type Typed = Readonly<Record<string, unknown>>

/** A reader of `typed`. `noted` are problems found before. */
export function createReader(typed: Typed, noted: readonly Problem[] = []): Reader {
  const problems: Problem[] = [...noted]
  const raw = (name: string): string | undefined => {
    const value = typed[camelCase(name)]
    return typeof value === 'string' ? value : undefined
  }
  const problem = (path: string, got: string | undefined, expected: string): void => {
    problems.push({ path, got: got === undefined ? 'nothing' : quoted(got), expected })
  }
  /** Reads with `parse`; what it does not understand is a problem. */
  function parsed<Value>(
    name: string,
    parse: (text: string) => Value | undefined,
    expected: string
  ): Value | undefined {
    const text = raw(name)
    if (text === undefined) return undefined
    const value = parse(text)
    if (value === undefined) problem(`--${name}`, text, expected)
    return value
  }

  return {
    text: raw,
    texts: (name) => (typed[camelCase(name)] as readonly string[] | undefined) ?? [],
    list: (name) =>
      raw(name)
        ?.split(',')
        .map((item) => item.trim()),
    flag: (name) => typed[camelCase(name)] === true,
    wholeNumber: (name, { min, max }) =>
      parsed(name, (text) => wholeNumber(text, min, max), `a whole number from ${min} to ${max}`),
    durationMs: (name, limits) => parsed(name, (text) => duration(text, limits), durationExpected(limits)),
    oneOf: (name, choices) =>
      parsed(name, (text) => choices.find((choice) => choice === text), `one of ${choices.join(', ')}`),
    problem,
    note: (noted) => void problems.push(noted),
    finish() {
      if (problems.length > 0) throw new OptionsError(problems)
    }
  }
}

/** What a person typed, between quotation marks and safe to print. */
export const quoted = (text: string): string => `"${safeText(text, 60)}"`

/** A problem as one sentence. */
export function problemSentence({ path, got, expected }: Problem): string {
  return `${path}: expected ${expected}, got ${got}.`
}

/** A list of number 1 to `max`, e.g. `2,5`; `undefined` if it is anything else. */
export function numbersOf(text: string, max: number): readonly number[] | undefined {
  const numbers = text.split(',').map((item) => wholeNumber(item.trim(), 1, max))
  return numbers.every((number) => number !== undefined) ? [...new Set(numbers)] : undefined
}

function wholeNumber(text: string, min: number, max: number): number | undefined {
  const number = Number(text)
  return /^\d{1,15}$/.test(text) && number >= min && number <= max ? number : undefined
}

function duration(text: string, { minMs, maxMs, bareUnit }: DurationLimits): number | undefined {
  const ms = parseDurationMs(text, bareUnit)
  return ms !== undefined && ms >= minMs && ms <= maxMs ? ms : undefined
}

function durationExpected({ minMs, maxMs }: DurationLimits): string {
  return `a length of time like 500ms, 60s or 2m, from ${durationInWords(minMs)} to ${durationInWords(maxMs)}`
}

function camelCase(name: string): string {
  return name.replace(/-([a-z])/g, (_, letter: string) => letter.toUpperCase())
}
