import { describe, expect, it } from 'vitest'
import { nodeId } from '../../src/core/ids.ts'
import { maxFaulty } from '../../src/core/quorum.ts'
import { PATIENCE } from '../../src/network/settings.ts'
import { createAuthorRate } from '../../src/peer/author-rate.ts'
import { manualClock } from '../support/manual-clock.ts'

/** How many frames of `author` pass in a second, `perSecond` of them offered, after its burst is used up. */
function passed(validatorCount: number, perSecond: number): number {
  const clock = manualClock()
  const isWithin = createAuthorRate(validatorCount, clock)
  const author = nodeId(1)
  const offer = (count: number): number => Array.from({ length: count }, () => isWithin(author)).filter(Boolean).length
  offer(10_000)
  let count = 0
  for (let step = 0; step < 100; step++) {
    clock.advance(10)
    count += offer(perSecond / 100)
  }
  return count
}

describe('the rate of an author', () => {
  it('lets through what the busiest correct member says, in communities of any size people will see', () => {
    expect(passed(4, 100)).toBe(100)
    expect(passed(7, 100)).toBe(100)
  })

  it('leaves all liars together less than half of what a link may carry, for every size', () => {
    for (const validatorCount of [4, 7, 10, 16, 32, 64, 100]) {
      const fromLiars = maxFaulty(validatorCount) * passed(validatorCount, 2_000)
      expect(fromLiars).toBeGreaterThan(0)
      expect(fromLiars).toBeLessThan(PATIENCE.messages.ratePerSecond / 2)
    }
  })

  it('counts each author by itself', () => {
    const isWithin = createAuthorRate(4, manualClock())
    for (let index = 0; index < 10_000; index++) isWithin(nodeId(1))
    expect([isWithin(nodeId(1)), isWithin(nodeId(2))]).toEqual([false, true])
  })
})
