/**
 * Binary agreement under random sizes, inputs, orders and liars.
 *
 * The adversary's powers: up to f liars (`tests/support/liars.ts`: they equivocate in every kind of message, to every
 * recipient separately, stay silent at will and invent messages for later epochs), and any order of delivery for the
 * first `turbulence` messages. Its limits: it forges no sender, loses nothing between correct validators, and does not
 * choose the order *by content*; that stronger one is in `tests/paper/patient-manipulator.spec.ts`.
 *
 * A counter-example shrinks towards few validators, no liars and calm (turbulence 0: oldest first).
 */

import { fc, test } from '@fast-check/vitest'
import { describe, expect } from 'vitest'
import type { Bit } from '../../src/consensus/index.ts'
import { everyNode, nodeId } from '../../src/core/ids.ts'
import { maxFaulty } from '../../src/core/quorum.ts'
import { seededRandom } from '../../src/core/random.ts'
import { agreementCrank } from '../support/committee.ts'
import { agreementLiar, liars } from '../support/liars.ts'
import { epochsOf, maskOf } from '../support/pictures.ts'

const runs = fc.record({
  n: fc.integer({ min: 1, max: 10 }),
  liarCount: fc.nat(3),
  inputs: fc.array(fc.constantFrom<Bit>(0, 1), { minLength: 10, maxLength: 10 }),
  late: fc.nat(4),
  seed: fc.nat(),
  turbulence: fc.oneof(fc.nat(200), fc.constant(Number.MAX_SAFE_INTEGER))
})

type Run = typeof runs extends fc.Arbitrary<infer Value> ? Value : never

/** Builds the network and gives everyone an input, the last `late` of them only when messages are on their way. */
function prepare({ n, liarCount, inputs, late, seed }: Run) {
  const random = seededRandom(seed)
  const lying = everyNode(n).slice(n - Math.min(liarCount, maxFaulty(n)))
  const crank = agreementCrank(n, { liars: liars(lying, agreementLiar(random)) })
  const order = [...everyNode(n)].reverse()
  const propose = (nodes: readonly number[]): void => {
    for (const node of nodes) crank.propose(nodeId(node), inputs[node] as Bit)
  }
  propose(order.slice(Math.min(late, n)))
  return { crank, random, proposeLate: () => propose(order.slice(0, Math.min(late, n))) }
}

describe('binary agreement', () => {
  test.prop([runs], { numRuns: 250 })('agreement, validity, integrity, termination, no false accusation', (run) => {
    const { crank, random, proposeLate } = prepare(run)
    crank.deliverWhere(() => random() < 0.7)
    proposeLate()
    crank.run(random, run.turbulence)
    const inputs = new Set(crank.correct.map((node) => run.inputs[node]))
    const decisions = crank.correct.map((node) => crank.decisions.get(node))
    expect(new Set(decisions).size).toBe(1)
    expect(inputs).toContain(decisions[0])
    expect(crank.correct.every((node) => crank.machines.get(node)?.terminated)).toBe(true)
    for (const { by, fault } of crank.faults) {
      if (crank.correct.includes(by)) expect(crank.correct).not.toContain(fault.peer)
    }
  })

  test.prop([runs], { numRuns: 100 })('a bit in bin was a correct input, a CONF says what AUX named', (run) => {
    const { crank, random, proposeLate } = prepare({ ...run, n: Math.min(run.n, 7) })
    const inputs = maskOf(crank.correct.map((node) => run.inputs[node] as Bit))
    crank.onStep = (_, machine) => {
      for (const { bval, aux, named } of epochsOf(machine)) {
        expect(bval.bin & ~inputs).toBe(0)
        expect(named & ~maskOf(aux.filter((bit) => bit !== null))).toBe(0)
      }
    }
    proposeLate()
    crank.run(random, run.turbulence)
    expect(crank.decisions.size).toBeGreaterThan(0)
  })

  test.prop([runs], { numRuns: 30 })('the same inputs give the same run, twice', (run) => {
    const play = (): string => {
      const { crank, random, proposeLate } = prepare(run)
      proposeLate()
      crank.run(random, run.turbulence)
      return JSON.stringify([[...crank.decisions], [...crank.rules], crank.faults])
    }
    expect(play()).toBe(play())
  })
})
