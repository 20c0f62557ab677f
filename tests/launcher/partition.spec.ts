import { describe, expect, it } from 'vitest'
import type { PeerIdString } from '../../src/core/ids.ts'
import { Partition } from '../../src/launcher/partition.ts'

const id = (number: number): PeerIdString => `peer ${number}` as PeerIdString

function known(count: number): Partition {
  const partition = new Partition()
  for (let number = 1; number <= count; number++) partition.learn(number, id(number))
  return partition
}

describe('a partition', () => {
  it('has each side refuse the other, and nobody of its own', () => {
    const partition = known(4)
    partition.set([
      [1, 2],
      [3, 4]
    ])
    expect(partition.refusedBy(1)).toEqual([id(3), id(4)])
    expect(partition.refusedBy(3)).toEqual([id(1), id(2)])
    expect(partition.isApart(1, 2)).toBe(false)
  })

  it('leaves out whoever is in no group: the bridge of a partition that has one', () => {
    const partition = known(3)
    partition.set([[1], [3]])
    expect(partition.refusedBy(2)).toEqual([])
    expect(partition.refusedBy(1)).toEqual([id(3)])
  })

  it('of one group, or of none, is no partition', () => {
    const partition = known(3)
    partition.set([[1, 2, 3]])
    expect(partition.isInForce).toBe(false)
    partition.set([[1], [2]])
    expect(partition.isInForce).toBe(true)
    partition.set([])
    expect(partition.isInForce).toBe(false)
    expect(partition.refusedBy(1)).toEqual([])
  })

  it('takes in a peer whose id is learned later, and says once that it is news', () => {
    const partition = known(1)
    partition.set([[1], [2]])
    expect(partition.refusedBy(1)).toEqual([])
    expect(partition.learn(2, id(2))).toBe(true)
    expect(partition.refusedBy(1)).toEqual([id(2)])
    expect(partition.learn(2, id(2))).toBe(false)
  })

  it('is refused with a peer on two sides, and what was in force stays', () => {
    const partition = known(3)
    partition.set([[1], [2, 3]])
    expect(() => partition.set([[1, 2], [2]])).toThrow(/groups/)
    expect(partition.refusedBy(1)).toEqual([id(2), id(3)])
  })
})
