import { describe, expect, it } from 'vitest'
import { defaultKill, planDemo } from '../../src/cli/demo-plan.ts'
import { isOneNetwork } from '../../src/cli/demo-watcher.ts'
import { enoughToProceed } from '../../src/core/quorum.ts'

const TERMS = { peers: 7, options: ['a', 'b', 'c'], rule: 'plurality', kill: 'founder', seed: 1 } as const

describe('a plan', () => {
  it('is repeated by its seed, and differs with another', () => {
    expect(planDemo(TERMS)).toEqual(planDemo(TERMS))
    expect(planDemo(TERMS)).not.toEqual(planDemo({ ...TERMS, seed: 2 }))
  })

  it('lets everybody answer exactly once', () => {
    for (let seed = 0; seed < 50; seed++) {
      const { firstVoters, otherVoters } = planDemo({ ...TERMS, seed, kill: 'random' })
      expect([...firstVoters, ...otherVoters].sort()).toEqual([1, 2, 3, 4, 5, 6, 7])
    }
  })

  it('kills after the victims have answered, and before a decision could be made', () => {
    for (const peers of [4, 5, 7, 10, 31]) {
      const { victims, firstVoters } = planDemo({ ...TERMS, peers })
      expect(victims).toEqual([1])
      expect(firstVoters).toContain(1)
      expect(firstVoters.length).toBeLessThan(enoughToProceed(peers))
    }
  })

  it('kills the founder only where the community can bear it', () => {
    expect([1, 3, 4, 7].map(defaultKill)).toEqual(['none', 'none', 'founder', 'founder'])
  })

  it('answers with what was asked', () => {
    const { choices } = planDemo({ ...TERMS, rule: 'approval' })
    expect(
      Object.values(choices)
        .flat()
        .every((choice) => TERMS.options.includes(choice as 'a'))
    ).toBe(true)
    expect(Object.values(planDemo(TERMS).choices).every(({ length }) => length === 1)).toBe(true)
  })
})

describe('one network', () => {
  const status = (short: string, others: readonly string[], mesh = true) => ({
    peer: { short, name: short, id: short },
    members: others.map((other) => ({
      short: other,
      name: other,
      self: false,
      connected: true,
      mesh,
      observing: false,
      links: []
    }))
  })

  it('is one that no single loss would cut, in which everybody gossips', () => {
    const ring = [status('a', ['b', 'c']), status('b', ['a', 'c']), status('c', ['a', 'b'])]
    expect(isOneNetwork(ring)).toBe(true)
    expect(isOneNetwork([status('a', ['b', 'c']), status('b', ['a']), status('c', ['a'])])).toBe(false)
    expect(isOneNetwork(ring.with(2, status('c', ['a', 'b'], false)))).toBe(false)
    expect(isOneNetwork([status('a', [])])).toBe(true)
  })
})
