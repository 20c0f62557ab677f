/**
 * A small file beside the store that says how far the store had come: it shows a store that was wiped or put back.
 *
 * A store taken from an older copy is perfectly whole; only something outside it can tell that it is not the newest. So the
 * number of each batch goes into `store-mark` as soon as the batch is on disk and before anybody acts on it, with one write
 * of a few bytes in place. The file is not forced to disk: it survives the death of the process, and after a power cut it
 * may be older than the store, which proves nothing. A mark that is newer than the store proves that the store has lost
 * something.
 *
 * @packageDocumentation
 */

import { hash } from 'node:crypto'
import { closeSync, ftruncateSync, openSync, readFileSync, writeSync } from 'node:fs'
import { join } from 'node:path'

/** The file's name in a data directory. */
export const MARK_FILE = 'store-mark'

/** Only the peer's own user may write it; others have no business reading it either. */
const FILE_MODE = 0o600

const FORMAT = 'equipotent-mark/1'

/** Digits of a hexadecimal checksum: 64 bits. */
const CHECKSUM_LENGTH = 16

/** Digits of each number, so that every mark is as long as the one it is written over. */
const NUMBER_LENGTH = 16

/** Bytes of a mark. */
const MARK_SIZE_BYTES = FORMAT.length + 2 * (1 + NUMBER_LENGTH) + 1 + CHECKSUM_LENGTH + 1

/** What a mark says. */
export interface Mark {
  /** The last batch that was acknowledged. */
  readonly batch: number
  readonly life: number
}

/** Reads the mark: `undefined` if there is none, `unreadable` if there is one that says nothing. Never throws. */
export function readMark(dataDirectory: string): Mark | 'unreadable' | undefined {
  try {
    return parseMark(readFileSync(join(dataDirectory, MARK_FILE), 'latin1'))
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'ENOENT' ? undefined : 'unreadable'
  }
}

function parseMark(text: string): Mark | 'unreadable' {
  const [, batch, life] = /^equipotent-mark\/1 (\d{16}) (\d{16}) [0-9a-f]{16}\n$/.exec(text) ?? []
  const mark = { batch: Number(batch), life: Number(life) }
  return batch !== undefined && formatMark(mark) === text ? mark : 'unreadable'
}

function formatMark({ batch, life }: Mark): string {
  const said = [FORMAT, ...[batch, life].map((number) => String(number).padStart(NUMBER_LENGTH, '0'))].join(' ')
  return `${said} ${hash('sha256', said, 'hex').slice(0, CHECKSUM_LENGTH)}\n`
}

/** The mark of an open store. It comes into being with the first batch. */
export class MarkFile {
  readonly #path: string
  #descriptor: number | undefined

  constructor(dataDirectory: string) {
    this.#path = join(dataDirectory, MARK_FILE)
  }

  /** Says that a batch is on disk. Never throws: a mark that could not be written is an older one, which does no harm. */
  write(mark: Mark): void {
    try {
      this.#descriptor ??= openForWriting(this.#path)
      writeSync(this.#descriptor, formatMark(mark), 0)
    } catch {
      // The next batch tries again.
    }
  }

  close(): void {
    if (this.#descriptor !== undefined) closeSync(this.#descriptor)
    this.#descriptor = undefined
  }
}

/** Opens without emptying: whenever the process dies, a whole mark stands there. What stands behind it is cut off. */
function openForWriting(path: string): number {
  try {
    const descriptor = openSync(path, 'r+')
    ftruncateSync(descriptor, MARK_SIZE_BYTES)
    return descriptor
  } catch {
    return openSync(path, 'wx', FILE_MODE)
  }
}
