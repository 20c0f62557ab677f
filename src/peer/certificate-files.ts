/**
 * Certificates as files for people: the store holds them for the peer, and these copies are to be looked at and passed on.
 *
 * @packageDocumentation
 */

import { readdir, rename, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { OperationError } from '../core/errors.ts'
import type { DecisionId } from '../core/ids.ts'
import type { Store } from '../storage/store.ts'

const directoryIn = (dataDirectory: string): string => join(dataDirectory, 'certificates')

/** Writes one certificate: under its name there is a whole file or none, whenever the process dies. */
export async function writeCertificateFile(dataDirectory: string, decision: DecisionId, text: string): Promise<void> {
  const path = join(directoryIn(dataDirectory), `${decision}.json`)
  try {
    await writeFile(`${path}.new`, text)
    await rename(`${path}.new`, path)
  } catch (error) {
    throw new OperationError('A certificate cannot be written as a file; is the disk full?', 'unknown', error)
  }
}

/** Writes what the store holds and no file does: a crash may have come in between. */
export async function writeMissingCertificateFiles(dataDirectory: string, store: Store): Promise<void> {
  const directory = directoryIn(dataDirectory)
  const there = new Set(await readdir(directory))
  for (const decision of store.decided.filter((id) => !there.has(`${id}.json`))) {
    const text = await store.certificate(decision)
    if (text !== undefined) await writeCertificateFile(dataDirectory, decision, text)
  }
}
