import { describe, expect, it } from 'vitest'
import type { Epoch, Hash } from '../../src/core/ids.ts'
import { nodeId } from '../../src/core/ids.ts'
import { type Answer, type Ballot, ballotHash } from '../../src/decision/ballot.ts'
import { certificateText } from '../../src/decision/certificate.ts'
import type { DecisionMessage } from '../../src/decision/decision-message.ts'
import { ARCHIVE_LIMITS } from '../../src/decision/delivery.ts'
import { EVIDENCE_PER_MEMBER_MAX } from '../../src/peer/evidence-shelf.ts'
import { OBSERVING } from '../../src/peer/standing.ts'
import { ABSTAIN, ballotsOf, certificateOf, choose, NO_ANSWER, proposalTo } from '../decision/sample.ts'
import { until } from '../support/peers.ts'
import { type Bench, benchOf, COMMUNITY, frameOf, PROPOSAL, PROPOSED, SELF, wordsOf } from './drivers.ts'

const LIAR = nodeId(3)
const hash = (digits: string): Hash => digits.repeat(32) as Hash

function liarsBallot(answer: Answer): Ballot {
  const [ballot] = ballotsOf(COMMUNITY, PROPOSAL, [undefined, undefined, undefined, answer])
  return ballot!
}
const initFrame = (answer: Answer, sequence = 0): Uint8Array =>
  wordsOf(LIAR, sequence, [{ type: 'init', instance: LIAR, value: liarsBallot(answer) }])
const readyFrame = (node: number, answer: Answer): Uint8Array =>
  wordsOf(node, 0, [{ type: 'ready', instance: LIAR, hash: ballotHash(liarsBallot(answer)) }])
const fillers = Array.from({ length: ARCHIVE_LIMITS.framesPerAuthorMax }, (_, index) => {
  const word: DecisionMessage = { type: 'bval', instance: nodeId(1), epoch: 0 as Epoch, bit: 1, own: false }
  return wordsOf(LIAR, 1_000 + index, [word])
})

const moreFillers = Array.from({ length: 300 }, (_, index) => {
  const word: DecisionMessage = { type: 'bval', instance: nodeId(2), epoch: 0 as Epoch, bit: 0, own: false }
  return wordsOf(LIAR, 5_000 + index, [word])
})

/** What the machine has settled about the liar's ballot. */
const hasDelivered = (bench: Bench): boolean => bench.session().decision.subset.delivered.includes(LIAR)

/** Lets what waits be said, and so be on disk; then a second life on the same store. */
async function restarted(bench: Bench): Promise<Bench> {
  bench.clock.advance(5_000)
  await bench.driver.stop()
  const again = await benchOf(bench.store)
  await again.driver.restore()
  again.clock.settle()
  return again
}

describe('a ballot that everyone else has agreed on', () => {
  for (const via of ['gossip', 'sync'] as const) {
    it(`is let in by ${via} though its author has used up its room, and nothing else of that author is`, async () => {
      const bench = await benchOf()
      bench.receive(via, PROPOSED, ...fillers, initFrame(choose(0)))
      expect(bench.session().decision.ballotOf(LIAR)).toBeUndefined()
      bench.receive(via, readyFrame(1, choose(0)), readyFrame(2, choose(0)))
      expect(hasDelivered(bench)).toBe(false)
      bench.receive(via, initFrame(choose(1)))
      expect(hasDelivered(bench)).toBe(false)
      bench.receive(via, initFrame(choose(0)))
      expect(hasDelivered(bench)).toBe(true)
      const lateId = bench.driver.archive.digest().open[0]!.have.length
      bench.receive(via, initFrame(choose(0), 7), initFrame(choose(2), 8))
      expect(bench.driver.archive.digest().open[0]!.have).toHaveLength(lateId)
      expect(hasDelivered(await restarted(bench))).toBe(true)
    })
  }

  it('is found again among the frames kept if the machine has let go of it', async () => {
    const bench = await benchOf()
    const answers = [choose(0), choose(1), choose(2), ABSTAIN, NO_ANSWER]
    bench.receive('gossip', PROPOSED, ...answers.map(initFrame))
    bench.receive('gossip', readyFrame(1, NO_ANSWER), readyFrame(2, NO_ANSWER))
    expect(hasDelivered(bench)).toBe(true)
    expect(hasDelivered(await restarted(bench))).toBe(true)
    expect(bench.fatal).toEqual([])
  })
})

describe('an answer', () => {
  const answered = (bench: Bench): Promise<void> => {
    const promise = bench.driver.answer(bench.session(), choose(0), true)
    promise.catch(() => undefined)
    return promise
  }

  it('to a decision that is closed in the same turn is refused, and the sentence says so', async () => {
    const bench = await benchOf()
    bench.receive('gossip', PROPOSED)
    const ballots = ballotsOf(COMMUNITY, PROPOSAL, [undefined, choose(0), choose(0), choose(1)])
    const certificate = certificateOf(COMMUNITY, PROPOSAL, ballots, [nodeId(1), nodeId(2), nodeId(3)])
    const session = bench.session()
    bench.driver.adopt(certificateText(certificate))
    const before = bench.driver.answer(session, choose(0), true)
    bench.clock.settle()
    await expect(before).rejects.toMatchObject({ name: 'OptionsError' })
    await expect(before).rejects.toThrow(/decided before this answer came/)
  })

  it('that is cast just before its decision is closed without it is refused as well', async () => {
    const bench = await benchOf()
    bench.receive('gossip', PROPOSED)
    const ballots = ballotsOf(COMMUNITY, PROPOSAL, [undefined, choose(0), choose(0), choose(1)])
    const certificate = certificateOf(COMMUNITY, PROPOSAL, ballots, [nodeId(1), nodeId(2), nodeId(3)])
    const late = answered(bench)
    bench.driver.adopt(certificateText(certificate))
    bench.clock.settle()
    await expect(late).rejects.toThrow(/decided before this answer came/)
  })

  it('after another one in the same turn is refused; the first one counts', async () => {
    const bench = await benchOf()
    bench.receive('gossip', PROPOSED)
    const first = answered(bench)
    const second = answered(bench)
    bench.clock.settle()
    await expect(first).resolves.toBeUndefined()
    await expect(second).rejects.toThrow(/cast and cannot be changed/)
  })
})

describe('the rate of an author', () => {
  it('is used up by what the author says and not by what others repeat of it', async () => {
    const bench = await benchOf()
    const proposals = Array.from({ length: 60 }, (_, index) =>
      proposalTo(COMMUNITY, { proposer: COMMUNITY.keys[1]!.key, nonce: index.toString(16).padStart(32, '0') })
    )
    // Long ago: decisions that are closed here and of which nothing is kept any more.
    for (const { id } of proposals) bench.driver.archive.close(id)
    const old = proposals.flatMap(({ id }, index) =>
      Array.from({ length: 10 }, (_, nth) => {
        const words: DecisionMessage[] = [{ type: 'finish', instance: nodeId(nth % 4), bit: 1 }]
        return frameOf(1, { type: 'words', sequence: 10 * index + nth, words }, id)
      })
    )
    for (const frame of old) expect(bench.driver.receive(frame, 'gossip').verdict).toBe('ignore')
    expect(bench.driver.receive(PROPOSED, 'gossip').verdict).toBe('accept')
    expect(bench.counters.read()).toEqual({})
    // What it says itself about something that is going on counts.
    const verdicts = fillers.concat(moreFillers).map((frame) => bench.driver.receive(frame, 'gossip').verdict)
    expect([verdicts.at(0), verdicts.at(-1)]).toEqual(['accept', 'ignore'])
    expect(bench.counters.read()['author-over-rate']).toBeGreaterThan(0)
  })
})

describe('a frame in this peer’s own name', () => {
  it('that it never said is counted: its key is used elsewhere, and it says nothing more', async () => {
    const bench = await benchOf()
    const foreign = wordsOf(SELF, 5, [{ type: 'echo', instance: nodeId(1), hash: hash('ab') }])
    bench.receive('gossip', PROPOSED, foreign, foreign, initFrame(choose(0)))
    bench.clock.advance(100_000)
    await bench.driver.stop()
    expect(bench.counters.read()).toMatchObject({ 'own-key-elsewhere': 1, 'observing-forgotten': 1 })
    expect(bench.facts).toContainEqual({ type: 'standing', standing: 'observing', reason: OBSERVING.forgotten })
    expect([bench.published, bench.driver.open]).toEqual([[], []])
  })

  it('that comes in one turn with its proposal silences it as well; the certificate still closes the decision', async () => {
    const bench = await benchOf()
    bench.driver.receive(wordsOf(SELF, 5, [{ type: 'echo', instance: nodeId(1), hash: hash('ab') }]), 'sync')
    bench.driver.receive(PROPOSED, 'sync')
    bench.clock.settle()
    expect(bench.driver.open).toEqual([])
    const ballots = ballotsOf(COMMUNITY, PROPOSAL, [undefined, choose(0), choose(0), choose(1)])
    const certificate = certificateOf(COMMUNITY, PROPOSAL, ballots, [nodeId(1), nodeId(2), nodeId(3)])
    expect(bench.driver.adopt(certificateText(certificate))).toBe(true)
    bench.clock.settle()
    await bench.driver.over(PROPOSAL.id)
    expect(bench.facts.at(-1)).toMatchObject({ type: 'certified', decision: PROPOSAL.id })
  })

  it('that it said itself is nothing new, before a restart and after', async () => {
    const bench = await benchOf()
    bench.receive('gossip', PROPOSED)
    const answer = bench.driver.answer(bench.session(), choose(0), true)
    bench.clock.settle()
    await answer
    bench.receive('gossip', ...bench.published)
    const again = await restarted(bench)
    again.receive('sync', ...bench.published)
    expect(bench.published.length).toBeGreaterThan(0)
    expect([bench.counters.read(), again.counters.read()]).toEqual([{}, {}])
  })

  it('that is forged is refused as any other', async () => {
    const bench = await benchOf()
    const forged = wordsOf(SELF, 5, [{ type: 'echo', instance: nodeId(1), hash: hash('ab') }])
    forged[forged.length - 1]! ^= 1
    bench.receive('gossip', PROPOSED, forged)
    expect(bench.counters.read()).toEqual({ 'bad-signature': 1 })
  })

  it('that is a presence of an earlier life, with a clock ahead, is learned from', async () => {
    const bench = await benchOf((await benchOf()).store)
    const presence = (sequence: number): Uint8Array =>
      frameOf(SELF, {
        ...{ type: 'presence', sequence, addresses: [], neighbours: [] },
        ...{ session: '00'.repeat(16), life: 1, observing: false }
      })
    bench.receive('sync', presence(2_000), presence(1_000))
    expect(bench.presence.sequences()[SELF]).toBe(2_000)
  })
})

describe('evidence', () => {
  const echoes = (one: string): Uint8Array => wordsOf(LIAR, 0, [{ type: 'echo', instance: nodeId(1), hash: hash(one) }])
  const shownBy = (node: number, second: string, decision = PROPOSAL.id): Uint8Array =>
    frameOf(node, { type: 'evidence', first: echoes('aa'), second: echoes(second) }, decision)
  const accusations = ({ facts }: Bench): number => facts.filter(({ type }) => type === 'accused').length

  it('about another decision than its envelope names is refused', async () => {
    const bench = await benchOf()
    bench.receive('gossip', shownBy(1, 'bb', hash('cd') as typeof PROPOSAL.id))
    expect(bench.counters.read()).toEqual({ 'evidence-refused': 1 })
    expect(accusations(bench)).toBe(0)
  })

  it('against one member in one decision is told once, whoever shows it', async () => {
    const bench = await benchOf()
    bench.receive('gossip', PROPOSED, shownBy(1, 'bb'), shownBy(2, 'bb'), shownBy(2, 'cc'), echoes('aa'), echoes('bb'))
    expect(accusations(bench)).toBe(1)
    await bench.driver.stop()
    expect(bench.published).toEqual([])
  })

  it('outlives the decision and a restart', async () => {
    const bench = await benchOf()
    bench.receive('gossip', PROPOSED, echoes('aa'), echoes('bb'))
    expect(accusations(bench)).toBe(1)
    expect(bench.published).toHaveLength(1)
    await until(async () => (await bench.store.get(`evidence-${LIAR}-0`)) !== undefined)
    const again = await restarted(bench)
    expect(again.facts[0]).toMatchObject({ type: 'accused', decision: PROPOSAL.id, evidence: true })
    again.receive('gossip', shownBy(1, 'bb'))
    expect(accusations(again)).toBe(1)
  })

  it('fills no more than its member’s few places', async () => {
    const bench = await benchOf()
    for (let index = 0; index <= EVIDENCE_PER_MEMBER_MAX; index++) {
      const decision = hash(`0${index}`) as typeof PROPOSAL.id
      const said = (digits: string): Uint8Array =>
        frameOf(
          LIAR,
          { type: 'words', sequence: 0, words: [{ type: 'echo', instance: nodeId(1), hash: hash(digits) }] },
          decision
        )
      bench.receive('gossip', frameOf(1, { type: 'evidence', first: said('aa'), second: said('bb') }, decision))
    }
    expect(accusations(bench)).toBe(EVIDENCE_PER_MEMBER_MAX + 1)
    await bench.driver.stop()
    const places = Array.from({ length: EVIDENCE_PER_MEMBER_MAX + 1 }, (_, place) => `evidence-${LIAR}-${place}`)
    const kept = await Promise.all(places.map((name) => bench.store.get(name)))
    expect(kept.map((text) => text !== undefined)).toEqual([true, true, true, true, false])
  })
})

describe('a replay', () => {
  it('that does not lead to what was said mutes the decision', async () => {
    const bench = await benchOf()
    const said = wordsOf(SELF, 0, [{ type: 'echo', instance: nodeId(1), hash: hash('ab') }])
    await bench.store.appendDecision(PROPOSAL.id, [
      { type: 'frame', frame: PROPOSED },
      { type: 'said', frame: said }
    ])
    await bench.driver.restore()
    bench.clock.advance(100_000)
    expect(bench.driver.open).toEqual([])
    expect(bench.counters.read()).toEqual({ 'muted-decision': 1 })
  })
})
