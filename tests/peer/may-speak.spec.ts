/** When a driver says what its machines want to say, and when it keeps it to itself. */

import { describe, expect, it } from 'vitest'
import type { Hash } from '../../src/core/ids.ts'
import { nodeId } from '../../src/core/ids.ts'
import { choose, proposalTo } from '../decision/sample.ts'
import { until } from '../support/peers.ts'
import { type Bench, benchOf, COMMUNITY, frameOf, PROPOSAL, PROPOSED, SELF, wordsOf } from './drivers.ts'

const unknownWords = wordsOf(SELF, 5, [{ type: 'echo', instance: nodeId(1), hash: 'ab'.repeat(32) as Hash }])

function answer(bench: Bench): Promise<void> {
  const promise = bench.driver.answer(bench.session(), choose(0), true)
  bench.clock.settle()
  return promise
}

describe('a peer that still asks', () => {
  it('takes in and keeps its person’s answer, says nothing of it, and says it all once enough members were asked', async () => {
    const bench = await benchOf(undefined, SELF, 2)
    bench.receive('gossip', PROPOSED)
    await answer(bench)
    bench.clock.advance(30_000)
    expect([bench.session().decision.ownBallot !== undefined, bench.published]).toEqual([true, []])
    bench.standing.asked(nodeId(1))
    bench.clock.advance(30_000)
    expect(bench.published).toEqual([])
    bench.standing.asked(nodeId(2))
    bench.clock.settle()
    await until(() => bench.published.length > 0)
  })

  it('lets go of everything it was about to say if it meets words of its own that it does not know', async () => {
    const bench = await benchOf(undefined, SELF, 2)
    bench.receive('gossip', PROPOSED)
    await answer(bench)
    bench.receive('sync', unknownWords)
    for (const node of [1, 2, 3].map(nodeId)) bench.standing.asked(node)
    bench.clock.advance(30_000)
    await bench.driver.stop()
    expect([bench.standing.state, bench.driver.open, bench.published]).toEqual(['observing', [], []])
  })
})

describe('a peer that observes', () => {
  it('says nothing even of what is on its way to the disk', async () => {
    const bench = await benchOf()
    bench.receive('gossip', PROPOSED)
    const answered = bench.driver.answer(bench.session(), choose(0), true)
    bench.clock.settle()
    // The words are being written at this moment; nothing was published yet.
    bench.standing.observe('twin')
    await answered.catch(() => undefined)
    await bench.driver.stop()
    expect(bench.published).toEqual([])
  })

  it('keeps what others say for others, no more of one proposer than any peer does, and refuses to speak', async () => {
    const bench = await benchOf()
    bench.standing.observe('forgotten')
    const proposals = Array.from({ length: 12 }, (_, index) =>
      proposalTo(COMMUNITY, { proposer: COMMUNITY.keys[1]!.key, nonce: index.toString(16).padStart(32, '0') })
    )
    for (const proposal of proposals) {
      bench.receive('gossip', frameOf(1, { type: 'proposal', proposal }, proposal.id))
    }
    expect(bench.driver.followed).toHaveLength(8)
    const first = proposals[0]!
    const words = [{ type: 'echo', instance: nodeId(1), hash: 'cd'.repeat(32) as Hash }] as const
    bench.receive('gossip', frameOf(2, { type: 'words', sequence: 0, words }, first.id))
    expect(bench.driver.archive.digest().open.find(({ decision }) => decision === first.id)?.have).toHaveLength(2)
    await expect(bench.driver.propose(PROPOSAL)).rejects.toThrow(/only observes until the next roster/)
  })
})

describe('a peer whose disk takes nothing', () => {
  it('refuses what its person says then, and tells who waits already that it is not kept yet', async () => {
    const bench = await benchOf()
    bench.receive('gossip', PROPOSED)
    const waiting = bench.driver.answer(bench.session(), choose(0), true)
    bench.disk.onTrouble('the disk is full')
    bench.clock.settle()
    await expect(waiting).rejects.toMatchObject({ name: 'OperationError', outcome: 'unknown' })
    await expect(bench.driver.answer(bench.session(), choose(1), true)).rejects.toMatchObject({
      name: 'OperationError',
      outcome: 'did-not-happen'
    })
    bench.disk.onTrouble(undefined)
    bench.clock.settle()
    await until(() => bench.published.length > 0)
  })
})
