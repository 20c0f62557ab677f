import { describe, expect, it } from 'vitest'
import { type Epoch, type Hash, nodeId } from '../../src/core/ids.ts'
import { ballotHash } from '../../src/decision/ballot.ts'
import type { DecisionMessage } from '../../src/decision/decision-message.ts'
import { findContradiction, slotOf, slotValueOf } from '../../src/decision/evidence.ts'
import { ballotsOf, choose, communityOf, proposalTo } from './sample.ts'

const community = communityOf(4)
const proposal = proposalTo(community)
const [lake] = ballotsOf(community, proposal, [choose(0)]) as [ReturnType<typeof ballotsOf>[0] & object]
const [hills] = ballotsOf(community, proposal, [choose(1)]) as [ReturnType<typeof ballotsOf>[0] & object]

const instance = nodeId(3)
const epoch = (number: number): Epoch => number as Epoch
const A = 'aa'.repeat(32) as Hash
const B = 'bb'.repeat(32) as Hash
const signature = new Uint8Array(64)

/** Every word that fills a slot, with another value for the same slot. */
const WORDS: readonly { slot: string; value: string; one: DecisionMessage; other: DecisionMessage }[] = [
  {
    slot: '3/init',
    value: ballotHash(lake),
    one: { type: 'init', instance, value: lake },
    other: { type: 'init', instance, value: hills }
  },
  {
    slot: '3/echo',
    value: A,
    one: { type: 'echo', instance, hash: A },
    other: { type: 'echo', instance, hash: B }
  },
  {
    slot: '3/ready',
    value: A,
    one: { type: 'ready', instance, hash: A },
    other: { type: 'ready', instance, hash: B }
  },
  {
    slot: '3/input',
    value: '1',
    one: { type: 'bval', instance, epoch: epoch(0), bit: 1, own: true },
    other: { type: 'bval', instance, epoch: epoch(0), bit: 0, own: true }
  },
  {
    slot: '3/aux/2',
    value: '1',
    one: { type: 'aux', instance, epoch: epoch(2), bit: 1 },
    other: { type: 'aux', instance, epoch: epoch(2), bit: 0 }
  },
  {
    slot: '3/conf/2',
    value: '3',
    one: { type: 'conf', instance, epoch: epoch(2), bits: 3 },
    other: { type: 'conf', instance, epoch: epoch(2), bits: 1 }
  },
  {
    slot: '3/finish',
    value: '0',
    one: { type: 'finish', instance, bit: 0 },
    other: { type: 'finish', instance, bit: 1 }
  },
  {
    slot: 'endorsement',
    value: A,
    one: { type: 'endorsement', outcome: A, signature },
    other: { type: 'endorsement', outcome: B, signature }
  }
]

describe('evidence', () => {
  it.each(WORDS)('finds that $slot was filled twice', ({ slot, value, one, other }) => {
    expect(slotOf(one)).toBe(slot)
    expect(slotValueOf(one)).toBe(value)
    expect(findContradiction([one], [other])).toEqual({ slot, first: value, second: slotValueOf(other) })
  })

  it.each(WORDS)('finds nothing in saying $slot again', ({ one }) => {
    expect(findContradiction([one], [one])).toBeUndefined()
  })

  it('finds nothing in words for different slots, whatever they say', () => {
    const firsts = WORDS.map((word) => word.one)
    WORDS.forEach(({ other }, index) => {
      expect(findContradiction(firsts.toSpliced(index, 1), [other])).toBeUndefined()
    })
  })

  it('finds nothing in the same words about another validator, or in another epoch', () => {
    const elsewhere = (message: DecisionMessage): DecisionMessage =>
      message.type === 'endorsement' ? message : { ...message, instance: nodeId(2) }
    const later = (message: DecisionMessage): DecisionMessage =>
      message.type === 'aux' || message.type === 'conf' ? { ...message, epoch: epoch(5) } : message
    for (const { one, other } of WORDS) {
      if (elsewhere(other) !== other) expect(findContradiction([one], [elsewhere(other)])).toBeUndefined()
      if (later(other) !== other) expect(findContradiction([one], [later(other)])).toBeUndefined()
    }
  })

  it('never counts a relayed bit, because a correct validator may relay both, and one that is not its own', () => {
    const bit = (value: 0 | 1, own: boolean): DecisionMessage => ({
      type: 'bval',
      instance,
      epoch: epoch(0),
      bit: value,
      own
    })
    expect(slotOf(bit(1, false))).toBeUndefined()
    expect(findContradiction([bit(1, false)], [bit(0, false)])).toBeUndefined()
    expect(findContradiction([bit(1, true)], [bit(0, false)])).toBeUndefined()
    expect(findContradiction([bit(1, false)], [bit(0, true)])).toBeUndefined()
  })

  it('takes one ballot signed in two ways for one ballot', () => {
    const again: DecisionMessage = { type: 'init', instance, value: { ...lake, signature } as typeof lake }
    expect(findContradiction([{ type: 'init', instance, value: lake }], [again])).toBeUndefined()
  })

  it('finds the contradiction among many words', () => {
    const firsts = WORDS.map((word) => word.one)
    const seconds = [...firsts.slice(0, -1), (WORDS.at(-1) as (typeof WORDS)[0]).other]
    expect(findContradiction(firsts, seconds)?.slot).toBe('endorsement')
  })

  it('finds a message that contradicts itself', () => {
    const [{ one, other }] = WORDS as [(typeof WORDS)[0]]
    expect(findContradiction([one, other], [one, other])?.slot).toBe('3/init')
  })
})
