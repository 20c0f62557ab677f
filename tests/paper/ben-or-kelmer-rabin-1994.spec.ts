/**
 * M. Ben-Or, B. Kelmer, T. Rabin, "Asynchronous Secure Computations with Optimal Resilience", PODC 1994, section 4
 * (agreement on a core set); as used in A. Miller et al., "The Honey Badger of BFT Protocols", CCS 2016, section 4.4.
 */

import { describe, expect, test } from 'vitest'
import { CLOSE, type SubsetMessage } from '../../src/consensus/index.ts'
import { everyNode, nodeId } from '../../src/core/ids.ts'
import { enoughToProceed, maxFaulty } from '../../src/core/quorum.ts'
import { seededRandom } from '../../src/core/random.ts'
import { fetchMissingValues, subsetCrank } from '../support/committee.ts'
import { liars, subsetLiar } from '../support/liars.ts'

const SEEDS = Array.from({ length: 12 }, (_, seed) => seed)

/** A run in which everyone proposes, deadlines pass when they like, and f lie. */
function liarsRun(n: number, seed: number) {
  const random = seededRandom(seed)
  const nodes = everyNode(n).slice(n - maxFaulty(n))
  const crank = subsetCrank(n, { liars: liars(nodes, subsetLiar(random, n)) })
  for (const node of everyNode(n)) crank.propose(node, `v${node}`)
  crank.deliverWhere(() => random() < 0.5)
  for (const node of everyNode(n)) crank.timeOut(node, CLOSE)
  crank.run(random)
  fetchMissingValues(crank)
  crank.run(random)
  return crank
}

describe.each([4, 7])('common subset among %i with f liars', (n) => {
  // Miller et al. section 4.4, agreement: "if any correct node outputs v, then every correct node outputs v";
  // totality: "if n - f correct nodes receive an input, then all correct nodes produce an output".
  test('every correct validator outputs, and the same set with the same values', () => {
    for (const seed of SEEDS) {
      const crank = liarsRun(n, seed)
      const outputs = crank.correct.map((node) => JSON.stringify(crank.decisions.get(node)))
      expect(outputs[0]).toBeDefined()
      expect(new Set(outputs).size).toBe(1)
    }
  })

  // Miller et al. section 4.4, validity: "|v| >= N - f and v contains the inputs of at least N - 2f correct nodes".
  test('the set has n - f members at least, n - 2f of them correct, each with what it proposed, in roster order', () => {
    for (const seed of SEEDS) {
      const crank = liarsRun(n, seed)
      const output = crank.decisions.get(nodeId(0)) ?? []
      const own = output.filter(({ node }) => crank.correct.includes(node))
      expect(output.length).toBeGreaterThanOrEqual(enoughToProceed(n))
      expect(own.length).toBeGreaterThanOrEqual(n - 2 * maxFaulty(n))
      expect(own.every(({ node, value }) => value === `v${node}`)).toBe(true)
      expect(output.map(({ node }) => node)).toEqual(output.map(({ node }) => node).sort((a, b) => a - b))
    }
  })

  // Ben-Or, Kelmer, Rabin section 4: nobody can wait for more than n - f.
  test('ends with f silent after the deadline, with exactly the values of the others', () => {
    const silent = everyNode(n).slice(0, maxFaulty(n))
    for (const seed of SEEDS) {
      const crank = subsetCrank(n, { silent })
      for (const node of crank.correct) crank.propose(node, `v${node}`)
      crank.run(seededRandom(seed))
      for (const node of crank.correct) crank.timeOut(node, CLOSE)
      crank.run(seededRandom(seed))
      const expected = crank.correct.map((node) => ({ node, value: `v${node}` }))
      expect(crank.correct.map((node) => crank.decisions.get(node))).toEqual(crank.correct.map(() => expected))
      expect([...crank.machines.values()].every((machine) => machine.terminated)).toBe(true)
    }
  })
})

const concerns = (message: SubsetMessage<string>, node: number): boolean => message.instance === node

// Miller et al. section 4.4: up to f correct inputs may be left out. Our product says so: "not counted".
test('a correct value that is slower than the deadline may be left out, and its author outputs the same set', () => {
  const n = 4
  const slow = nodeId(3)
  const crank = subsetCrank(n)
  for (const node of everyNode(n)) crank.propose(node, `v${node}`)
  crank.deliverWhere(({ message }) => !concerns(message, slow))
  for (const node of everyNode(n)) if (node !== slow) crank.timeOut(node, CLOSE)
  crank.roundsUntil(() => {
    crank.deliverWhere(({ message }) => !(concerns(message, slow) && message.type === 'init'))
    return crank.correct.every((node) => node === slow || crank.decisions.has(node))
  })
  crank.run(seededRandom(1))
  expect(crank.decisions.get(slow)?.map(({ node }) => node)).toEqual([0, 1, 2])
  expect(new Set([...crank.decisions.values()].map((output) => JSON.stringify(output))).size).toBe(1)
})
