/**
 * Ed25519 as the operating system's library does it: signing with one kept key, verifying with a small memory of keys.
 *
 * A key is turned into the library's own object once and kept, because turning it costs about as much as a signature.
 *
 * Source: RFC 8032 (Ed25519), RFC 8410 (its DER forms).
 *
 * @packageDocumentation
 */

import {
  createPrivateKey,
  createPublicKey,
  type KeyObject,
  sign as signBytes,
  verify as verifyBytes
} from 'node:crypto'
import { concatBytes, fromHex, toHex } from '../core/bytes.ts'
import { invariant } from '../core/errors.ts'
import { type PublicKey, SIGNATURE_SIZE_BYTES, type Sign, type Verify } from '../core/keys.ts'

/** Bytes of the seed from which an Ed25519 key pair is derived. */
export const SEED_SIZE_BYTES = 32

const KEY_SIZE_BYTES = 32

/** What stands before the seed in PKCS #8, and before the public key in SPKI (RFC 8410). */
const PRIVATE_KEY_PREFIX = fromHex('302e020100300506032b657004220420') as Uint8Array
const PUBLIC_KEY_PREFIX = fromHex('302a300506032b6570032100') as Uint8Array

/** Public keys kept ready. Several communities of the largest size fit; outsiders only push each other out. */
const KEPT_KEYS_MAX = 1_024

/** A key pair: who I am, and how I sign. */
export interface KeyPair {
  readonly key: PublicKey
  readonly sign: Sign
}

/** The key pair of a seed of 32 bytes. */
export function nodeKeys(seed: Uint8Array): KeyPair {
  invariant(seed.length === SEED_SIZE_BYTES, 'a seed is 32 bytes long')
  const privateKey = createPrivateKey({
    key: Buffer.from(concatBytes(PRIVATE_KEY_PREFIX, seed)),
    format: 'der',
    type: 'pkcs8'
  })
  const spki = createPublicKey(privateKey).export({ format: 'der', type: 'spki' })
  return {
    key: toHex(spki.subarray(PUBLIC_KEY_PREFIX.length)) as PublicKey,
    sign: (message) => new Uint8Array(signBytes(null, message, privateKey))
  }
}

const kept = new Map<PublicKey, KeyObject>()

/** True if `signature` over `message` was made with `key`. Never throws. */
export const verify: Verify = (key, message, signature) => {
  if (signature.length !== SIGNATURE_SIZE_BYTES) return false
  const publicKey = publicKeyOf(key)
  if (publicKey === undefined) return false
  try {
    return verifyBytes(null, message, publicKey, signature)
  } catch {
    return false
  }
}

function publicKeyOf(key: PublicKey): KeyObject | undefined {
  const ready = kept.get(key)
  if (ready !== undefined) return ready
  const made = makePublicKey(key)
  if (made === undefined) return undefined
  if (kept.size >= KEPT_KEYS_MAX) kept.delete(kept.keys().next().value as PublicKey)
  kept.set(key, made)
  return made
}

function makePublicKey(key: PublicKey): KeyObject | undefined {
  const bytes = fromHex(key)
  if (bytes?.length !== KEY_SIZE_BYTES) return undefined
  try {
    const der = Buffer.from(concatBytes(PUBLIC_KEY_PREFIX, bytes))
    return createPublicKey({ key: der, format: 'der', type: 'spki' })
  } catch {
    return undefined
  }
}
