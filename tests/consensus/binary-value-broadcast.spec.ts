import { describe, expect, test } from 'vitest'
import { BinaryValueBroadcast, type Bit } from '../../src/consensus/index.ts'
import { nodeId } from '../../src/core/ids.ts'
import { enoughForAll, enoughToTrustOne } from '../../src/core/quorum.ts'
import { others, rulesOf, saidIn } from '../support/feed.ts'

const start = (validatorCount: number) =>
  new BinaryValueBroadcast<Bit>({ self: nodeId(0), validatorCount, wrap: (bit) => bit })

const hearFrom = (bval: BinaryValueBroadcast<Bit>, from: readonly number[], bit: Bit): string[] =>
  from.flatMap((sender) => [...rulesOf(bval.hear(nodeId(sender), bit))])

describe.each([4, 7])('binary-value broadcast among %i', (n) => {
  test('relays a bit heard from f + 1, not one fewer', () => {
    const bval = start(n)
    const enough = enoughToTrustOne(n)
    expect(hearFrom(bval, others(enough - 1), 1)).toEqual([])
    expect(saidIn(bval.hear(nodeId(enough), 1))).toEqual([1])
  })

  test('admits a bit heard from 2f + 1, its own counted, not one fewer', () => {
    const bval = start(n)
    bval.say(0)
    const fromOthers = enoughForAll(n) - 1
    hearFrom(bval, others(fromOthers - 1), 0)
    expect(bval.bin).toBe(0)
    expect(hearFrom(bval, [fromOthers], 0)).toContain('bv/admit')
    expect([bval.bin, bval.first]).toEqual([1, 0])
  })
})

describe('binary-value broadcast', () => {
  test('may say both bits, each once', () => {
    const bval = start(4)
    expect(saidIn(bval.say(0))).toEqual([0])
    expect(saidIn(bval.say(0))).toEqual([])
    expect([...hearFrom(bval, [1, 2], 1)]).toEqual(['bv/relay', 'bv/admit'])
    expect(saidIn(bval.say(1))).toEqual([])
  })

  test('counts validators, not messages', () => {
    const bval = start(4)
    expect(hearFrom(bval, [1, 1, 1, 1], 1)).toEqual([])
  })

  test('remembers which bit came first while bin grows', () => {
    const bval = start(4)
    hearFrom(bval, [1, 2], 1)
    hearFrom(bval, [1, 2], 0)
    expect([bval.bin, bval.first]).toEqual([3, 1])
  })

  test('does not repeat a bit that was said in another way', () => {
    const bval = start(4)
    bval.hear(nodeId(0), 1)
    expect(saidIn(bval.say(1))).toEqual([])
    expect(hearFrom(bval, [1], 1)).toEqual([])
    expect(hearFrom(bval, [2], 1)).toEqual(['bv/admit'])
  })
})
