import { describe, expect, it } from 'vitest'
import type { PeerIdString } from '../../src/core/ids.ts'
import { seededRandom } from '../../src/core/random.ts'
import { createBackoff } from '../../src/network/backoff.ts'
import { meshSizes } from '../../src/network/gossip-settings.ts'
import { type LinkSituation, nextLinks } from '../../src/network/next-link.ts'
import { linkTarget } from '../../src/network/settings.ts'
import { createBuckets, createStrikes } from '../../src/network/strikes.ts'

const peers = (text: string): PeerIdString[] => [...text] as PeerIdString[]

const situation = (changes: Partial<LinkSituation>): LinkSituation => ({
  candidates: peers('abcd'),
  linked: [],
  callingCount: 0,
  target: 7,
  enough: 7,
  leisure: false,
  explore: false,
  isSilent: () => false,
  linksOf: () => [],
  ...changes
})

describe('whom to call next', () => {
  it('makes the links that are enough at once, and the others one by one, at leisure', () => {
    const linked = peers('xyzw')
    const wanted = { target: 7, enough: 4, linked }
    expect(nextLinks(situation(wanted), seededRandom(1))).toEqual([])
    expect(nextLinks(situation({ ...wanted, leisure: true }), seededRandom(1))).toHaveLength(1)
    expect(nextLinks(situation({ ...wanted, leisure: true, callingCount: 1 }), seededRandom(1))).toEqual([])
    expect(nextLinks(situation({ ...wanted, leisure: true, target: 4 }), seededRandom(1))).toEqual([])
  })

  it('calls two at once while links are missing, and counts the calls under way', () => {
    expect(nextLinks(situation({}), seededRandom(1))).toHaveLength(2)
    expect(nextLinks(situation({ callingCount: 1 }), seededRandom(1))).toHaveLength(1)
    expect(nextLinks(situation({ callingCount: 2 }), seededRandom(1))).toHaveLength(0)
  })

  it('calls nobody when there are links enough', () => {
    expect(nextLinks(situation({ target: 2, linked: peers('xy') }), seededRandom(1))).toEqual([])
  })

  it('adds a link beyond the target out of curiosity, up to two', () => {
    const curious = { target: 2, explore: true }
    expect(nextLinks(situation({ ...curious, linked: peers('xyz') }), seededRandom(1))).toHaveLength(1)
    expect(nextLinks(situation({ ...curious, linked: peers('wxyz') }), seededRandom(1))).toEqual([])
  })

  it('calls silent members first, even with links enough', () => {
    const isSilent = (peer: PeerIdString): boolean => peer === 'c'
    expect(nextLinks(situation({ target: 1, linked: peers('x'), isSilent }), seededRandom(1))).toEqual(['c'])
  })

  it('prefers the member with whom it shares the fewest neighbours', () => {
    const linksOf = (peer: PeerIdString): PeerIdString[] => (peer === 'd' ? peers('q') : peers('xy'))
    expect(nextLinks(situation({ linked: peers('xy'), target: 3, linksOf }), seededRandom(1))).toEqual(['d'])
  })

  it('varies with chance when all else is equal', () => {
    const chosen = Array.from({ length: 20 }, (_, seed) => nextLinks(situation({}), seededRandom(seed))[0])
    expect(new Set(chosen).size).toBeGreaterThan(1)
  })
})

describe('the sizes of links and mesh', () => {
  it('connects everybody up to eight members, then seven each', () => {
    expect([1, 2, 7, 33, 34, 64].map((count) => linkTarget(count))).toEqual([0, 1, 6, 32, 8, 8])
    expect(linkTarget(32, 3)).toBe(3)
  })

  it('makes a mesh that gossipsub accepts at every degree', () => {
    for (const degree of [undefined, 1, 2, 3, 4, 8, 12]) {
      const { D, Dlo, Dhi, Dout } = meshSizes(degree)
      expect(Dlo <= D && D <= Dhi && Dout <= D / 2 && (Dout === 0 || Dout < Dlo)).toBe(true)
    }
    expect(meshSizes(3)).toMatchObject({ D: 3, Dlo: 2, Dhi: 4, Dout: 1, floodPublish: false })
  })
})

describe('patience', () => {
  it('gives a burst, then the rate, and keeps peers apart', () => {
    let now = 0
    const buckets = createBuckets({ ratePerSecond: 10, burst: 3 }, () => now)
    const taken = (key: string) => [1, 2, 3, 4].map(() => buckets.take(key))
    expect(taken('a')).toEqual([true, true, true, false])
    expect(taken('b')).toEqual([true, true, true, false])
    now = 100
    expect([buckets.take('a'), buckets.take('a')]).toEqual([true, false])
  })

  it('forgets buckets that are full again, however many peers come by', () => {
    let now = 0
    const buckets = createBuckets({ ratePerSecond: 10, burst: 3 }, () => now)
    for (let index = 0; index < 10_000; index++) {
      now += 10
      buckets.take(`peer ${index}`)
    }
    expect(buckets.size).toBeLessThanOrEqual(512)
  })

  it('ends at the last strike, and forgives with time', () => {
    let now = 0
    const strikes = createStrikes({ strikesMax: 3, forgiveAfterMs: 1_000 }, () => now)
    expect([strikes.add('a'), strikes.add('a'), strikes.add('a')]).toEqual([false, false, true])
    now = 2_000
    expect([strikes.add('a'), strikes.add('a'), strikes.add('a')]).toEqual([false, false, true])
  })
})

describe('waiting after failures', () => {
  it('waits longer each time up to the limit, and forgets after a success', () => {
    const backoff = createBackoff({ firstMs: 1_000, maxMs: 4_000 }, () => 1)
    const waits = [1, 2, 3, 4].map(() => {
      backoff.failed('a')
      return Math.round(backoff.waitMs('a') / 1_000)
    })
    expect(waits).toEqual([1, 2, 4, 4])
    expect(backoff.waitMs('b')).toBe(0)
    backoff.succeeded('a')
    expect(backoff.waitMs('a')).toBe(0)
  })
})
