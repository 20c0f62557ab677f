import { describe, expect, it } from 'vitest'
import type { PublicKey } from '../../src/core/keys.ts'
import { keyOf, peerIdOf } from '../../src/network/peer-key.ts'
import { peerOf } from './support.ts'

describe('one identity, two spellings', () => {
  it('finds the key inside a peer id, and the peer id of a key', async () => {
    const peer = await peerOf(0)
    const key = keyOf(peer)
    expect(key).toMatch(/^[0-9a-f]{64}$/)
    expect(peerIdOf(key as PublicKey)).toBe(peer)
  })

  it('finds no key in what is no Ed25519 peer id', () => {
    for (const text of ['', 'nobody', 'QmYyQSo1c1Ym7orWxLYvCrM2EmxFTANf8wXmmE7DWjhx5N', '12D3KooW', '\u0000']) {
      expect(keyOf(text)).toBeUndefined()
    }
  })
})
