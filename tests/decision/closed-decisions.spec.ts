import { fc, test } from '@fast-check/vitest'
import { sha256 } from '@noble/hashes/sha2.js'
import { describe, expect, it } from 'vitest'
import { toHex, utf8 } from '../../src/core/bytes.ts'
import type { DecisionId } from '../../src/core/ids.ts'
import { seededRandom } from '../../src/core/random.ts'
import { Archive, type Digest, differingBuckets, digestId, type Inventory } from '../../src/decision/delivery.ts'

const nth = (index: number): DecisionId => toHex(sha256(utf8(`decision ${index}`))) as DecisionId

const SMALL = { closedInDigestMax: 8, closedInInventoryMax: 1_000 }

function archiveOf(indices: Iterable<number>, limits = SMALL): Archive {
  const archive = new Archive(limits)
  for (const index of indices) archive.close(nth(index))
  return archive
}

/** What one side hears and answers: the certificates it gives, by what the other says. */
function givenBy(mine: Archive, theirs: Archive, start = 0): readonly DecisionId[] {
  const [digest, asked] = [mine.digest(), theirs.digest()]
  const differing = differingBuckets(digest, asked)
  const isTold = asked.summary !== undefined && differing.length > 0
  const inventory = isTold ? theirs.inventory(asked, differing, start % differing.length) : undefined
  return mine.lackedBy(asked, inventory).certificates
}

/** One exchange in which each side gives at most `countMax`. The answer is how many were given. */
function exchange(left: Archive, right: Archive, countMax: number, start = 0): number {
  const [toRight, toLeft] = [givenBy(left, right, start), givenBy(right, left, start)].map((all) =>
    all.slice(0, countMax)
  )
  for (const decision of toRight ?? []) right.close(decision)
  for (const decision of toLeft ?? []) left.close(decision)
  return (toRight?.length ?? 0) + (toLeft?.length ?? 0)
}

/** Two sides: what both have, and what one has only, each in an order of its own. */
const twoSides = fc.uniqueArray(fc.nat({ max: 5_000 }), { maxLength: 300 }).chain((all) =>
  fc.record({
    left: fc.subarray(all, { minLength: 0 }),
    right: fc.shuffledSubarray(all)
  })
)

const missing = (from: readonly number[], to: readonly number[]): number[] =>
  from.filter((index) => !to.includes(index))

describe('digests of more closed decisions than they name', () => {
  test.prop({ sides: twoSides, countMax: fc.integer({ min: 1, max: 100 }) })(
    'bring both sides together, whatever each has, and give nothing that is there',
    ({ sides, countMax }) => {
      const [left, right] = [archiveOf(sides.left), archiveOf(sides.right)]
      const lacking = [missing(sides.left, sides.right), missing(sides.right, sides.left)].map(({ length }) => length)
      const needed = Math.ceil(Math.max(...lacking) / countMax)
      let given = 0
      for (let round = 0; round < needed; round++) given += exchange(left, right, countMax)
      expect(given).toBe((lacking[0] ?? 0) + (lacking[1] ?? 0))
      expect(left.closedCount).toBe(right.closedCount)
      expect(exchange(left, right, countMax)).toBe(0)
    }
  )

  test.prop({ sides: twoSides, seed: fc.nat() })(
    'bring both sides together when an inventory is too long for one exchange',
    ({ sides, seed }) => {
      const limits = { closedInDigestMax: 4, closedInInventoryMax: 12 }
      const [left, right] = [archiveOf(sides.left, limits), archiveOf(sides.right, limits)]
      const random = seededRandom(seed)
      const union = new Set([...sides.left, ...sides.right])
      const isUnited = (): boolean => left.closedCount === union.size && right.closedCount === union.size
      for (let round = 0; round < 500 && !isUnited(); round++) exchange(left, right, 50, Math.floor(random() * 256))
      expect(isUnited()).toBe(true)
    }
  )

  it('give the oldest first', () => {
    const mine = archiveOf(Array.from({ length: 40 }, (_, index) => index))
    const theirs = archiveOf([20, 21, 22, 23, 24, 25, 26, 27, 28, 29, 30])
    expect(givenBy(mine, theirs)).toEqual([...Array(20).keys(), 31, 32, 33, 34, 35, 36, 37, 38, 39].map(nth))
  })

  it('summarise only what they cannot name', () => {
    expect(archiveOf([1, 2, 3, 4, 5, 6, 7, 8]).digest().summary).toBeUndefined()
    expect(archiveOf([1, 2, 3, 4, 5, 6, 7, 8, 9]).digest().summary).toHaveLength(256)
  })

  it('are alike for the same decisions in another order, and differ in one bucket for one decision more', () => {
    const indices = Array.from({ length: 30 }, (_, index) => index)
    const [one, other] = [archiveOf(indices), archiveOf(indices.toReversed())]
    expect(differingBuckets(one.digest(), other.digest())).toEqual([])
    other.close(nth(99))
    expect(differingBuckets(one.digest(), other.digest())).toEqual([Number.parseInt(nth(99).slice(0, 2), 16)])
  })

  it('say nothing of a bucket that an inventory does not list', () => {
    const mine = archiveOf(Array.from({ length: 40 }, (_, index) => index))
    const theirs = archiveOf(Array.from({ length: 20 }, (_, index) => index + 100))
    const nothing: Inventory = { buckets: [], closed: [] }
    expect(mine.lackedBy(theirs.digest(), nothing).certificates).toEqual([])
  })

  test.prop({
    closed: fc.array(
      fc.nat({ max: 60 }).map((index) => digestId(nth(index))),
      { maxLength: 20 }
    ),
    summary: fc.option(fc.array(fc.constantFrom('0'.repeat(16), 'f'.repeat(16)), { minLength: 256, maxLength: 256 }), {
      nil: undefined
    }),
    buckets: fc.uniqueArray(fc.nat({ max: 255 })),
    named: fc.array(
      fc.nat({ max: 60 }).map((index) => digestId(nth(index))),
      { maxLength: 40 }
    )
  })('of a liar get it no more than what is here, each certificate once', ({ closed, summary, buckets, named }) => {
    const mine = archiveOf(Array.from({ length: 50 }, (_, index) => index))
    const theirs: Digest = { open: [], closed, ...(summary === undefined ? {} : { summary }) }
    const { certificates } = mine.lackedBy(theirs, { buckets, closed: named })
    expect(new Set(certificates).size).toBe(certificates.length)
    expect(certificates.every((decision) => mine.isClosed(decision))).toBe(true)
    expect(certificates.some((decision) => closed.includes(digestId(decision)))).toBe(false)
    const differing = differingBuckets(mine.digest(), theirs)
    expect(mine.inventory(mine.digest(), differing).closed.length).toBeLessThanOrEqual(50)
  })
})
