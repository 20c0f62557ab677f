import { describe, expect, it } from 'vitest'
import type { TraceEvent } from '../../src/consensus/trace.ts'
import type { PeerIdString } from '../../src/core/ids.ts'
import type { Peer } from '../../src/peer/peer.ts'
import { startCommunity, until } from '../support/peers.ts'

const connectedTo = (peer: Peer): string[] =>
  peer
    .status()
    .members.filter(({ connected, self }) => connected && !self)
    .map(({ short }) => short)

const faultsOf = (events: readonly TraceEvent[], peer: Peer) =>
  events.flatMap((event) => (event.type === 'fault-injected' && peer.id.endsWith(event.peer) ? [event] : []))

describe('a peer that is told to refuse members', () => {
  it('closes what connects them, takes no call of theirs, tells its journal, and comes back when it is healed', async () => {
    const events: TraceEvent[] = []
    const [one, two, three] = (await startCommunity(3, { onTrace: (event) => events.push(event) })) as [
      Peer,
      Peer,
      Peer
    ]
    const stranger = '12D3KooWBmwkafWE2fqfzS96VoTZgpGp6aJsF4N7f9dhk6kPCTHh' as PeerIdString
    one.cut([two.id, three.id, stranger])
    await until(() => connectedTo(one).length === 0 && connectedTo(two).length === 1)
    // The two go on calling; what they get is a refusal.
    await until(() => (one.status().counters['refused-cut'] ?? 0) > 0)
    expect(connectedTo(one)).toEqual([])
    const shorts = [two, three].map(({ id }) => id.slice(-8))
    expect(faultsOf(events, one)).toMatchObject([{ fault: 'cut', target: shorts.join(' ') }])

    one.cut([two.id])
    await until(() => connectedTo(one).length === 1)
    expect(connectedTo(one)).toEqual([three.id.slice(-8)])

    one.heal()
    await until(() => connectedTo(one).length === 2)
    one.heal()
    expect(faultsOf(events, one).map(({ fault }) => fault)).toEqual(['cut', 'cut', 'heal'])
    expect(faultsOf(events, two)).toEqual([])
  })
})
