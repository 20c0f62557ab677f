/**
 * Checks the database's tables before the database reads them.
 *
 * The database ends the whole process over some kinds of damage to its tables, and shows others as if all were well,
 * because it does not look at the checksums they carry. So they are looked at here: each block of a table is followed by one
 * byte for its kind and a CRC of both, and a footer tells where the last two blocks stand. The blocks follow one another
 * without a gap, so each one's end is where the checksum fits.
 *
 * A table that does not check is set aside before the database opens, and there are two cases. The database was killed
 * while it wrote the table: then it does not know the table, opens, and the table may go. Or the database needs the table:
 * then it says that a file is missing and does not open, and the table is put back for a person to look at.
 *
 * Source: LevelDB, doc/table_format.md, table/format.cc, util/crc32c.h.
 *
 * @packageDocumentation
 */

import { readdir, readFile, rename, unlink } from 'node:fs/promises'
import { join } from 'node:path'

const TABLE_NAME = /\.(ldb|sst)$/
const ASIDE = '.set-aside'

/** The kind of a block, one byte, and its masked CRC, four. */
const TRAILER_SIZE_BYTES = 5

/** A block is stored as it is, or compressed. */
const KIND_MAX = 1

const FOOTER_SIZE_BYTES = 48
const MAGIC = Uint8Array.of(0x57, 0xfb, 0x80, 0x8b, 0x24, 0x75, 0x47, 0xdb)

/** Castagnoli’s polynomial, its bits from the lowest. */
const POLYNOMIAL = 0x82f63b78
const CRC_TABLE = Uint32Array.from({ length: 256 }, (_, byte) => {
  let crc = byte
  for (let bit = 0; bit < 8; bit++) crc = crc & 1 ? (crc >>> 1) ^ POLYNOMIAL : crc >>> 1
  return crc
})

/** What the database adds to a CRC that it stores, after turning it. */
const MASK_DELTA = 0xa282ead8

/** The tables in a database's directory that are not whole. */
export async function damagedTables(directory: string): Promise<string[]> {
  const damaged: string[] = []
  for (const name of await namesIn(directory, TABLE_NAME)) {
    const table = await readFile(join(directory, name)).catch(() => undefined)
    if (table !== undefined && !isWholeTable(table)) damaged.push(name)
  }
  return damaged
}

/** Takes tables out of the database's sight. */
export async function setAside(directory: string, names: readonly string[]): Promise<void> {
  for (const name of names) await move(join(directory, name), join(directory, `${name}${ASIDE}`))
}

/** Puts back every table that was set aside, in this life or an earlier one. */
export async function putBack(directory: string): Promise<void> {
  for (const name of await namesAside(directory)) {
    await move(join(directory, name), join(directory, name.slice(0, -ASIDE.length)))
  }
}

/** Removes every table that was set aside. */
export async function dropAside(directory: string): Promise<void> {
  for (const name of await namesAside(directory)) await unlink(join(directory, name)).catch(() => undefined)
}

const namesAside = (directory: string): Promise<string[]> => namesIn(directory, /\.set-aside$/)

async function namesIn(directory: string, pattern: RegExp): Promise<string[]> {
  return (await readdir(directory).catch(() => [])).filter((name) => pattern.test(name))
}

/** A file that has gone in the meantime need not be moved; one that cannot be moved stays, and is refused where it is. */
async function move(from: string, to: string): Promise<void> {
  await rename(from, to).catch(() => undefined)
}

interface Block {
  readonly offset: number
  readonly size: number
}

/** True if every block of a table is what was written, and its footer leads to the last two. */
export function isWholeTable(table: Uint8Array): boolean {
  const end = table.length - FOOTER_SIZE_BYTES
  if (end < 0 || MAGIC.some((byte, index) => table[table.length - MAGIC.length + index] !== byte)) return false
  const [meta, index] = blocksFrom(table, 0, end, { left: RETRIES_MAX })?.slice(-2) ?? []
  const footer = readNumbers(table, end)
  return meta !== undefined && [meta.offset, meta.size, index?.offset, index?.size].every((n, at) => n === footer[at])
}

/** How often the search goes back: a fit by chance is rare, and a damaged table must not be searched for ever. */
const RETRIES_MAX = 16

/** Blocks from here to the end without a gap, or `undefined`. Where something fits inside a block, the search goes on behind it. */
function blocksFrom(table: Uint8Array, offset: number, end: number, retries: { left: number }): Block[] | undefined {
  if (offset === end) return []
  for (const block of blocksAt(table, offset, end)) {
    const rest = blocksFrom(table, offset + block.size + TRAILER_SIZE_BYTES, end, retries)
    if (rest !== undefined) return [block, ...rest]
    if (retries.left-- <= 0) return undefined
  }
  return undefined
}

/** What may be the block that begins here: it ends where a kind and a checksum follow that fit it. */
function* blocksAt(table: Uint8Array, offset: number, end: number): Generator<Block> {
  let crc = 0xffffffff
  for (let at = offset; at + TRAILER_SIZE_BYTES <= end; at++) {
    const next = (CRC_TABLE[(crc ^ (table[at] as number)) & 0xff] as number) ^ (crc >>> 8)
    if ((table[at] as number) <= KIND_MAX && mask(~next) === littleEndian(table, at + 1)) {
      yield { offset, size: at - offset }
    }
    crc = next
  }
}

const mask = (crc: number): number => (((crc >>> 15) | (crc << 17)) + MASK_DELTA) >>> 0

function littleEndian(bytes: Uint8Array, at: number): number {
  const [a, b, c, d] = bytes.subarray(at, at + 4) as unknown as [number, number, number, number]
  return (a | (b << 8) | (c << 16) | (d << 24)) >>> 0
}

/** The four numbers of a footer, of seven bits a byte, the lowest first. */
function readNumbers(bytes: Uint8Array, start: number): number[] {
  const numbers: number[] = []
  let [number, factor] = [0, 1]
  for (let at = start; numbers.length < 4 && at < bytes.length; at++) {
    const byte = bytes[at] as number
    number += (byte & 0x7f) * factor
    factor *= 128
    if (byte >= 0x80) continue
    numbers.push(number)
    ;[number, factor] = [0, 1]
  }
  return numbers
}
