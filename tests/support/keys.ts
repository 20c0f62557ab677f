/**
 * Ed25519 for tests: real keys from small numbers, through the operating system's implementation.
 *
 * @packageDocumentation
 */

import { createPrivateKey, createPublicKey, type KeyObject, sign as signWith, verify as verifyWith } from 'node:crypto'
import { toHex } from '../../src/core/bytes.ts'
import type { PublicKey, Sign, Verify } from '../../src/core/keys.ts'

/** What stands before the 32 bytes of a private key in PKCS 8, and of a public key in SPKI (RFC 8410). */
const PRIVATE_PREFIX = Buffer.from('302e020100300506032b657004220420', 'hex')
const PUBLIC_PREFIX = Buffer.from('302a300506032b6570032100', 'hex')

/** A key pair as the pure layers see one. */
export interface TestKey {
  readonly key: PublicKey
  readonly sign: Sign
}

const testKeys = new Map<number, TestKey>()

/** The key pair of a small number: the same number gives the same keys. */
export function testKey(seed: number): TestKey {
  const known = testKeys.get(seed)
  if (known !== undefined) return known
  const secret = Buffer.alloc(32)
  secret.writeUInt32BE(seed)
  const privateKey = createPrivateKey({ key: Buffer.concat([PRIVATE_PREFIX, secret]), format: 'der', type: 'pkcs8' })
  const spki = createPublicKey(privateKey).export({ format: 'der', type: 'spki' })
  const made: TestKey = {
    key: toHex(new Uint8Array(spki.subarray(PUBLIC_PREFIX.length))) as PublicKey,
    sign: (message) => new Uint8Array(signWith(null, message, privateKey))
  }
  testKeys.set(seed, made)
  return made
}

const publicKeys = new Map<string, KeyObject | undefined>()

function publicKey(key: PublicKey): KeyObject | undefined {
  if (!publicKeys.has(key)) publicKeys.set(key, tryPublicKey(key))
  return publicKeys.get(key)
}

function tryPublicKey(key: PublicKey): KeyObject | undefined {
  try {
    return createPublicKey({
      key: Buffer.concat([PUBLIC_PREFIX, Buffer.from(key, 'hex')]),
      format: 'der',
      type: 'spki'
    })
  } catch {
    return undefined
  }
}

/** Checks a signature. A malformed key or signature is a no. */
export const verify: Verify = (key, message, signature) => {
  const known = publicKey(key)
  return known !== undefined && signature.length === 64 && verifyWith(null, message, known, signature)
}

/** Like `verify`, remembering every answer: for tests that check the same signatures thousands of times. */
export function rememberingVerify(): Verify {
  const answers = new Map<string, boolean>()
  return (key, message, signature) => {
    const question = `${key} ${Buffer.from(message).toString('latin1')} ${Buffer.from(signature).toString('latin1')}`
    const answer = answers.get(question) ?? verify(key, message, signature)
    answers.set(question, answer)
    return answer
  }
}
