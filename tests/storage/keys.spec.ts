import { describe, expect, it } from 'vitest'
import { fromHex, toHex, utf8 } from '../../src/core/bytes.ts'
import type { PublicKey } from '../../src/core/keys.ts'
import { nodeKeys, verify } from '../../src/storage/keys.ts'
import { testKey } from '../support/keys.ts'

const hex = (digits: string): Uint8Array => fromHex(digits) as Uint8Array

/** RFC 8032, section 7.1, test 2. */
const RFC = {
  seed: hex('4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb'),
  key: '3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c' as PublicKey,
  message: Uint8Array.of(0x72),
  signature:
    '92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00'
}

describe('a key pair', () => {
  const keys = nodeKeys(RFC.seed)

  it('is the one that RFC 8032 gives', () => {
    expect(keys.key).toBe(RFC.key)
    expect(toHex(keys.sign(RFC.message))).toBe(RFC.signature)
  })

  it('signs what verifies, and nothing else does', () => {
    const message = utf8('we go to the lake')
    const signature = keys.sign(message)
    expect(verify(keys.key, message, signature)).toBe(true)
    expect(verify(keys.key, utf8('we go to the sea'), signature)).toBe(false)
    expect(verify(testKey(1).key, message, signature)).toBe(false)
    for (let index = 0; index < signature.length; index++) {
      const changed = Uint8Array.from(signature)
      changed[index] = (changed[index] as number) ^ 1
      expect(verify(keys.key, message, changed)).toBe(false)
    }
  })

  it('is needed: malformed keys and signatures are a no', () => {
    const signature = keys.sign(RFC.message)
    for (const key of ['', 'zz', RFC.key.slice(2), RFC.key.toUpperCase(), 'f'.repeat(64), `${RFC.key}00`]) {
      expect(verify(key as PublicKey, RFC.message, signature)).toBe(false)
    }
    for (const length of [0, 63, 65]) expect(verify(keys.key, RFC.message, new Uint8Array(length))).toBe(false)
  })

  it('still verifies after more other keys than are kept', () => {
    const signature = keys.sign(RFC.message)
    for (let index = 0; index < 1_100; index++) {
      const other = index.toString(16).padStart(64, '0') as PublicKey
      expect(verify(other, RFC.message, signature)).toBe(false)
    }
    expect(verify(keys.key, RFC.message, signature)).toBe(true)
  })
})
