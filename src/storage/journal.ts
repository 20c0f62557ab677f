/**
 * A peer's journal: every trace event, one JSON object a line, appended to `journal.ndjson`.
 *
 * The journal is for people and verdicts; the store is what a peer lives from. So a journal may lose its last fraction of
 * a second and never takes its peer down with it: a full disk costs lines, which are counted. What is rare and tells the
 * story (a ballot, an outcome) is written at once; what is frequent (messages, rules) waits for company. A peer that was
 * killed may leave half a line; the next run starts on a fresh one, and readers step over what they cannot read.
 *
 * @packageDocumentation
 */

import { closeSync, existsSync, fstatSync, openSync, readFileSync, readSync, renameSync, writeSync } from 'node:fs'
import { join } from 'node:path'
import type { TraceEvent, TraceFact } from '../consensus/trace.ts'
import { crashPoint } from './crash-points.ts'

/** The file's name in a data directory. */
export const JOURNAL_FILE = 'journal.ndjson'

/** Where a full journal goes. One is kept, so a data directory holds at most two full files. */
export const JOURNAL_OLD_FILE = 'journal.1.ndjson'

/** Bytes at which a journal is full. */
export const JOURNAL_SIZE_BYTES_MAX = 64 * 1024 * 1024

/** Bytes that wait in memory before they are written without being asked. */
const BUFFER_SIZE_BYTES_MAX = 64 * 1024

/** How long a frequent event waits for company. Unit: milliseconds. */
const FLUSH_AFTER_MS = 100

/** Events so frequent that writing each at once would cost more than it tells. */
const FREQUENT: ReadonlySet<TraceFact['type']> = new Set<TraceFact['type']>([
  'message',
  'rule',
  'progress',
  'presence',
  'dropped',
  'meshed'
])

/** An open journal. */
export interface Journal {
  /** Adds one event. Never throws. */
  append(event: TraceEvent): void
  /** Writes what waits in memory. Never throws. */
  flush(): void
  /** Flushes and closes; further events are dropped. */
  close(): void
  /** Events that could not be written. */
  readonly lostCount: number
}

/** What `createJournal` may be told. */
export interface JournalOptions {
  /** Default: 64 MiB. */
  readonly sizeBytesMax?: number
}

/** Opens the journal at `path`, going on where an earlier run ended. */
export function createJournal(path: string, options: JournalOptions = {}): Journal {
  const sizeBytesMax = options.sizeBytesMax ?? JOURNAL_SIZE_BYTES_MAX
  let file: AppendFile | undefined = openAppend(path)
  let waiting: string[] = []
  let waitingBytes = 0
  let lostCount = 0
  let timer: NodeJS.Timeout | undefined

  function flush(): void {
    clearTimeout(timer)
    timer = undefined
    if (file === undefined || waiting.length === 0) return
    const lines = waiting
    waiting = []
    waitingBytes = 0
    try {
      if (file.sizeBytes >= sizeBytesMax) file = rotate(file, path)
      crashPoint('journal-before-write')
      file.write(lines.join(''))
      crashPoint('journal-after-write')
    } catch {
      lostCount += lines.length
    }
  }

  return {
    append(event) {
      if (file === undefined) return
      const line = `${JSON.stringify(event)}\n`
      waiting.push(line)
      waitingBytes += line.length
      if (!FREQUENT.has(event.type) || waitingBytes >= BUFFER_SIZE_BYTES_MAX) flush()
      else timer ??= setTimeout(flush, FLUSH_AFTER_MS).unref()
    },
    flush,
    close() {
      flush()
      file?.close()
      file = undefined
    },
    get lostCount() {
      return lostCount
    }
  }
}

/** A journal as it was read. */
export interface JournalRead {
  readonly events: readonly TraceEvent[]
  /** Lines that were no event: at most one for each time the peer was killed, on a sound disk. */
  readonly unreadableCount: number
}

/** Reads one journal file; lines that are torn or damaged are counted and left out. Throws if the file cannot be read. */
export function readJournal(path: string): JournalRead {
  const lines = readFileSync(path, 'utf8')
    .split('\n')
    .filter((line) => line !== '')
  const events = lines.map(parseEvent).filter((event) => event !== undefined)
  return { events, unreadableCount: lines.length - events.length }
}

/** Everything a data directory's journals hold, oldest first. A file that is not there is empty. */
export function readJournals(dataDirectory: string): JournalRead {
  const reads = [JOURNAL_OLD_FILE, JOURNAL_FILE].map((name) => tryReadJournal(join(dataDirectory, name)))
  return {
    events: reads.flatMap((read) => read.events),
    unreadableCount: reads.reduce((sum, read) => sum + read.unreadableCount, 0)
  }
}

function tryReadJournal(path: string): JournalRead {
  try {
    return readJournal(path)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return { events: [], unreadableCount: 0 }
    throw error
  }
}

/** One line as an event, or `undefined` if it is none. */
export function parseEvent(line: string): TraceEvent | undefined {
  try {
    const value: unknown = JSON.parse(line)
    return isEvent(value) ? value : undefined
  } catch {
    return undefined
  }
}

function isEvent(value: unknown): value is TraceEvent {
  if (typeof value !== 'object' || value === null) return false
  const { t, peer, type } = value as Partial<Record<'t' | 'peer' | 'type', unknown>>
  return typeof t === 'number' && typeof peer === 'string' && typeof type === 'string'
}

interface AppendFile {
  readonly sizeBytes: number
  write(text: string): void
  close(): void
}

function openAppend(path: string): AppendFile {
  const descriptor = openSync(path, 'a+', 0o600)
  let sizeBytes = fstatSync(descriptor).size
  let isTorn = sizeBytes > 0 && lastByte(descriptor, sizeBytes) !== NEWLINE
  return {
    get sizeBytes() {
      return sizeBytes
    },
    write(text) {
      const bytes = Buffer.from(isTorn ? `\n${text}` : text)
      isTorn = true
      for (let offset = 0; offset < bytes.length; ) {
        const written = writeSync(descriptor, bytes, offset)
        sizeBytes += written
        offset += written
      }
      isTorn = false
    },
    close: () => closeSync(descriptor)
  }
}

const NEWLINE = 0x0a

function lastByte(descriptor: number, sizeBytes: number): number | undefined {
  const byte = Buffer.alloc(1)
  readSync(descriptor, byte, 0, 1, sizeBytes - 1)
  return byte[0]
}

/** The full file is closed last: if no new one can be opened, this is tried again, and a closed one must not be written. */
function rotate(full: AppendFile, path: string): AppendFile {
  if (existsSync(path)) renameSync(path, join(path, '..', JOURNAL_OLD_FILE))
  const fresh = openAppend(path)
  full.close()
  return fresh
}
