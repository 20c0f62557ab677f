import { describe, expect, it } from 'vitest'
import { nodeId } from '../../src/core/ids.ts'
import { Announcer } from '../../src/peer/announcer.ts'
import { PresenceTable } from '../../src/peer/presence.ts'
import { decodeEnvelope, openEnvelope } from '../../src/wire/envelope.ts'
import { LIMITS } from '../../src/wire/limits.ts'
import { verify } from '../support/keys.ts'
import { manualClock } from '../support/manual-clock.ts'
import { COMMUNITY, frameOf, SELF } from './drivers.ts'

const { roster } = COMMUNITY

const SESSION = '5e'.repeat(16)

function announcerWith(addresses: readonly string[]) {
  const clock = manualClock()
  const presence = new PresenceTable(4)
  const published: Uint8Array[] = []
  const announcer = new Announcer({
    ...{ self: SELF, ...COMMUNITY.keys[SELF]!, roster, presence, clock },
    publish: (frame) => void published.push(frame),
    addresses: () => addresses,
    neighbours: () => [nodeId(1)],
    standing: { session: SESSION, life: 2, isObserving: true }
  })
  const said = () => {
    const opened = openEnvelope(published.at(-1)!, roster, verify)
    if (!opened.ok || opened.envelope.payload.type !== 'presence') throw new Error('no presence')
    return opened.envelope.payload
  }
  return { announcer, clock, presence, published, said }
}

/** Takes a presence of this peer in, as the digest exchange brings it. */
function learn(presence: PresenceTable, sequence: number): void {
  const life = { session: SESSION, life: 1, observing: false }
  const payload = { type: 'presence', sequence, addresses: [], neighbours: [], ...life } as const
  const decoded = decodeEnvelope(frameOf(SELF, payload), roster)
  if (!decoded.ok) throw new Error('unreadable')
  presence.accept(SELF, decoded.envelope)
}

describe('announcer', () => {
  it('names the first of many addresses, as many as a presence may', () => {
    const addresses = Array.from({ length: 40 }, (_, index) => `/ip4/10.0.0.${index}/tcp/4001`)
    const { announcer, said } = announcerWith(addresses)
    announcer.announce()
    expect(said().addresses).toEqual(addresses.slice(0, LIMITS.addressesMax))
  })

  it('says which process and which life of this peer speaks, and whether it observes', () => {
    const { announcer, presence, said } = announcerWith([])
    announcer.announce()
    expect(said()).toMatchObject({ session: SESSION, life: 2, observing: true })
    expect([presence.isObserving(SELF), presence.isObserving(nodeId(1))]).toEqual([true, false])
  })

  it('names no more long addresses than fit, and none that nobody would read', () => {
    const long = Array.from({ length: 16 }, (_, index) => `/dns4/${String(index).padStart(2, '0')}${'x'.repeat(240)}`)
    const { announcer, said } = announcerWith(['/dns4/with space', `/dns4/${'y'.repeat(300)}`, ...long])
    announcer.announce()
    expect(said().addresses.length).toBeGreaterThan(5)
    expect(said().addresses).toEqual(long.slice(0, said().addresses.length))
  })

  it('goes on above a number of an earlier life in which the clock was ahead, and does so soon', () => {
    const { announcer, clock, presence, published, said } = announcerWith([])
    announcer.announce()
    const ahead = Date.now() + 86_400_000
    learn(presence, ahead)
    announcer.catchUp()
    clock.advance(1_000)
    expect(published).toHaveLength(2)
    expect(said().sequence).toBe(ahead + 1)
  })

  it('does not answer a number that its clock will pass anyway', () => {
    const { announcer, clock, presence, published } = announcerWith([])
    learn(presence, Date.now() - 1_000)
    announcer.catchUp()
    clock.advance(10_000)
    expect(published).toEqual([])
  })
})
