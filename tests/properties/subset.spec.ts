/**
 * Common subset under random sizes, orders, deadlines, liars and silent validators.
 *
 * The adversary's powers: up to f validators, each silent or lying in every instance and to every recipient separately;
 * any order of delivery; deadlines that run out anywhere in the run. Its limits: it forges no sender, loses nothing
 * between correct validators, and every correct validator's deadline runs out in the end. Where a lying author told a
 * correct validator only values that lost, the winning INIT is handed over, as `missing` asks.
 */

import { fc, test } from '@fast-check/vitest'
import { describe, expect } from 'vitest'
import { CLOSE } from '../../src/consensus/index.ts'
import { everyNode } from '../../src/core/ids.ts'
import { enoughToProceed, maxFaulty } from '../../src/core/quorum.ts'
import { seededRandom } from '../../src/core/random.ts'
import { fetchMissingValues, subsetCrank } from '../support/committee.ts'
import { liars, subsetLiar } from '../support/liars.ts'

const runs = fc.record({
  n: fc.integer({ min: 1, max: 10 }),
  liarCount: fc.nat(3),
  silentCount: fc.nat(3),
  early: fc.double({ min: 0, max: 1, noNaN: true }),
  seed: fc.nat(),
  turbulence: fc.oneof(fc.nat(1000), fc.constant(Number.MAX_SAFE_INTEGER))
})

type Run = typeof runs extends fc.Arbitrary<infer Value> ? Value : never

function play({ n, liarCount, silentCount, early, seed, turbulence }: Run) {
  const random = seededRandom(seed)
  const faulty = everyNode(n).slice(n - Math.min(liarCount + silentCount, maxFaulty(n)))
  const lying = faulty.slice(0, liarCount)
  const crank = subsetCrank(n, { silent: faulty.slice(liarCount), liars: liars(lying, subsetLiar(random, n)) })
  const timeOutSome = (share: number): void => {
    for (const node of everyNode(n)) if (random() < share) crank.timeOut(node, CLOSE)
  }
  for (const node of everyNode(n)) {
    crank.propose(node, `v${node}`)
    timeOutSome(early / n)
    crank.deliverWhere(() => random() < 0.3)
  }
  crank.run(random, turbulence)
  timeOutSome(1)
  crank.run(random, turbulence)
  fetchMissingValues(crank)
  crank.run(random, turbulence)
  return crank
}

describe('common subset', () => {
  test.prop([runs], { numRuns: 60 })('agreement, validity, integrity, termination, no false accusation', (run) => {
    const crank = play(run)
    const outputs = crank.correct.map((node) => crank.decisions.get(node) ?? [])
    expect(new Set(outputs.map((output) => JSON.stringify(output))).size).toBe(1)
    const output = outputs[0] ?? []
    expect(output.length).toBeGreaterThanOrEqual(enoughToProceed(run.n))
    for (const { node, value } of output) if (crank.correct.includes(node)) expect(value).toBe(`v${node}`)
    expect(crank.correct.every((node) => crank.machines.get(node)?.terminated)).toBe(true)
    for (const { by, fault } of crank.faults) {
      if (crank.correct.includes(by)) expect(crank.correct).not.toContain(fault.peer)
    }
  })
})
