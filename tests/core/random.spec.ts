import { describe, expect, test } from 'vitest'
import { randomBelow, seededRandom, shuffled } from '../../src/core/random.ts'

describe('seeded randomness', () => {
  test('repeats itself for one seed and differs between neighbours', () => {
    const draw = (seed: number): number[] => {
      const random = seededRandom(seed)
      return Array.from({ length: 5 }, random)
    }
    expect(draw(7)).toEqual(draw(7))
    expect(draw(7)).not.toEqual(draw(8))
  })

  test('uses all 53 bits of a seed', () => {
    expect(seededRandom(2 ** 40)()).not.toBe(seededRandom(2 ** 41)())
  })

  test('reaches every number below a bound and none beyond', () => {
    const random = seededRandom(1)
    const seen = new Set(Array.from({ length: 500 }, () => randomBelow(random, 6)))
    expect([...seen].sort()).toEqual([0, 1, 2, 3, 4, 5])
  })

  test('shuffles without losing, repeating or touching the original', () => {
    const items = [1, 2, 3, 4, 5, 6]
    const result = shuffled(seededRandom(3), items)
    expect(result).not.toEqual(items)
    expect([...result].sort()).toEqual(items)
    expect(items).toEqual([1, 2, 3, 4, 5, 6])
  })
})
