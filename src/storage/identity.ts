/**
 * Who this peer is: one Ed25519 key pair for all its life, in the file `identity` of its data directory.
 *
 * A peer that lost its key would be another peer, and one whose key was replaced could no longer answer for what it said.
 * So the file is written once: completely under another name, onto the disk, and then linked to its own name, which the
 * file system refuses if the name is taken. Whatever crashes when, there is afterwards a complete identity or none, and
 * never a new one over an old one. A file that cannot be read is an error for a person to look at, not a reason to start
 * afresh.
 *
 * The file is one JSON object: the seed, and the public key derived from it, which shows a damaged seed.
 *
 * @packageDocumentation
 */

import { randomBytes } from 'node:crypto'
import { link, mkdir, open, readdir, readFile, unlink } from 'node:fs/promises'
import { join } from 'node:path'
import { fromHex, toHex } from '../core/bytes.ts'
import { OperationError, OptionsError } from '../core/errors.ts'
import type { PublicKey } from '../core/keys.ts'
import { safeText } from '../core/text.ts'
import { crashPoint } from './crash-points.ts'
import { type KeyPair, nodeKeys, SEED_SIZE_BYTES } from './keys.ts'

const FORMAT = 'equipotent-identity/1'

/** The temporary names of `writeOnce`. */
const LEFTOVER = /^identity\.\d+-[0-9a-f]{8}\.new$/

/** Only the peer's own user may read its key. */
const FILE_MODE = 0o600
const DIRECTORY_MODE = 0o700

/** A key pair with the seed it comes from, which the network layer needs as well. */
export interface Identity extends KeyPair {
  readonly seed: Uint8Array
}

/** Where the identity of a data directory stands. */
export const identityFile = (dataDirectory: string): string => join(dataDirectory, 'identity')

/** The identity of a seed. */
export function identityOf(seed: Uint8Array): Identity {
  return { ...nodeKeys(seed), seed }
}

/**
 * This data directory's identity; a new one, if there is none.
 *
 * Throws: `OptionsError` if the file is not an identity, `OperationError` if it cannot be read or written.
 */
export async function loadOrCreateIdentity(dataDirectory: string): Promise<Identity> {
  const identity = (await readIdentity(dataDirectory)) ?? (await createIdentity(dataDirectory))
  await removeLeftovers(dataDirectory)
  return identity
}

/** What a start that was killed left under a temporary name is a secret that nobody needs. */
async function removeLeftovers(dataDirectory: string): Promise<void> {
  const names = await readdir(dataDirectory).catch(() => [])
  const leftovers = names.filter((name) => LEFTOVER.test(name))
  await Promise.all(leftovers.map((name) => unlink(join(dataDirectory, name)).catch(() => undefined)))
}

/**
 * This data directory's identity, or `undefined` if there is none.
 *
 * Throws: `OptionsError` if the file is not an identity, `OperationError` if it cannot be read.
 */
export async function readIdentity(dataDirectory: string): Promise<Identity | undefined> {
  const file = identityFile(dataDirectory)
  let text: string
  try {
    text = await readFile(file, 'utf8')
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return undefined
    throw new OperationError(`The identity in ${safeText(file)} cannot be read.`, 'did-not-happen', error)
  }
  const identity = parseIdentity(text)
  if (identity !== undefined) return identity
  const expected = 'an identity file; it is damaged or something else, so put back a copy or use another data directory'
  throw new OptionsError([{ path: safeText(file), got: `${text.length} characters`, expected }])
}

/**
 * Writes an identity from a given seed. The launcher makes identities of local peers this way.
 *
 * Throws: `OperationError` if the directory has an identity already, or cannot be written.
 */
export async function createIdentityFile(dataDirectory: string, seed: Uint8Array): Promise<Identity> {
  const identity = identityOf(seed)
  if (await writeOnce(dataDirectory, formatIdentity(identity))) return identity
  throw new OperationError(`There is an identity in ${safeText(dataDirectory)} already.`, 'did-not-happen')
}

/** A new identity; or the one that another process has just put there. */
async function createIdentity(dataDirectory: string): Promise<Identity> {
  const identity = identityOf(new Uint8Array(randomBytes(SEED_SIZE_BYTES)))
  if (await writeOnce(dataDirectory, formatIdentity(identity))) return identity
  const other = await readIdentity(dataDirectory)
  if (other !== undefined) return other
  throw new OperationError(`The identity in ${safeText(dataDirectory)} comes and goes.`, 'did-not-happen')
}

/** True if the file is now there, complete and on the disk; false if its name was taken. */
async function writeOnce(dataDirectory: string, text: string): Promise<boolean> {
  const file = identityFile(dataDirectory)
  const temporary = `${file}.${process.pid}-${toHex(randomBytes(4))}.new`
  try {
    await mkdir(dataDirectory, { recursive: true, mode: DIRECTORY_MODE })
    try {
      crashPoint('identity-before-write')
      await writeToDisk(temporary, text)
      crashPoint('identity-before-link')
      await link(temporary, file)
      crashPoint('identity-after-link')
    } finally {
      await unlink(temporary).catch(() => undefined)
    }
    await syncDirectory(dataDirectory)
    return true
  } catch (error) {
    if (isNameTaken(error)) return false
    throw new OperationError(`No identity can be written into ${safeText(dataDirectory)}.`, 'did-not-happen', error)
  }
}

async function writeToDisk(file: string, text: string): Promise<void> {
  const handle = await open(file, 'wx', FILE_MODE)
  try {
    await handle.writeFile(text)
    await handle.sync()
  } finally {
    await handle.close()
  }
}

async function syncDirectory(directory: string): Promise<void> {
  const handle = await open(directory, 'r')
  try {
    await handle.sync()
  } finally {
    await handle.close()
  }
}

function formatIdentity({ key, seed }: Identity): string {
  return `${JSON.stringify({ format: FORMAT, key, seed: toHex(seed) })}\n`
}

/** The text of an identity file as an identity, or `undefined` if it is none. Never throws. */
export function parseIdentity(text: string): Identity | undefined {
  const stored = parseObject(text)
  if (stored === undefined || stored.format !== FORMAT || typeof stored.seed !== 'string') return undefined
  const seed = fromHex(stored.seed)
  if (seed?.length !== SEED_SIZE_BYTES) return undefined
  const identity = identityOf(seed)
  return identity.key === stored.key ? identity : undefined
}

interface StoredIdentity {
  readonly format?: unknown
  readonly key?: PublicKey
  readonly seed?: unknown
}

function parseObject(text: string): StoredIdentity | undefined {
  try {
    const value: unknown = JSON.parse(text)
    return typeof value === 'object' && value !== null ? value : undefined
  } catch {
    return undefined
  }
}

/**
 * True if it was the link that failed: a data directory that is a file exists as well. The temporary file is missing if
 * another process, whose identity stands by now, took it for a leftover.
 */
function isNameTaken(error: unknown): boolean {
  const isLink = error instanceof Error && 'syscall' in error && error.syscall === 'link'
  return isLink && (codeOf(error) === 'EEXIST' || codeOf(error) === 'ENOENT')
}

function codeOf(error: unknown): unknown {
  return error instanceof Error && 'code' in error ? error.code : undefined
}
