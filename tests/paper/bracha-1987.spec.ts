/**
 * G. Bracha, "Asynchronous Byzantine Agreement Protocols", Information and Computation 75, 1987, section 3.
 */

import { describe, expect, test } from 'vitest'
import { type BroadcastMessage, createReliableBroadcast } from '../../src/consensus/index.ts'
import { everyNode, nodeId } from '../../src/core/ids.ts'
import { type Random, seededRandom } from '../../src/core/random.ts'
import { broadcastCrank, fetchMissing, hashOfText } from '../support/committee.ts'
import type { Distort } from '../support/crank.ts'
import { hear } from '../support/feed.ts'

const AUTHOR = nodeId(0)
const SEEDS = Array.from({ length: 150 }, (_, seed) => seed)

/** Tells each recipient one of two values, and supports both. */
const twoFaced =
  (random: Random): Distort<BroadcastMessage<string>> =>
  ({ message }) => {
    const value = random() < 0.5 ? 'x' : 'y'
    if (message.type === 'init') return [{ type: 'init', value }]
    return [{ type: message.type, hash: hashOfText(value) }]
  }

describe.each([4, 7, 10])('reliable broadcast among %i', (n) => {
  // Section 3, theorem 1: "if the transmitter is correct, all correct processes accept its message".
  test('a correct author’s value is delivered by every correct validator, with f silent', () => {
    const silent = everyNode(n).slice(n - Math.floor((n - 1) / 3))
    for (const seed of SEEDS) {
      const crank = broadcastCrank(n, AUTHOR, { silent })
      crank.propose(AUTHOR, 'v')
      crank.run(seededRandom(seed))
      expect([...crank.decisions.values()]).toEqual(Array(n - silent.length).fill('v'))
      expect([...crank.machines.values()].every((machine) => machine.terminated)).toBe(true)
    }
  })

  // Section 3, lemma 2: "two correct processes do not send ready messages with different values"; and section 3,
  // theorem 1: either all correct processes accept the same value or none accepts any.
  test('a two-faced author is delivered everywhere alike or nowhere, and no two correct READYs differ', () => {
    let delivered = 0
    for (const seed of SEEDS) {
      const crank = broadcastCrank(n, AUTHOR, { liars: new Map([[AUTHOR, twoFaced(seededRandom(seed + 1))]]) })
      const readies = new Set<string>()
      crank.onStep = (_, __, { effects }) => {
        for (const effect of effects) {
          if (effect.type === 'broadcast' && effect.message.type === 'ready') readies.add(effect.message.hash)
        }
      }
      crank.propose(AUTHOR, 'x')
      crank.run(seededRandom(seed))
      fetchMissing(crank, AUTHOR)
      crank.run(seededRandom(seed))
      const values = crank.correct.flatMap((node) => crank.decisions.get(node) ?? [])
      expect(new Set(values).size).toBeLessThanOrEqual(1)
      expect([0, n - 1]).toContain(values.length)
      expect(readies.size).toBeLessThanOrEqual(1)
      delivered += values.length
    }
    expect(delivered).toBeGreaterThan(0)
  })

  // Our addition: see the proof in src/consensus/reliable-broadcast.ts.
  test('a delivery by the unanimity shortcut is followed by everyone, though the author lies afterwards', () => {
    for (const seed of SEEDS) {
      const random = seededRandom(seed)
      const liar: Distort<BroadcastMessage<string>> = ({ to, message }) => {
        if (message.type === 'ready') return [{ type: 'ready', hash: hashOfText('y') }]
        if (message.type === 'echo') return [{ type: 'echo', hash: hashOfText(to === 1 || random() < 0.5 ? 'x' : 'y') }]
        return [message]
      }
      const crank = broadcastCrank(n, AUTHOR, { liars: new Map([[AUTHOR, liar]]) })
      crank.propose(AUTHOR, 'x')
      crank.deliverWhere(({ message }) => message.type === 'init')
      crank.deliverWhere(({ to }) => to === 1)
      expect(crank.rules.get('rbc/deliver-on-all-echoes' as never)).toBe(1)
      crank.run(random)
      expect(crank.correct.map((node) => crank.decisions.get(node))).toEqual(Array(n - 1).fill('x'))
    }
  })
})

// Section 1 and 3: the bound n > 3t is the best possible.
test('with one liar among 3, two correct validators deliver different values: n > 3f is needed', () => {
  const machineOf = (self: number) =>
    createReliableBroadcast<string>({ self: nodeId(self), validatorCount: 3, broadcaster: AUTHOR, hashOf: hashOfText })
  const delivered = ['x', 'y'].map((value, index) => {
    const machine = machineOf(index + 1)
    hear(machine, 0, { type: 'init', value })
    const { effects } = hear(machine, 0, { type: 'echo', hash: hashOfText(value) })
    return effects.flatMap((effect) => (effect.type === 'decide' ? [effect.decision] : []))[0]
  })
  expect(delivered).toEqual(['x', 'y'])
})
