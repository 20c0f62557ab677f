import { describe, expect, it } from 'vitest'
import { createNarrator } from '../../src/cli/narrate.ts'
import type { TraceEvent } from '../../src/consensus/trace.ts'

const progress = (stage: string, waitingFor: string): TraceEvent => ({
  t: 0,
  peer: 'aaaaaaaa',
  type: 'progress',
  decision: 'd',
  stage,
  waitingFor,
  missing: [],
  cast: []
})

describe('the narrator', () => {
  it('tells a step when it is reached, and not again for everyone it waits for', () => {
    const narrate = createNarrator()
    const told = [
      progress('gathering', '2 more ballots, or the deadline'),
      progress('gathering', '1 more ballot, or the deadline'),
      progress('signing', '3 more signatures')
    ].map((event) => narrate(event, () => 'heron'))
    expect(told).toEqual([
      'heron gathers ballots; it waits for 2 more ballots, or the deadline',
      undefined,
      'heron has counted, and signs the outcome; it waits for 3 more signatures'
    ])
  })
})
