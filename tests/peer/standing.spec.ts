import { describe, expect, it } from 'vitest'
import type { TraceFact } from '../../src/consensus/trace.ts'
import { type Hash, nodeId } from '../../src/core/ids.ts'
import { Counters } from '../../src/peer/counters.ts'
import { OBSERVING, Standing, type StandingOptions } from '../../src/peer/standing.ts'

/** What a store keeps for a standing, in memory. */
function memory(state: 'sound' | 'damaged' | 'behind' = 'sound'): StandingOptions['store'] {
  const named = new Map<string, string>()
  let life = 0
  return {
    standing: { state, explanation: '' },
    beginLife: async () => ++life,
    get: async (name) => named.get(name),
    put: async (name, text) => void named.set(name, text)
  }
}

const ROSTER = 'ab'.repeat(32) as Hash

async function standingOf(
  store = memory(),
  { validatorCount = 7, linkTarget = 6, session = '01'.repeat(16), roster = ROSTER } = {}
) {
  const facts: TraceFact[] = []
  const counters = new Counters()
  const trace = (fact: TraceFact): void => void facts.push(fact)
  const onFatal = (error: unknown): void => {
    throw error
  }
  const standing = new Standing({ validatorCount, roster, linkTarget, session, store, counters, trace, onFatal })
  await standing.begin()
  return { standing, facts, counters, store }
}

describe('standing', () => {
  it('asks as many members as any decision needs, each once, before it votes', async () => {
    const { standing } = await standingOf()
    for (const node of [1, 2, 2, 3].map(nodeId)) standing.asked(node)
    expect([standing.state, standing.lacksAnswerOf(nodeId(2)), standing.lacksAnswerOf(nodeId(4))]).toEqual([
      'asking',
      false,
      true
    ])
    standing.asked(nodeId(4))
    expect([standing.state, standing.maySpeak, standing.lacksAnswerOf(nodeId(5))]).toEqual(['voting', true, false])
  })

  it('asks no more members than a sparse community gives it links, and nobody when it is alone', async () => {
    const sparse = await standingOf(memory(), { validatorCount: 16, linkTarget: 3 })
    for (const node of [1, 2, 3].map(nodeId)) sparse.standing.asked(node)
    expect(sparse.standing.state).toBe('voting')
    expect((await standingOf(memory(), { validatorCount: 1, linkTarget: 0 })).standing.state).toBe('voting')
  })

  it('observes when its store says that it has lost something, in every later life on this roster and on no other', async () => {
    const first = await standingOf(memory('behind'))
    expect([first.standing.state, first.standing.reason]).toEqual(['observing', OBSERVING.behind])
    const store = { ...first.store, standing: { state: 'sound', explanation: '' } as const }
    expect((await standingOf(store)).standing.state).toBe('observing')
    const other = await standingOf(store, { roster: 'cd'.repeat(32) as Hash })
    expect(other.standing.state).toBe('asking')
  })

  it('observes if it cannot read whether it observed', async () => {
    const store = { ...memory(), get: () => Promise.reject(new Error('the stored value is damaged')) }
    expect((await standingOf(store)).standing.reason).toBe(OBSERVING.damaged)
  })

  it('once observing stays so, whatever is asked or found later', async () => {
    const { standing, facts, counters } = await standingOf()
    standing.observe('twin')
    standing.observe('forgotten')
    for (const node of [1, 2, 3, 4, 5, 6].map(nodeId)) standing.asked(node)
    expect(standing.reason).toBe(OBSERVING.twin)
    expect(facts).toEqual([{ type: 'standing', standing: 'observing', reason: OBSERVING.twin }])
    expect(counters.read()).toEqual({ 'observing-twin': 1 })
  })

  it('tells its earlier lives from a second process with its key', async () => {
    const store = memory()
    await standingOf(store)
    const { standing } = await standingOf(store, { session: '02'.repeat(16) })
    expect(standing.life).toBe(2)
    const read = (session: string, life: number, observing = false) =>
      standing.readOwnPresence({ session: session.repeat(16), life, observing })
    expect(read('02', 2)).toBe('mine')
    expect(read('01', 1)).toBe('earlier')
    // A copy of the directory that was started as well begins the same life.
    expect(read('03', 2)).toBe('twin')
    // So does one that has been started more often since.
    expect(read('03', 5)).toBe('twin')
    // An earlier life that observed would have left that on disk.
    expect(read('03', 1, true)).toBe('twin')
  })
})
