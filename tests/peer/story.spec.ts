import { describe, expect, it } from 'vitest'
import type { TraceEvent } from '../../src/consensus/trace.ts'
import { Story } from '../../src/peer/story.ts'
import { manualClock } from '../support/manual-clock.ts'
import { PROPOSAL } from './drivers.ts'

const decision = PROPOSAL.id
const never = (): Promise<void> => new Promise(() => undefined)
const certified = { type: 'certified', decision, outcome: 'x', signers: [] } as const
const decided = { type: 'decided', decision, outcome: 'x', result: 'y', counted: [], notCounted: [] } as const

async function typesOf(events: AsyncIterable<TraceEvent>): Promise<string[]> {
  const types: string[] = []
  for await (const { type } of events) types.push(type)
  return types
}

describe('what happens to one decision', () => {
  it('ends when it is certified', async () => {
    const story = new Story(manualClock(), 'self')
    const types = typesOf(story.eventsOf(decision, never))
    for (const fact of [decided, certified, decided]) story.tell(fact)
    expect(await types).toEqual(['decided', 'certified'])
  })

  it('ends when the peer stops, for those who came before and after', async () => {
    const story = new Story(manualClock(), 'self')
    const before = typesOf(story.eventsOf(decision, never))
    story.tell(decided)
    story.tell({ type: 'peer-stopped', reason: 'test' })
    expect([await before, await typesOf(story.eventsOf(decision, never))]).toEqual([['decided'], ['decided']])
  })

  it('ends after what is known if it was over before', async () => {
    const story = new Story(manualClock(), 'self')
    story.tell(decided)
    expect(await typesOf(story.eventsOf(decision, async () => undefined))).toEqual(['decided'])
    expect(await typesOf(story.eventsOf(decision, () => Promise.reject(new Error('damaged'))))).toEqual(['decided'])
  })
})

describe('a listener that throws', () => {
  it('stops neither the peer nor the others, and is reported once', () => {
    let failures = 0
    const story = new Story(manualClock(), 'self', () => void failures++)
    const heard: string[] = []
    story.listen(() => {
      throw new Error('mine')
    })
    story.listen(({ type }) => void heard.push(type))
    story.tell(decided)
    story.tell(certified)
    expect([heard, failures]).toEqual([['decided', 'certified'], 1])
  })
})
