/**
 * One value, one text: JSON in a form that leaves no choice, so that equal values have equal hashes and signatures.
 *
 * Two forms of the same thing. `canonicalJson` is what gets hashed and signed: no white space, members of objects sorted
 * by UTF-16 code unit. `prettyJson` is how the same value stands in a file that people read. Both refuse whatever JSON
 * would bend silently: `undefined`, fractions, numbers beyond 2^53, unpaired surrogates, objects with a class. Refusing is
 * an `InvariantError`, because documents from others are checked before they come here.
 *
 * Source: RFC 8785, JSON Canonicalization Scheme; numbers restricted to safe integers.
 *
 * @packageDocumentation
 */

import { invariant } from './errors.ts'

/** Levels of nesting that any of our documents may have; a cycle ends here too. */
const DEPTH_MAX = 32

/** The one text of `value` that is hashed and signed. */
export function canonicalJson(value: unknown): string {
  return write(value, 0, COMPACT)
}

/** The one text of `value` that stands in a file: two spaces a level, sorted members, a newline at the end. */
export function prettyJson(value: unknown): string {
  return `${write(value, 0, PRETTY)}\n`
}

/** What differs between the two forms. */
interface Layout {
  /** Between a bracket or comma and what follows it, at a depth. */
  readonly gap: (depth: number) => string
  /** Between a member's name and its value. */
  readonly colon: string
}

const COMPACT: Layout = { gap: () => '', colon: ':' }
const PRETTY: Layout = { gap: (depth) => `\n${'  '.repeat(depth)}`, colon: ': ' }

function write(value: unknown, depth: number, layout: Layout): string {
  invariant(depth <= DEPTH_MAX, 'a canonical document is not nested deeply')
  if (value === null || typeof value === 'boolean') return String(value)
  if (typeof value === 'string') return writeString(value)
  if (typeof value === 'number') return writeNumber(value)
  if (Array.isArray(value))
    return enclose(
      '[',
      value.map((item) => write(item, depth + 1, layout)),
      ']',
      depth,
      layout
    )
  return writeObject(value, depth, layout)
}

function writeString(text: string): string {
  invariant(text.isWellFormed(), 'a canonical string has no unpaired surrogate')
  return JSON.stringify(text)
}

function writeNumber(number: number): string {
  invariant(Number.isSafeInteger(number), 'a canonical number is a safe integer')
  return String(number)
}

function writeObject(value: unknown, depth: number, layout: Layout): string {
  invariant(isPlainObject(value), 'a canonical value is a string, boolean, null, number, array or plain object')
  const members = Object.keys(value).sort(byCodeUnit)
  const parts = members.map((name) => `${writeString(name)}${layout.colon}${write(value[name], depth + 1, layout)}`)
  return enclose('{', parts, '}', depth, layout)
}

function enclose(open: string, parts: readonly string[], close: string, depth: number, layout: Layout): string {
  if (parts.length === 0) return open + close
  const inner = layout.gap(depth + 1)
  return `${open}${inner}${parts.join(`,${inner}`)}${layout.gap(depth)}${close}`
}

function isPlainObject(value: unknown): value is Record<string, unknown> {
  if (typeof value !== 'object' || value === null) return false
  const prototype = Object.getPrototypeOf(value)
  return prototype === Object.prototype || prototype === null
}

/** JavaScript's own order of strings is by UTF-16 code unit; said aloud because the signatures depend on it. */
function byCodeUnit(left: string, right: string): number {
  return left < right ? -1 : left > right ? 1 : 0
}
