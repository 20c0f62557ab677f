/**
 * Reliable broadcast under random sizes, orders and liars, the author possibly among them.
 *
 * The adversary's powers: up to f liars who tell every recipient something different in INIT, ECHO and READY, and any
 * order of delivery. Its limits: it forges no sender and loses nothing between correct validators. A lying author may
 * have told some correct validator only values that lost; then delivery waits for the host to fetch the winning INIT, and
 * the property hands it over, as `missing` asks.
 */

import { fc, test } from '@fast-check/vitest'
import { describe, expect } from 'vitest'
import { everyNode, nodeId } from '../../src/core/ids.ts'
import { maxFaulty } from '../../src/core/quorum.ts'
import { seededRandom } from '../../src/core/random.ts'
import { broadcastCrank, fetchMissing } from '../support/committee.ts'
import { broadcastLiar, liars } from '../support/liars.ts'

const runs = fc.record({
  n: fc.integer({ min: 1, max: 10 }),
  liarCount: fc.nat(3),
  authorLies: fc.boolean(),
  seed: fc.nat(),
  turbulence: fc.oneof(fc.nat(200), fc.constant(Number.MAX_SAFE_INTEGER))
})

describe('reliable broadcast', () => {
  test.prop([runs], { numRuns: 300 })('consistency, totality, validity, integrity, no false accusation', (run) => {
    const { n, liarCount, authorLies, seed, turbulence } = run
    const random = seededRandom(seed)
    const lying = everyNode(n).slice(n - Math.min(liarCount, maxFaulty(n)))
    const author = authorLies && lying[0] !== undefined ? lying[0] : nodeId(0)
    const crank = broadcastCrank(n, author, { liars: liars(lying, broadcastLiar(random)) })
    crank.propose(author, 'v')
    crank.run(random, turbulence)
    fetchMissing(crank, author)
    crank.run(random, turbulence)
    const delivered = crank.correct.flatMap((node) => crank.decisions.get(node) ?? [])
    expect(new Set(delivered).size).toBeLessThanOrEqual(1)
    expect([0, crank.correct.length]).toContain(delivered.length)
    if (crank.correct.includes(author)) expect(delivered).toEqual(crank.correct.map(() => 'v'))
    for (const { by, fault } of crank.faults) {
      if (crank.correct.includes(by)) expect(crank.correct).not.toContain(fault.peer)
    }
  })
})
