/**
 * Certificates as files for people: the store holds them for the peer, and these copies are to be looked at and passed on.
 *
 * A copy that cannot be written, because the disk is full or somebody took the directory away, costs the peer nothing: it is
 * remembered, and written when the next one is, or when somebody says that the disk has room again.
 *
 * @packageDocumentation
 */

import { mkdir, readdir, rename, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { DecisionId } from '../core/ids.ts'
import { crashPoint } from '../storage/crash-points.ts'
import type { Store } from '../storage/store.ts'

/** Writes certificates as files. No method throws. */
export class CertificateFiles {
  readonly #directory: string
  readonly #store: Pick<Store, 'decided' | 'certificate'>
  readonly #missing = new Set<DecisionId>()

  constructor(dataDirectory: string, store: Pick<Store, 'decided' | 'certificate'>) {
    this.#directory = join(dataDirectory, 'certificates')
    this.#store = store
  }

  /** Certificates in the store that could not be written as files. */
  get missingCount(): number {
    return this.#missing.size
  }

  /** Writes one certificate, and those that could not be written before. */
  async write(decision: DecisionId, text: string): Promise<void> {
    this.#missing.add(decision)
    if (!(await this.#tryWrite(decision, text))) return
    await this.writeMissing()
  }

  /** Looks which of the store's certificates have no file, as after a crash in between, and writes them. */
  async catchUp(): Promise<void> {
    const there = new Set(await readdir(this.#directory).catch(() => []))
    for (const decision of this.#store.decided) if (!there.has(`${decision}.json`)) this.#missing.add(decision)
    await this.writeMissing()
  }

  /** Writes what could not be written before, until something cannot be again. */
  async writeMissing(): Promise<void> {
    for (const decision of this.#missing) {
      const text = await this.#store.certificate(decision).catch(() => undefined)
      // A certificate that cannot be read here may be readable another time; the others do not wait for it.
      if (text !== undefined && !(await this.#tryWrite(decision, text))) return
    }
  }

  /** Under its name there is a whole file or none, whenever the process dies. */
  async #tryWrite(decision: DecisionId, text: string): Promise<boolean> {
    const path = join(this.#directory, `${decision}.json`)
    try {
      await mkdir(this.#directory, { recursive: true, mode: 0o700 })
      await writeFile(`${path}.new`, text)
      crashPoint('certificate-before-rename')
      await rename(`${path}.new`, path)
      crashPoint('certificate-after-rename')
      this.#missing.delete(decision)
      return true
    } catch {
      return false
    }
  }
}
