import { describe, expect, test } from 'vitest'
import { nodeId } from '../../src/core/ids.ts'
import { VoteSet } from '../../src/core/vote-set.ts'

describe('a vote set', () => {
  test('counts a validator once, however often it votes', () => {
    const votes = new VoteSet(4)
    expect([votes.add(nodeId(2)), votes.add(nodeId(2))]).toEqual([true, false])
    expect(votes.size).toBe(1)
  })

  test.each([-1, 4, 1.5, Number.NaN])('refuses %d, which is nobody on a roster of 4', (index) => {
    const votes = new VoteSet(4)
    expect(votes.add(nodeId(index))).toBe(false)
    expect(votes.size).toBe(0)
    expect(votes.has(nodeId(index))).toBe(false)
  })

  test('is read in roster order, not in order of arrival', () => {
    const votes = new VoteSet(5)
    for (const index of [3, 0, 4]) votes.add(nodeId(index))
    expect(votes.toArray()).toEqual([0, 3, 4])
  })
})
