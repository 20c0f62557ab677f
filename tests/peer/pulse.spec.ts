import { describe, expect, it } from 'vitest'
import type { TraceFact } from '../../src/consensus/trace.ts'
import type { PeerIdString } from '../../src/core/ids.ts'
import { Pulse } from '../../src/peer/pulse.ts'
import { manualClock } from '../support/manual-clock.ts'

const peer = (name: string): PeerIdString => `12D3KooW${name}`.padEnd(52, name) as PeerIdString

function pulseOf() {
  const clock = manualClock()
  const facts: TraceFact[] = []
  const counts: Record<string, number> = {}
  const mesh: PeerIdString[] = []
  const reached = { count: 3 }
  const trace = (fact: TraceFact): void => void facts.push(fact)
  const reach = () => ({ reached: reached.count, needed: 3, cutOff: reached.count < 3 })
  const pulse = new Pulse({ clock, counters: () => counts, mesh: () => mesh, reach, trace })
  return { clock, facts, counts, mesh, reached, pulse }
}

describe('pulse', () => {
  it('tells a flood as one line a second and reason, with its count', () => {
    const { clock, facts, counts } = pulseOf()
    for (let index = 0; index < 1_000; index++) {
      counts['bad-signature'] = index + 1
      if (index % 500 === 499) counts['over-quota'] = index
      clock.advance(2)
    }
    const dropped = facts.flatMap((fact) => (fact.type === 'dropped' ? [[fact.reason, fact.count]] : []))
    expect(dropped).toEqual([
      ['bad-signature', 500],
      ['over-quota', 499],
      ['bad-signature', 500],
      ['over-quota', 500]
    ])
  })

  it('does not tell again what has not changed, and nothing that was not dropped', () => {
    const { clock, facts, counts } = pulseOf()
    Object.assign(counts, { malformed: 3, accused: 2, 'gossip-accepted': 99 })
    clock.advance(5_000)
    expect(facts).toEqual([{ type: 'dropped', reason: 'malformed', count: 3 }])
  })

  it('tells who has come into the mesh and who has left it, each with the size it then has', () => {
    const { clock, facts, mesh } = pulseOf()
    mesh.push(peer('a'), peer('b'))
    clock.advance(1_000)
    mesh.splice(0, 1, peer('c'))
    clock.advance(1_000)
    const a = peer('a').slice(-8)
    const [b, c] = [peer('b').slice(-8), peer('c').slice(-8)]
    expect(facts.map((fact) => (fact.type === 'meshed' ? [fact.to, fact.mesh] : []))).toEqual([
      [a, 1],
      [b, 2],
      [a, 1],
      [c, 2]
    ])
  })

  it('is still after it has been stopped', () => {
    const { clock, facts, counts, pulse } = pulseOf()
    counts['malformed'] = 1
    pulse.stop()
    clock.advance(5_000)
    expect(facts).toEqual([])
  })

  it('tells that this peer is cut off once that has lasted, and that it is not any more', () => {
    const { clock, facts, reached } = pulseOf()
    reached.count = 2
    clock.advance(3_500)
    reached.count = 3
    clock.advance(1_000)
    expect(facts).toEqual([])
    reached.count = 2
    clock.advance(10_000)
    expect(facts).toEqual([{ type: 'reach', reached: 2, needed: 3, cutOff: true }])
    reached.count = 4
    clock.advance(10_000)
    expect(facts.slice(1)).toEqual([{ type: 'reach', reached: 4, needed: 3, cutOff: false }])
  })
})
