import { describe, expect, test } from 'vitest'
import { type BroadcastMessage, createReliableBroadcast, INIT_VALUES_MAX } from '../../src/consensus/index.ts'
import { nodeId } from '../../src/core/ids.ts'
import { enoughForAll, enoughToIntersect, enoughToTrustOne } from '../../src/core/quorum.ts'
import { hashOfText } from '../support/committee.ts'
import { accusedIn, decidedIn, hear, hearAll, others, rulesOf, saidIn } from '../support/feed.ts'

/** The machine of validator 0; validator 1 is the author. */
const start = (validatorCount: number, extra: { broadcaster?: number; holdsEcho?: boolean } = {}) =>
  createReliableBroadcast<string>({
    self: nodeId(0),
    validatorCount,
    broadcaster: nodeId(extra.broadcaster ?? 1),
    hashOf: hashOfText,
    holdsEcho: extra.holdsEcho ?? false
  })

const init = (value = 'v'): BroadcastMessage<string> => ({ type: 'init', value })
const echo = (value = 'v'): BroadcastMessage<string> => ({ type: 'echo', hash: hashOfText(value) })
const ready = (value = 'v'): BroadcastMessage<string> => ({ type: 'ready', hash: hashOfText(value) })

describe.each([4, 7])('thresholds of a broadcast among %i', (n) => {
  test('READY follows ECHO from enough to intersect, not one fewer', () => {
    const machine = start(n)
    const enough = enoughToIntersect(n)
    expect(rulesOf(hearAll(machine, others(enough - 1), echo()))).toEqual([])
    const last = hear(machine, enough, echo())
    expect(rulesOf(last)).toEqual(['rbc/ready-on-echoes'])
    expect(saidIn(last)).toEqual([ready()])
  })

  test('READY follows READY from f + 1, not one fewer', () => {
    const machine = start(n)
    const enough = enoughToTrustOne(n)
    expect(rulesOf(hearAll(machine, others(enough - 1), ready()))).toEqual([])
    expect(rulesOf(hear(machine, enough, ready()))).toEqual(['rbc/ready-on-readies'])
  })

  test('delivery follows READY from 2f + 1, its own counted, not one fewer', () => {
    const machine = start(n)
    hear(machine, 1, init())
    expect(saidIn(hearAll(machine, others(enoughToIntersect(n) - 1), echo()))).toEqual([ready()])
    const fromOthers = enoughForAll(n) - 1
    expect(decidedIn(hearAll(machine, others(fromOthers - 1), ready()))).toBeUndefined()
    expect(machine.terminated).toBe(false)
    const last = hear(machine, fromOthers, ready())
    expect(decidedIn(last)).toBe('v')
    expect(rulesOf(last)).toEqual(['rbc/deliver-on-readies'])
    expect(machine.terminated).toBe(true)
  })

  test('the unanimity shortcut takes ECHO from all n, not one fewer', () => {
    const machine = start(n)
    hear(machine, 1, init())
    expect(decidedIn(hearAll(machine, others(n - 2), echo()))).toBeUndefined()
    const last = hear(machine, n - 1, echo())
    expect(decidedIn(last)).toBe('v')
    expect(rulesOf(last)).toContain('rbc/deliver-on-all-echoes')
    expect(machine.terminated).toBe(false)
  })
})

describe('a broadcast', () => {
  test('starts with INIT and the own ECHO', () => {
    const machine = start(4, { broadcaster: 0 })
    const step = machine.step({ type: 'proposed', proposal: 'v' })
    expect(rulesOf(step)).toEqual(['rbc/init', 'rbc/echo-on-init'])
    expect(saidIn(step)).toEqual([init(), echo()])
    expect(saidIn(machine.step({ type: 'proposed', proposal: 'w' }))).toEqual([])
  })

  test('among one validator delivers at once', () => {
    const step = start(1, { broadcaster: 0 }).step({ type: 'proposed', proposal: 'v' })
    expect(decidedIn(step)).toBe('v')
  })

  test('echoes the first INIT once', () => {
    const machine = start(4)
    expect(saidIn(hear(machine, 1, init()))).toEqual([echo()])
    expect(hear(machine, 1, init()).effects).toEqual([])
  })

  test('says READY once in total, not once for each value', () => {
    const machine = start(4)
    expect(saidIn(hearAll(machine, [1, 2], ready('v')))).toEqual([ready('v')])
    expect(saidIn(hearAll(machine, [1, 2, 3], echo('w')))).toEqual([])
  })

  test('takes an INIT from nobody but the author', () => {
    const machine = start(4)
    expect(accusedIn(hear(machine, 2, init()))).toEqual(['2 impossible-message'])
    expect(saidIn(hear(machine, 1, init('w')))).toEqual([echo('w')])
  })

  test.each([
    ['init', init('v'), init('w')],
    ['echo', echo('v'), echo('w')],
    ['ready', ready('v'), ready('w')]
  ])('accuses of a second, different %s, once, and never of a repetition', (slot, first, second) => {
    const machine = start(4)
    hear(machine, 1, first)
    expect(accusedIn(hear(machine, 1, first))).toEqual([])
    expect(accusedIn(hear(machine, 1, second))).toEqual([`1 equivocated ${slot}`])
    expect(accusedIn(hear(machine, 1, second))).toEqual([])
  })

  test('does not count the second word of an equivocator', () => {
    const machine = start(4)
    hear(machine, 1, ready('w'))
    hear(machine, 1, ready('v'))
    expect(saidIn(hear(machine, 2, ready('v')))).toEqual([])
  })

  test('delivers the value the others got, even if its author told it another one first', () => {
    const machine = start(4)
    hear(machine, 1, init('mine'))
    hear(machine, 1, init('theirs'))
    expect(decidedIn(hearAll(machine, [2, 3], ready('theirs')))).toBe('theirs')
  })

  test('names the hash it needs until the value comes, then delivers', () => {
    const machine = start(4)
    hearAll(machine, [2, 3], ready('v'))
    expect(machine.missing).toBe(hashOfText('v'))
    expect(decidedIn(hear(machine, 1, init('v')))).toBe('v')
    expect(machine.missing).toBeUndefined()
  })

  test('keeps a bounded number of values of an equivocator, and always takes the one that won', () => {
    const machine = start(4)
    for (let index = 0; index <= 2 * INIT_VALUES_MAX; index++) hear(machine, 1, init(`lie-${index}`))
    expect((machine.inspect() as { values: string[] }).values).toHaveLength(INIT_VALUES_MAX)
    hearAll(machine, [2, 3], ready('v'))
    expect(decidedIn(hear(machine, 1, init('v')))).toBe('v')
    expect((machine.inspect() as { values: string[] }).values).toHaveLength(INIT_VALUES_MAX)
  })

  test('still says READY after a delivery by the shortcut, so that others can deliver', () => {
    const machine = start(4)
    hear(machine, 1, init())
    const step = hearAll(machine, [1, 2, 3], echo())
    expect(saidIn(step)).toEqual([ready()])
    expect(decidedIn(step)).toBe('v')
  })

  test('delivers once, whichever rule comes second', () => {
    const machine = start(4)
    hear(machine, 1, init())
    hearAll(machine, [1, 2, 3], echo())
    expect(decidedIn(hearAll(machine, [1, 2, 3], ready()))).toBeUndefined()
  })

  test('holds its ECHO back until released, and its READY never', () => {
    const machine = start(4, { holdsEcho: true })
    expect(saidIn(hear(machine, 1, init()))).toEqual([])
    expect(saidIn(hearAll(machine, [2, 3], ready()))).toEqual([ready()])
    expect(saidIn(machine.release())).toEqual([echo()])
    expect(saidIn(machine.release())).toEqual([])
  })

  test('released before the INIT, echoes when it comes', () => {
    const machine = start(4, { holdsEcho: true })
    machine.release()
    expect(saidIn(hear(machine, 1, init()))).toEqual([echo()])
  })

  test.each([0, -1, 4, 1.5, Number.NaN])('ignores a message from %d: itself or nobody', (from) => {
    expect(hear(start(4), from, init()).effects).toEqual([])
    expect(hear(start(4), from, echo()).effects).toEqual([])
  })

  test.each([{ type: 'noise' }, { type: 'echo', hash: 7 }, { type: 'ready' }])('accuses of %j and goes on', (junk) => {
    expect(accusedIn(hear(start(4), 2, junk as never))).toEqual(['2 impossible-message'])
  })
})
