import { describe, expect, test } from 'vitest'
import {
  type AgreementMessage,
  type Bit,
  type BroadcastMessage,
  CLOSE,
  createCommonSubset,
  type SubsetMessage,
  timerName
} from '../../src/consensus/index.ts'
import { type Epoch, everyNode, nodeId } from '../../src/core/ids.ts'
import { enoughToProceed, enoughToTrustOne } from '../../src/core/quorum.ts'
import { seededRandom } from '../../src/core/random.ts'
import { hashOfText, productCoin, subsetCrank } from '../support/committee.ts'
import { accusedIn, decidedIn, hear, hearAll, others, rulesOf, saidIn } from '../support/feed.ts'

const start = (validatorCount: number) =>
  createCommonSubset<string>({ self: nodeId(0), validatorCount, hashOf: hashOfText, coinOf: productCoin })

const about = (instance: number, message: BroadcastMessage<string> | AgreementMessage): SubsetMessage<string> => ({
  ...message,
  instance: nodeId(instance)
})
const init = (instance: number, value = `v${instance}`) => about(instance, { type: 'init', value })
const echo = (instance: number, value = `v${instance}`) => about(instance, { type: 'echo', hash: hashOfText(value) })
const ready = (instance: number, value = `v${instance}`) => about(instance, { type: 'ready', hash: hashOfText(value) })
const finish = (instance: number, bit: Bit) => about(instance, { type: 'finish', bit })

describe.each([4, 7])('thresholds of a common subset among %i', (n) => {
  test('the gate opens on words from f + 1 others, not one fewer', () => {
    const machine = start(n)
    const enough = enoughToTrustOne(n)
    hearAll(machine, others(enough - 1), echo(1))
    expect(machine.opened).toBe(false)
    expect(rulesOf(hear(machine, enough, echo(1)))).toContain('acs/open-others-closed')
    expect(machine.closed).toEqual(others(enough))
  })

  test('the gate opens on INITs of all n, not one fewer', () => {
    const machine = start(n)
    machine.step({ type: 'proposed', proposal: 'v0' })
    for (const node of others(n - 2)) hear(machine, node, init(node))
    expect(machine.opened).toBe(false)
    const step = hear(machine, n - 1, init(n - 1))
    expect(rulesOf(step)[0]).toBe('acs/open-all-here')
    expect(saidIn(step)).toEqual(everyNode(n).map((node) => echo(node)))
  })

  test('zeros follow n - f agreements on 1, not one fewer', () => {
    const machine = start(n)
    machine.step({ type: 'timed-out', timer: CLOSE })
    const finishers = others(enoughToTrustOne(n))
    const enough = enoughToProceed(n)
    for (const instance of others(enough - 1)) {
      expect(rulesOf(hearAll(machine, finishers, finish(instance, 1)))).not.toContain('acs/input-zero')
    }
    const step = hearAll(machine, finishers, finish(enough, 1))
    expect(rulesOf(step).filter((id) => id === 'acs/input-zero')).toHaveLength(n)
  })

  test('the output waits for all n agreements and for every value that counts', () => {
    const machine = start(n)
    for (const node of others(n - 1)) hear(machine, node, init(node))
    const finishers = others(enoughToTrustOne(n))
    for (const instance of others(n - 1)) hearAll(machine, finishers, finish(instance, 1))
    expect(decidedIn(hearAll(machine, finishers, finish(0, 0)))).toBeUndefined()
    for (const node of others(n - 2)) expect(decidedIn(hearAll(machine, others(n - 1), ready(node)))).toBeUndefined()
    const step = hearAll(machine, others(n - 1), ready(n - 1))
    expect(decidedIn(step)).toEqual(others(n - 1).map((node) => ({ node, value: `v${node}` })))
    expect(rulesOf(step)).toContain('acs/output')
  })
})

describe('a common subset', () => {
  test('says its own value at once and its own ECHO only when the gate opens', () => {
    const machine = start(4)
    expect(saidIn(machine.step({ type: 'proposed', proposal: 'v0' }))).toEqual([init(0)])
    expect(saidIn(machine.step({ type: 'proposed', proposal: 'again' }))).toEqual([])
    expect(saidIn(machine.step({ type: 'timed-out', timer: CLOSE }))).toEqual([echo(0)])
  })

  test('sends everything the gate held back in one step at the deadline', () => {
    const machine = start(4)
    hear(machine, 2, init(2))
    hear(machine, 1, init(1))
    const step = machine.step({ type: 'timed-out', timer: CLOSE })
    expect(rulesOf(step)).toEqual(['acs/open-deadline', 'rbc/echo-on-init', 'rbc/echo-on-init'])
    expect(saidIn(step)).toEqual([echo(1), echo(2)])
    expect(rulesOf(machine.step({ type: 'timed-out', timer: CLOSE }))).toEqual([])
  })

  test('lets later INITs straight through an open gate', () => {
    const machine = start(4)
    machine.step({ type: 'timed-out', timer: CLOSE })
    expect(saidIn(hear(machine, 1, init(1)))).toEqual([echo(1)])
  })

  test('keeps its gate shut on INITs of others that are not their own', () => {
    const machine = start(4)
    for (const instance of [0, 1, 2, 3]) hear(machine, 1, init(instance))
    expect(machine.cast).toEqual([1])
    expect(machine.opened).toBe(false)
  })

  test('ignores timers that are not its own', () => {
    expect(start(4).step({ type: 'timed-out', timer: timerName('other') }).effects).toEqual([])
  })

  test('says no to nobody while it still waits, even if n - f agreements ended on 1', () => {
    const machine = start(7)
    for (const instance of [1, 2, 3, 4, 5]) hearAll(machine, [1, 2], finish(instance, 1))
    expect(machine.opened).toBe(false)
    const step = hearAll(machine, [3], finish(1, 1))
    expect(rulesOf(step)[0]).toBe('acs/open-others-closed')
  })

  test('says yes to a delivered value once', () => {
    const machine = start(4)
    hear(machine, 1, init(1))
    const step = hearAll(machine, [1, 2, 3], ready(1))
    expect(rulesOf(step)).toContain('acs/input-one')
    expect(saidIn(step)).toContainEqual(about(1, { type: 'bval', epoch: 0 as Epoch, bit: 1, own: true }))
    expect(machine.delivered).toEqual([1])
  })

  test('names the values it lacks', () => {
    const machine = start(4)
    hearAll(machine, [1, 2, 3], ready(2))
    expect([...machine.missing]).toEqual([[2, hashOfText('v2')]])
  })

  test('tells who has got how far', () => {
    const machine = start(7)
    hear(machine, 1, init(1))
    hear(machine, 2, echo(1))
    hear(machine, 3, about(1, { type: 'bval', epoch: 0 as Epoch, bit: 1, own: true }))
    expect(machine.cast).toEqual([1])
    expect(machine.closed).toEqual([2, 3])
    expect(machine.echoed).toEqual([2])
    expect(machine.entered).toEqual([3])
  })

  test('says in which instance a slot was used twice', () => {
    const machine = start(4)
    hear(machine, 1, echo(3, 'a'))
    expect(accusedIn(hear(machine, 1, echo(3, 'b')))).toEqual(['1 equivocated 3/echo'])
    hear(machine, 1, about(2, { type: 'aux', epoch: 5 as Epoch, bit: 0 }))
    const second = about(2, { type: 'aux', epoch: 5 as Epoch, bit: 1 })
    expect(accusedIn(hear(machine, 1, second))).toEqual(['1 equivocated 2/aux/5'])
  })

  test.each([
    { type: 'echo', hash: 'x', instance: 4 },
    { type: 'echo', hash: 'x', instance: -1 },
    { type: 'echo', hash: 'x', instance: 0.5 },
    { type: 'echo', hash: 'x' },
    { type: 'noise', instance: 1 }
  ])('accuses of %j and goes on', (junk) => {
    expect(accusedIn(hear(start(4), 1, junk as never))).toEqual(['1 impossible-message'])
  })

  test.each([0, -1, 4, 1.5])('ignores a message from %d: itself or nobody', (from) => {
    const machine = start(4)
    expect(hear(machine, from, echo(1)).effects).toEqual([])
    expect(machine.closed).toEqual([])
  })

  test('among one validator outputs its own value in one step', () => {
    const machine = start(1)
    expect(decidedIn(machine.step({ type: 'proposed', proposal: 'v0' }))).toEqual([{ node: 0, value: 'v0' }])
    expect(machine.terminated).toBe(true)
  })

  test('can be pictured as JSON at any time', () => {
    const crank = subsetCrank(4)
    crank.onStep = (_, machine) => expect(JSON.parse(JSON.stringify(machine.inspect()))).toEqual(machine.inspect())
    for (const node of everyNode(4)) crank.propose(node, `v${node}`)
    crank.run(seededRandom(1))
    expect(crank.decisions.size).toBe(4)
  })
})

describe.each([4, 7, 16])('delays among %i validators when every message takes one', (n) => {
  test('everyone present and correct: output after exactly 3, all values in it', () => {
    const crank = subsetCrank(n)
    for (const node of everyNode(n)) crank.propose(node, `v${node}`)
    expect(crank.roundsUntil(() => crank.decisions.size > 0)).toBe(3)
    expect(crank.decisions.size).toBe(n)
    expect(crank.decisions.get(nodeId(0))).toHaveLength(n)
    expect([...crank.rules.keys()]).toContain('aba/all-inputs-equal')
  })

  /**
   * After the closing rule lets go: ECHO, READY, BVAL, AUX, CONF agree on every value that is there. Then BVAL, AUX, CONF
   * twice agree on leaving out the one that is not, because the coin of epoch 0 shows 1.
   */
  test('one silent: values agreed 5 after closing, output after 11', () => {
    const silent = nodeId(n - 1)
    const crank = subsetCrank(n, { silent: [silent] })
    for (const node of crank.correct) crank.propose(node, `v${node}`)
    crank.round()
    expect(crank.inFlight).toEqual([])
    for (const node of crank.correct) crank.timeOut(node, CLOSE)
    const first = crank.machines.get(nodeId(0))
    expect(crank.roundsUntil(() => first?.agreed.size === n - 1)).toBe(5)
    expect(crank.roundsUntil(() => crank.decisions.size === n - 1)).toBe(6)
    crank.run(seededRandom(1))
    expect([...crank.machines.values()].every((machine) => machine.terminated)).toBe(true)
  })

  test('without any deadline a silent validator keeps every gate shut', () => {
    const crank = subsetCrank(n, { silent: [nodeId(n - 1)] })
    for (const node of crank.correct) crank.propose(node, `v${node}`)
    crank.run(seededRandom(1))
    expect(crank.decisions.size).toBe(0)
    expect(crank.rules.get('rbc/echo-on-init' as never)).toBeUndefined()
  })
})
