import { describe, expect, test } from 'vitest'
import {
  type AgreementMessage,
  type Bit,
  type BitSet,
  type Coin,
  createBinaryAgreement,
  EPOCHS_AHEAD_MAX,
  scheduledCoin
} from '../../src/consensus/index.ts'
import { type Epoch, nodeId } from '../../src/core/ids.ts'
import { enoughForAll, enoughToProceed, enoughToTrustOne } from '../../src/core/quorum.ts'
import { toyHash } from '../support/committee.ts'
import { accusedIn, decidedIn, hear, hearAll, others, rulesOf, saidIn } from '../support/feed.ts'

const start = (validatorCount: number, coin: Coin = scheduledCoin('test', toyHash)) =>
  createBinaryAgreement({ self: nodeId(0), validatorCount, coin })

const at = (epoch: number): Epoch => epoch as Epoch
const bval = (bit: Bit, epoch = 0): AgreementMessage => ({ type: 'bval', epoch: at(epoch), bit, own: false })
const own = (bit: Bit): AgreementMessage => ({ type: 'bval', epoch: at(0), bit, own: true })
const aux = (bit: Bit, epoch = 0): AgreementMessage => ({ type: 'aux', epoch: at(epoch), bit })
const conf = (bits: BitSet, epoch = 0): AgreementMessage => ({ type: 'conf', epoch: at(epoch), bits })
const finish = (bit: Bit): AgreementMessage => ({ type: 'finish', bit })

const typesIn = (step: Parameters<typeof saidIn<AgreementMessage>>[0]): string[] => saidIn(step).map(({ type }) => type)

/** A machine with bit 1 (and, if asked, bit 0) in `bin` of epoch 0, that has said AUX(1). */
function admitted(n: number, both = false, coin?: Coin) {
  const machine = start(n, coin)
  hearAll(machine, others(enoughForAll(n) - 1), bval(1))
  if (both) hearAll(machine, others(enoughForAll(n) - 1), bval(0))
  return machine
}

describe.each([4, 7])('thresholds of an agreement among %i', (n) => {
  test('CONF follows AUX from n - f, its own counted, not one fewer', () => {
    const machine = admitted(n)
    const fromOthers = enoughToProceed(n) - 1
    expect(rulesOf(hearAll(machine, others(fromOthers - 1), aux(1)))).toEqual([])
    expect(saidIn(hear(machine, fromOthers, aux(1)))).toEqual([conf(2)])
  })

  test('the coin is looked at after CONF from n - f, its own counted, not one fewer', () => {
    const looked: number[] = []
    const coin: Coin = (epoch) => {
      looked.push(epoch)
      return 1
    }
    const machine = admitted(n, false, coin)
    const fromOthers = enoughToProceed(n) - 1
    hearAll(machine, others(fromOthers), aux(1))
    hearAll(machine, others(fromOthers - 1), conf(2))
    expect(looked).toEqual([])
    expect(decidedIn(hear(machine, fromOthers, conf(2)))).toBe(1)
    expect(looked).toEqual([0])
  })

  test('FINISH from f + 1 is adopted, not from one fewer', () => {
    const machine = start(n)
    const enough = enoughToTrustOne(n)
    expect(rulesOf(hearAll(machine, others(enough - 1), finish(0)))).toEqual([])
    const last = hear(machine, enough, finish(0))
    expect(decidedIn(last)).toBe(0)
    expect(saidIn(last)).toEqual([finish(0)])
  })

  test('FINISH from 2f + 1, its own counted, halts, not one fewer', () => {
    const machine = admitted(n)
    hearAll(machine, others(enoughToProceed(n) - 1), aux(1))
    expect(decidedIn(hearAll(machine, others(enoughToProceed(n) - 1), conf(2)))).toBe(1)
    const fromOthers = enoughForAll(n) - 1
    hearAll(machine, others(fromOthers - 1), finish(1))
    expect(machine.terminated).toBe(false)
    expect(rulesOf(hear(machine, fromOthers, finish(1)))).toEqual(['aba/halt'])
    expect(machine.terminated).toBe(true)
  })

  test('own inputs decide at once if all n are equal, not one fewer', () => {
    const machine = start(n)
    machine.step({ type: 'proposed', proposal: 0 })
    expect(decidedIn(hearAll(machine, others(n - 2), own(0)))).toBeUndefined()
    const last = hear(machine, n - 1, own(0))
    expect(decidedIn(last)).toBe(0)
    expect(rulesOf(last)).toContain('aba/all-inputs-equal')
  })
})

describe('an agreement', () => {
  test('says its own input, marked, and only the first', () => {
    const machine = start(4)
    const step = machine.step({ type: 'proposed', proposal: 1 })
    expect(saidIn(step)).toEqual([own(1)])
    expect(rulesOf(step)).toEqual(['aba/input'])
    expect(machine.step({ type: 'proposed', proposal: 0 }).effects).toEqual([])
  })

  test('says its own input even after it has relayed the same bit', () => {
    const machine = start(4)
    expect(saidIn(hearAll(machine, [1, 2], bval(1)))).toContainEqual(bval(1))
    expect(saidIn(machine.step({ type: 'proposed', proposal: 1 }))).toEqual([own(1)])
  })

  test('does not count relayed bits as inputs, because a correct validator relays what it does not hold', () => {
    const machine = start(4)
    machine.step({ type: 'proposed', proposal: 1 })
    const step = hearAll(machine, [1, 2, 3], bval(1))
    expect(decidedIn(step)).toBeUndefined()
    expect(decidedIn(hearAll(machine, [1, 2, 3], own(1)))).toBe(1)
  })

  test('names the first admitted bit, once', () => {
    const machine = start(4)
    expect(saidIn(hearAll(machine, [1, 2], bval(1)))).toEqual([bval(1), aux(1)])
    expect(saidIn(hearAll(machine, [1, 2], bval(0)))).toEqual([bval(0)])
  })

  test('confirms what AUX named and not what bin holds', () => {
    const machine = admitted(4, true)
    expect(saidIn(hearAll(machine, [1, 2], aux(1)))).toEqual([conf(2)])
  })

  test('counts an AUX whose bit is not admitted only once it is', () => {
    const machine = admitted(4)
    expect(rulesOf(hearAll(machine, [1, 2], aux(0)))).toEqual([])
    expect(saidIn(hearAll(machine, [1, 2], bval(0)))).toEqual([bval(0), conf(3)])
  })

  test('counts a CONF outside bin only once it is inside', () => {
    const machine = admitted(4)
    hearAll(machine, [1, 2], aux(1))
    expect(rulesOf(hearAll(machine, [1, 2], conf(3)))).toEqual([])
    expect(rulesOf(hearAll(machine, [1, 2], bval(0)))).toContain('aba/coin-sets-estimate')
  })

  test('takes the union of the sets it was told, not its own set', () => {
    const machine = admitted(4, true, () => 0)
    hearAll(machine, [1, 2], aux(1))
    const step = hearAll(machine, [1, 2], conf(3))
    expect(rulesOf(step)).toContain('aba/coin-sets-estimate')
    expect(saidIn(step)).toEqual([bval(0, 1)])
  })

  test('keeps the only bit left when the coin shows the other', () => {
    const machine = admitted(4, false, () => 0)
    hearAll(machine, [1, 2], aux(1))
    const step = hearAll(machine, [1, 2], conf(2))
    expect(rulesOf(step)).toEqual(['aba/coin-differs', 'aba/estimate'])
    expect(saidIn(step)).toEqual([bval(1, 1)])
  })

  test('puts FINISH before everything else of the step', () => {
    const machine = admitted(4)
    hearAll(machine, [1, 2], aux(1))
    const step = hearAll(machine, [1, 2], conf(2))
    expect(typesIn(step)).toEqual(['finish', 'bval'])
    expect(step.effects[0]).toMatchObject({ type: 'broadcast', message: finish(1) })
  })

  test('takes part after deciding, until it halts', () => {
    const machine = admitted(4)
    hearAll(machine, [1, 2], aux(1))
    hearAll(machine, [1, 2], conf(2))
    expect(saidIn(hearAll(machine, [1, 2], bval(1, 1)))).toEqual([aux(1, 1)])
    hearAll(machine, [1, 2], finish(1))
    expect(machine.terminated).toBe(true)
    expect(hearAll(machine, [1, 2, 3], bval(0, 1)).effects).toEqual([])
  })

  test('buffers later epochs and runs through them when it gets there', () => {
    const machine = start(4)
    for (const epoch of [1, 0]) {
      hearAll(machine, [1, 2], aux(0, epoch))
      hearAll(machine, [1, 2], conf(1, epoch))
    }
    hearAll(machine, [1, 2], bval(0, 1))
    const step = hearAll(machine, [1, 2], bval(0))
    expect(decidedIn(step)).toBe(0)
    expect(rulesOf(step).filter((id) => id.startsWith('aba/coin'))).toEqual(['aba/coin-differs', 'aba/coin-decides'])
  })

  test('relays bits of past epochs, for those who come after', () => {
    const machine = admitted(4)
    hearAll(machine, [1, 2], aux(1))
    hearAll(machine, [1, 2], conf(2))
    expect(saidIn(hearAll(machine, [1, 2], bval(0)))).toEqual([bval(0)])
  })

  test('drops and reports what is further ahead than the window, and keeps what is inside', () => {
    const machine = start(4)
    expect(accusedIn(hear(machine, 1, aux(1, EPOCHS_AHEAD_MAX)))).toEqual([])
    expect(accusedIn(hear(machine, 1, aux(1, EPOCHS_AHEAD_MAX + 1)))).toEqual(['1 epoch-too-far'])
    expect((machine.inspect() as { epochs: unknown[] }).epochs).toHaveLength(2)
  })

  test.each<[string, AgreementMessage, AgreementMessage]>([
    ['input', own(0), own(1)],
    ['aux/0', aux(0), aux(1)],
    ['aux/3', aux(0, 3), aux(1, 3)],
    ['conf/2', conf(1, 2), conf(3, 2)],
    ['finish', finish(0), finish(1)]
  ])('accuses of a contradiction in slot %s, once, and never of a repetition', (slot, first, second) => {
    const machine = start(4)
    expect(accusedIn(hearAll(machine, [1, 1], first))).toEqual([])
    expect(accusedIn(hearAll(machine, [1, 1], second))).toEqual([`1 equivocated ${slot}`])
  })

  test('does not accuse of two BVALs, nor of a relayed one beside an own one', () => {
    const machine = start(4)
    for (const message of [bval(0), bval(1), own(1)]) expect(accusedIn(hear(machine, 1, message))).toEqual([])
  })

  test.each([
    { type: 'noise' },
    { type: 'bval', epoch: 0, bit: 2, own: false },
    { type: 'bval', epoch: -1, bit: 1, own: false },
    { type: 'bval', epoch: 1, bit: 1, own: true },
    { type: 'aux', epoch: 0.5, bit: 1 },
    { type: 'aux', epoch: Number.NaN, bit: 1 },
    { type: 'aux', bit: 1 },
    { type: 'conf', epoch: 0, bits: 0 },
    { type: 'conf', epoch: 0, bits: 4 },
    { type: 'finish' }
  ])('accuses of %j and goes on', (junk) => {
    const machine = start(4)
    const before = JSON.stringify(machine.inspect())
    expect(accusedIn(hear(machine, 1, junk as never))).toEqual(['1 impossible-message'])
    expect(JSON.stringify(machine.inspect())).toBe(before)
  })

  test.each([0, -1, 4, 1.5])('ignores a message from %d: itself or nobody', (from) => {
    const machine = start(4)
    expect(hearAll(machine, [from, from, from], finish(1)).effects).toEqual([])
  })

  test('among one validator decides its input and halts in one step', () => {
    const machine = start(1)
    expect(decidedIn(machine.step({ type: 'proposed', proposal: 0 }))).toBe(0)
    expect(machine.terminated).toBe(true)
  })
})
