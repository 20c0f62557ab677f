/**
 * Whether a disk that was full has room again.
 *
 * To write again after a failed write, the database must be closed and opened anew, and opening it writes. On a disk that is
 * still full it would not open, and then nothing could be read either. So it stays open until a file of the size that is
 * needed could be written beside it.
 *
 * @packageDocumentation
 */

import { open, readdir, stat, unlink } from 'node:fs/promises'
import { join } from 'node:path'
import { storeDirectory } from './database.ts'

/** The file's name in a data directory, while it is there. */
export const PROBE_FILE = 'store-probe'

/** Room for the database's own files: a manifest, a fresh log, the index of a table. */
const MARGIN_BYTES = 256 * 1024

/** Bytes written at a time. */
const CHUNK = new Uint8Array(64 * 1024)

/** True if the database could be opened anew and `sizeBytes` more written. Never throws. */
export async function hasRoom(dataDirectory: string, sizeBytes: number): Promise<boolean> {
  const probe = join(dataDirectory, PROBE_FILE)
  try {
    // Opening writes the contents of the logs once more, as tables.
    const needed = (await logSizeBytes(dataDirectory)) + sizeBytes + MARGIN_BYTES
    await writeZeros(probe, needed)
    return true
  } catch {
    return false
  } finally {
    await dropProbe(dataDirectory)
  }
}

/** Removes what a process left that was killed while it looked for room. */
export async function dropProbe(dataDirectory: string): Promise<void> {
  await unlink(join(dataDirectory, PROBE_FILE)).catch(() => undefined)
}

async function logSizeBytes(dataDirectory: string): Promise<number> {
  const directory = storeDirectory(dataDirectory)
  // A database that is gone needs no room; opening it anew will show that it is gone.
  const logs = (await readdir(directory).catch(() => [])).filter((name) => name.endsWith('.log'))
  const sizes = await Promise.all(logs.map(async (name) => (await stat(join(directory, name))).size))
  return sizes.reduce((sum, size) => sum + size, 0)
}

async function writeZeros(path: string, sizeBytes: number): Promise<void> {
  const handle = await open(path, 'w', 0o600)
  try {
    for (let written = 0; written < sizeBytes; written += CHUNK.length) await handle.writeFile(CHUNK)
    await handle.sync()
  } finally {
    await handle.close()
  }
}
