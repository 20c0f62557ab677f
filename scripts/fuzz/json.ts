/** Text that a reader of JSON should be able to take: valid documents with something else in some place. */

import { utf8 } from '../../src/core/bytes.ts'
import { prettyJson } from '../../src/core/canonical.ts'
import { type Random, randomBelow } from '../../src/core/random.ts'
import { BYTE_MAKERS, type Make, pick } from './bytes.ts'

type Json = null | boolean | number | string | Json[] | { [name: string]: Json }

/** What may stand anywhere in a hostile document. */
const ODDITIES: readonly string[] = [
  ...[
    'null',
    'true',
    '0',
    '-0',
    '-1',
    '0.5',
    '1e21',
    '1e400',
    '9007199254740992',
    '""',
    '"a"',
    '"\\u0000"',
    '"\\ud800"'
  ],
  ...['[]', '{}', '[[[[[]]]]]', '[null]', '{"__proto__":{"length":1}}', '{"constructor":{}}', '{"length":3}'],
  ...[`"${'x'.repeat(5_000)}"`, `"${'\u202e'.repeat(50)}"`, `[${Array(300).fill('0').join()}]`]
]

/** As deep as a document may be that is within the limits of length. */
const DEPTHS = [10, 1_000, 30_000] as const

const PLACE = '@place@'

/** A place in a document; the document is changed there by `change`. */
function atRandomPlace(
  random: Random,
  document: Json,
  change: (parent: Json[] | { [name: string]: Json }, name: string) => void
) {
  let parent = document
  for (;;) {
    if (typeof parent !== 'object' || parent === null) return
    const names = Object.keys(parent)
    if (names.length === 0) return
    const name = pick(random, names)
    const child = (parent as { [name: string]: Json })[name] as Json
    if (typeof child !== 'object' || child === null || Object.keys(child).length === 0 || random() < 0.25) {
      change(parent as { [name: string]: Json }, name)
      return
    }
    parent = child
  }
}

/** The file form, in which readers want some documents, or else any. */
function textOf(random: Random, document: Json): string {
  if (random() < 0.1) return JSON.stringify(document)
  try {
    return prettyJson(document)
  } catch {
    return JSON.stringify(document)
  }
}

const parsed = (sample: Uint8Array): Json => JSON.parse(new TextDecoder().decode(sample)) as Json

/** Another value in one place. */
const replaced: Make = (random, samples) => {
  const document = parsed(pick(random, samples))
  const isDeep = random() < 0.001
  const depth = isDeep ? pick(random, DEPTHS) : 0
  const odd = isDeep ? '['.repeat(depth) + ']'.repeat(depth) : pick(random, ODDITIES)
  atRandomPlace(random, document, (parent, name) => {
    ;(parent as { [name: string]: Json })[name] = PLACE
  })
  return utf8(textOf(random, document).replace(`"${PLACE}"`, () => odd))
}

/** A member or item less, one twice, or one of another document. */
const moved: Make = (random, samples) => {
  const document = parsed(pick(random, samples))
  const other = parsed(pick(random, samples))
  const how = randomBelow(random, 4)
  atRandomPlace(random, document, (parent, name) => {
    const fields = parent as { [name: string]: Json }
    if (how === 0) {
      if (Array.isArray(parent)) parent.splice(Number(name), 1)
      else delete parent[name]
    } else if (how === 1) {
      if (Array.isArray(parent)) parent.push(structuredClone(fields[name] as Json))
      else parent[`${name}2`] = structuredClone(fields[name] as Json)
    } else if (how === 2) {
      fields[name] = nudged(random, fields[name] as Json)
    } else {
      atRandomPlace(random, other, (from, key) => {
        fields[name] = (from as { [name: string]: Json })[key] as Json
      })
    }
  })
  return utf8(textOf(random, document))
}

/** Almost the same value. */
function nudged(random: Random, value: Json): Json {
  if (typeof value === 'number') return value + randomBelow(random, 3) - 1
  if (typeof value !== 'string' || value.length === 0) return value
  const at = randomBelow(random, value.length)
  return (
    value.slice(0, at) +
    pick(random, ['0', 'a', 'F', ' ', '\n', '\u0301', '']) +
    value.slice(at + randomBelow(random, 2))
  )
}

/** Members in the opposite order, as no writer of ours has them. */
const reversed: Make = (random, samples) => {
  const document = parsed(pick(random, samples))
  if (typeof document !== 'object' || document === null || Array.isArray(document)) return pick(random, samples)
  return utf8(JSON.stringify(Object.fromEntries(Object.entries(document).toReversed()), null, 2))
}

/** Every way, as often as it stands here. */
export const JSON_MAKERS: readonly Make[] = [
  ...[replaced, replaced, replaced, moved, moved, moved, reversed],
  ...BYTE_MAKERS.slice(0, 13)
]
