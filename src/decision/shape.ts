/**
 * Describing the shape of a document from a stranger, as a table, and listing everything that is wrong with it.
 *
 * A `Check` looks at one value and answers with problems, none if all is well. Checks compose: a record of checks is a
 * check. They look only at what the table names, refuse every other field, and never descend further than the table does,
 * so a document that passes is bounded in depth and free of surprises such as a field called `__proto__`.
 *
 * What a check accepts is the same in every process and every release of Unicode: no folding, no normalisation.
 *
 * @packageDocumentation
 */

import type { Problem } from '../core/errors.ts'
import { codePointCount, safeText } from '../core/text.ts'

/** Finds what is wrong with `value`, which stands at `path`. */
export type Check = (value: unknown, path: string) => readonly Problem[]

/** One problem, with `got` made safe to print. */
export function problemAt(path: string, value: unknown, expected: string): Problem {
  return { path: path === '' ? 'document' : path, got: describe(value), expected }
}

/** The path of a field or list item; names from strangers are made safe to print. */
export function below(path: string, key: string | number): string {
  const step = safeText(String(key), 70)
  return path === '' ? step : `${path}.${step}`
}

/** True for what JSON calls an object. */
export function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/** What a value is, in a few safe words. */
function describe(value: unknown): string {
  if (value === undefined) return 'nothing'
  if (typeof value === 'string') return `"${safeText(value, 40)}"`
  if (Array.isArray(value)) return `a list of ${value.length}`
  return isObject(value) ? 'an object' : safeText(String(value), 40)
}

/** A check from a yes or no. */
const accept =
  (expected: string, isRight: (value: unknown) => boolean): Check =>
  (value, path) =>
    isRight(value) ? [] : [problemAt(path, value, expected)]

/** Text of 1 to `codePointsMax` code points, not only white space, without unpaired surrogates. */
export const text = (codePointsMax: number): Check =>
  accept(`text of 1 to ${codePointsMax} characters, not only spaces`, (value) => {
    if (typeof value !== 'string' || !value.isWellFormed() || !/\S/.test(value)) return false
    return codePointCount(value, codePointsMax + 1) <= codePointsMax
  })

/** `sizeBytes` bytes as lower-case hexadecimal. */
export const hex = (sizeBytes: number): Check =>
  accept(
    `${sizeBytes * 2} lower-case hexadecimal digits`,
    (value) => typeof value === 'string' && value.length === sizeBytes * 2 && /^[0-9a-f]*$/.test(value)
  )

/** One of these words. */
export const oneOf = (...words: readonly string[]): Check =>
  accept(words.join(' or '), (value) => typeof value === 'string' && words.includes(value))

/** A whole number within bounds, both included. */
export const wholeNumber = (min: number, max: number): Check =>
  accept(
    `a whole number from ${min} to ${max}`,
    (value) => typeof value === 'number' && Number.isSafeInteger(value) && value >= min && value <= max
  )

/** What `check` accepts, or null. */
export const orNull =
  (check: Check): Check =>
  (value, path) =>
    value === null ? [] : check(value, path)

/** A list of `min` to `max` items. A list of the wrong length is one problem, and its items are not looked at. */
export function listOf(item: Check, min: number, max: number): Check {
  return (value, path) => {
    if (!Array.isArray(value) || value.length < min || value.length > max) {
      return [problemAt(path, value, `a list of ${min} to ${max}`)]
    }
    return value.flatMap((entry, index) => item(entry, below(path, index)))
  }
}

/** Unknown fields that are told of: a document may have any number, and a person needs to see only some. */
const UNKNOWN_TOLD_MAX = 20

/** An object with exactly these fields. */
export function record(fields: Readonly<Record<string, Check>>): Check {
  return (value, path) => {
    if (!isObject(value)) return [problemAt(path, value, 'an object')]
    const known = Object.entries(fields).flatMap(([name, check]) =>
      check(Object.hasOwn(value, name) ? value[name] : undefined, below(path, name))
    )
    const unknown = Object.keys(value).filter((name) => !Object.hasOwn(fields, name))
    return [
      ...known,
      ...unknown.slice(0, UNKNOWN_TOLD_MAX).map((name) => problemAt(below(path, name), value[name], 'no such field'))
    ]
  }
}
