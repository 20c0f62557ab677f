import { describe, expect, test } from 'vitest'
import { scheduledCoin } from '../../src/consensus/index.ts'
import { utf8 } from '../../src/core/bytes.ts'
import type { Epoch } from '../../src/core/ids.ts'
import { toyHash } from '../support/committee.ts'

const bits = (id: string | Uint8Array, count = 200): number[] => {
  const coin = scheduledCoin(id, toyHash)
  return Array.from({ length: count }, (_, epoch) => coin(epoch as Epoch))
}

describe('the scheduled coin', () => {
  test('starts with 1, then 0', () => {
    for (const id of ['a', 'b', 'c']) expect(bits(id, 2)).toEqual([1, 0])
  })

  test('is the same for everyone who knows the instance', () => {
    expect(bits('a')).toEqual(bits(utf8('a')))
  })

  test('differs between instances after the opening', () => {
    expect(bits('a')).not.toEqual(bits('b'))
  })

  test('shows both sides about equally often', () => {
    const ones = bits('fair', 2000).reduce((sum, bit) => sum + bit, 0)
    expect(ones).toBeGreaterThan(850)
    expect(ones).toBeLessThan(1150)
  })

  test('hashes the instance and the epoch, nothing else', () => {
    const seen: string[] = []
    const coin = scheduledCoin('ab', (bytes) => {
      seen.push(bytes.join())
      return Uint8Array.of(0, 3)
    })
    expect(coin(258 as Epoch)).toBe(1)
    expect(seen).toEqual(['97,98,0,0,0,0,0,0,1,2'])
  })
})
