import { describe, expect, test } from 'vitest'
import {
  enoughForAll,
  enoughToCertify,
  enoughToIntersect,
  enoughToProceed,
  enoughToTrustOne,
  maxFaulty
} from '../../src/core/quorum.ts'

const sizes = Array.from({ length: 100 }, (_, index) => index + 1)

describe('thresholds', () => {
  test.each([
    [1, 0, 1, 1, 1, 1],
    [3, 0, 3, 1, 1, 2],
    [4, 1, 3, 2, 3, 3],
    [5, 1, 4, 2, 3, 4],
    [6, 1, 5, 2, 3, 4],
    [7, 2, 5, 3, 5, 5],
    [10, 3, 7, 4, 7, 7],
    [100, 33, 67, 34, 67, 67]
  ])('of %i validators are f=%i, proceed=%i, one=%i, all=%i, intersect=%i', (n, f, proceed, one, all, intersect) => {
    expect(maxFaulty(n)).toBe(f)
    expect(enoughToProceed(n)).toBe(proceed)
    expect(enoughToTrustOne(n)).toBe(one)
    expect(enoughForAll(n)).toBe(all)
    expect(enoughToIntersect(n)).toBe(intersect)
  })

  test('n >= 3f + 1, and one more fault would break that', () => {
    for (const n of sizes) {
      expect(n).toBeGreaterThanOrEqual(3 * maxFaulty(n) + 1)
      expect(n).toBeLessThan(3 * (maxFaulty(n) + 1) + 1)
    }
  })

  test('two sets that are enough to intersect share a correct validator, and one less would not do', () => {
    for (const n of sizes) {
      const shared = (size: number): number => 2 * size - n
      expect(shared(enoughToIntersect(n))).toBeGreaterThan(maxFaulty(n))
      expect(shared(enoughToIntersect(n) - 1)).toBeLessThanOrEqual(maxFaulty(n))
    }
  })

  test('every quorum can be reached by the correct validators alone', () => {
    for (const n of sizes) {
      for (const quorum of [enoughToTrustOne, enoughForAll, enoughToIntersect, enoughToCertify]) {
        expect(quorum(n)).toBeLessThanOrEqual(enoughToProceed(n))
      }
    }
  })

  test('enough for all contains enough to trust one after the liars are taken away', () => {
    for (const n of sizes) expect(enoughForAll(n) - maxFaulty(n)).toBe(enoughToTrustOne(n))
  })

  test('two certificates share a correct signer for every number of validators', () => {
    for (const n of sizes) expect(2 * enoughToCertify(n) - n).toBeGreaterThan(maxFaulty(n))
  })
})
