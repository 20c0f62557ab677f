/**
 * Charters as files: reading one with every problem found, writing one whole or not at all.
 *
 * @packageDocumentation
 */

import { randomBytes } from 'node:crypto'
import { existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { toHex } from '../core/bytes.ts'
import { OptionsError } from '../core/errors.ts'
import { safeText } from '../core/text.ts'
import {
  CHARTER_LIMITS,
  type Charter,
  charterText,
  type Member,
  newCharterTerms,
  readCharter,
  signCharter
} from '../decision/charter.ts'
import { CHARTER_FILE } from '../launcher/community.ts'
import { loadOrCreateIdentity } from '../storage/identity.ts'
import { verify } from '../storage/keys.ts'

/** Bytes of the largest file that is read as a charter. */
const CHARTER_SIZE_BYTES_MAX = 256 * 1024

/** A new charter that nobody has signed yet. */
export function newCharter(name: string, members: readonly Member[]): Charter {
  const nonce = toHex(randomBytes(CHARTER_LIMITS.nonceSizeBytes))
  return { ...newCharterTerms({ name, members, nonce }), signatures: {} }
}

/** Reads a charter that may lack signatures; those it has are good. Throws `OptionsError` with every problem. */
export function readCharterFile(file: string): Charter {
  return readCharter(parse(file), verify)
}

/** Writes a charter so that the file is the old one or the new one at any moment. */
export function writeCharterFile(file: string, charter: Charter): void {
  const temporary = `${file}.${process.pid}.new`
  writeFileSync(temporary, charterText(charter), { mode: 0o644 })
  renameSync(temporary, file)
}

/** Adds the signature of the identity in `dataDirectory`. Throws `OptionsError` if it is no member. */
export async function signWith(charter: Charter, dataDirectory: string): Promise<Charter> {
  const { key, sign } = await loadOrCreateIdentity(dataDirectory)
  return signCharter(charter, key, sign)
}

/** Founds a community of one in `dataDirectory`, if it holds no charter yet. */
export async function foundMember(dataDirectory: string, name: string): Promise<void> {
  const file = join(dataDirectory, CHARTER_FILE)
  if (existsSync(file)) return
  mkdirSync(dataDirectory, { recursive: true, mode: 0o700 })
  const { key, sign } = await loadOrCreateIdentity(dataDirectory)
  writeCharterFile(file, signCharter(newCharter(name, [{ key, name }]), key, sign))
}

function parse(file: string): unknown {
  const refuse = (got: string): OptionsError =>
    new OptionsError([{ path: safeText(file), got, expected: 'a charter file (JSON)' }])
  let text: string
  try {
    text = readFileSync(file, 'utf8')
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    throw refuse(code === 'ENOENT' ? 'no such file' : `a file that cannot be read (${code})`)
  }
  if (text.length > CHARTER_SIZE_BYTES_MAX) throw refuse('a file that is too large')
  try {
    return JSON.parse(text)
  } catch {
    throw refuse('something that is not JSON')
  }
}
