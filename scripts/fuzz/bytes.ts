/**
 * Bytes that a reader should be able to take: random ones, and valid ones that something was done to.
 *
 * Random bytes alone die at the first check of any reader. So most inputs begin as something valid: a few bytes changed, cut
 * off, two spliced together, a length blown up, a field said twice, wrapped in itself many times.
 */

import { concatBytes } from '../../src/core/bytes.ts'
import { type Random, randomBelow } from '../../src/core/random.ts'

/** How an input is made of samples. */
export type Make = (random: Random, samples: readonly Uint8Array[]) => Uint8Array

export const pick = <Item>(random: Random, items: readonly Item[]): Item =>
  items[randomBelow(random, items.length)] as Item

/** Mostly short, sometimes as long as a reader's limits. */
const lengthOf = (random: Random): number => Math.floor(2 ** (random() * (random() < 0.002 ? 20 : 9)))

function noise(random: Random, length: number): Uint8Array {
  const bytes = new Uint8Array(length)
  for (let index = 0; index < length; index++) bytes[index] = random() * 256
  return bytes
}

/** Bytes at which readers stumble: zeros, the greatest of everything, varint ends, tags of the first fields. */
const LIKELY = [0, 1, 2, 8, 0x0a, 0x12, 0x1a, 0x22, 0x7b, 0x7d, 0x7f, 0x80, 0xc0, 0xfe, 0xff] as const

/** Numbers at the edges, as varints. */
const EDGES: readonly Uint8Array[] = [
  127n,
  2n ** 14n,
  2n ** 21n,
  2n ** 31n - 1n,
  2n ** 32n,
  2n ** 53n,
  2n ** 63n,
  2n ** 64n - 1n
]
  .map(varint)
  .concat([new Uint8Array(12).fill(0xff), Uint8Array.of(0x80, 0x80, 0)])

/** A number as a varint. */
export function varint(value: bigint): Uint8Array {
  const bytes: number[] = []
  for (let rest = value; ; rest >>= 7n) {
    const low = Number(rest & 0x7fn)
    if (rest < 0x80n) return Uint8Array.from([...bytes, low])
    bytes.push(low | 0x80)
  }
}

const splice = (bytes: Uint8Array, at: number, remove: number, insert: Uint8Array): Uint8Array =>
  concatBytes(bytes.subarray(0, at), insert, bytes.subarray(at + remove))

const random: Make = (random) => noise(random, lengthOf(random))

const same: Make = (random, samples) => pick(random, samples)

const changed: Make = (random, samples) => {
  const bytes = Uint8Array.from(pick(random, samples))
  for (let count = randomBelow(random, 6); count >= 0; count--) {
    const at = randomBelow(random, bytes.length)
    if (random() < 0.5) bytes[at] = (bytes[at] as number) ^ (1 << randomBelow(random, 8))
    else bytes[at] = random() < 0.5 ? pick(random, LIKELY) : random() * 256
  }
  return bytes
}

const cut: Make = (random, samples) => {
  const bytes = pick(random, samples)
  const at = randomBelow(random, bytes.length + 1)
  return random() < 0.8 ? bytes.subarray(0, at) : bytes.subarray(at)
}

const spliced: Make = (random, samples) => {
  const [one, other] = [pick(random, samples), pick(random, samples)]
  return concatBytes(
    one.subarray(0, randomBelow(random, one.length + 1)),
    other.subarray(randomBelow(random, other.length + 1))
  )
}

const inserted: Make = (random, samples) => {
  const bytes = pick(random, samples)
  const at = randomBelow(random, bytes.length + 1)
  return splice(bytes, at, randomBelow(random, 8), noise(random, randomBelow(random, 8)))
}

const repeated: Make = (random, samples) => {
  const bytes = pick(random, samples)
  const from = randomBelow(random, bytes.length + 1)
  const part = bytes.subarray(from, from + 1 + randomBelow(random, 64))
  const times = random() < 0.01 ? 2_000 : 1 + randomBelow(random, 8)
  return splice(bytes, from, 0, concatBytes(...Array.from({ length: times }, () => part)))
}

/** A length or number somewhere becomes one at an edge. */
const blownUp: Make = (random, samples) => {
  const bytes = pick(random, samples)
  return splice(bytes, randomBelow(random, bytes.length + 1), randomBelow(random, 3), pick(random, EDGES))
}

/** A message inside a field of itself, many times. */
const nested: Make = (random, samples) => {
  const depth = random() < 0.02 ? 400 : 1 + randomBelow(random, 12)
  const tag = (1 + randomBelow(random, 9)) * 8 + 2
  let bytes = pick(random, samples).subarray(0, 300)
  for (let level = 0; level < depth; level++)
    bytes = concatBytes(Uint8Array.of(tag), varint(BigInt(bytes.length)), bytes)
  return bytes
}

/** Fields of a protobuf message, said twice, left out, or in another order, with whatever is inside changed. */
const refielded: Make = (random, samples) => {
  const fields = fieldsOf(pick(random, samples))
  if (fields.length === 0) return changed(random, samples)
  const at = randomBelow(random, fields.length)
  const field = fields[at] as Uint8Array
  const how = randomBelow(random, 4)
  if (how === 0) return concatBytes(...fields.toSpliced(at, 1))
  if (how === 1) return concatBytes(...fields.toSpliced(randomBelow(random, fields.length + 1), 0, field))
  if (how === 2) return concatBytes(...fields.toSpliced(at, 1), field)
  return concatBytes(...fields.toSpliced(at, 1, withInside(random, field)))
}

/** A field with a change inside, and the length that it then has. */
function withInside(random: Random, field: Uint8Array): Uint8Array {
  const header = headerOf(field, 0)
  if (header === undefined || header.type !== 2) return changed(random, [field])
  const inside = field.subarray(header.end - header.length, header.end)
  if (inside.length === 0) return field
  const deeper = random() < 0.5 ? refielded(random, [inside]) : changed(random, [inside])
  return concatBytes(field.subarray(0, 1), varint(BigInt(deeper.length)), deeper)
}

interface Header {
  readonly type: number
  /** Bytes of what follows tag and length. */
  readonly length: number
  readonly end: number
}

/** The field that begins at `at`, if its tag is one byte long and it ends within the bytes. */
function headerOf(bytes: Uint8Array, at: number): Header | undefined {
  const type = (bytes[at] as number) & 7
  let value = 0
  let end = at + 1
  for (let shift = 1; ; shift *= 128) {
    const byte = bytes[end++]
    if (byte === undefined || shift > 2 ** 28) return undefined
    value += (byte & 0x7f) * shift
    if (byte < 0x80) break
  }
  if (type === 0) return { type, length: 0, end }
  return type === 2 && end + value <= bytes.length ? { type, length: value, end: end + value } : undefined
}

/** The fields of a protobuf message, one after the other; none if it is not one. */
function fieldsOf(bytes: Uint8Array): Uint8Array[] {
  const fields: Uint8Array[] = []
  for (let at = 0; at < bytes.length; ) {
    const header = headerOf(bytes, at)
    if (header === undefined) return []
    fields.push(bytes.subarray(at, header.end))
    at = header.end
  }
  return fields
}

/** Every way, as often as it stands here. */
export const BYTE_MAKERS: readonly Make[] = [
  ...[random, random, same, changed, changed, changed, cut, spliced, inserted, inserted],
  ...[repeated, blownUp, blownUp, nested, refielded, refielded, refielded, refielded]
]
