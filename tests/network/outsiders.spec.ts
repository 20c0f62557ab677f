import { afterEach, describe, expect, it } from 'vitest'
import { utf8 } from '../../src/core/bytes.ts'
import type { CounterName } from '../../src/network/counters.ts'
import type { Host } from '../../src/network/host.ts'
import { LINK_ALLOWANCE, OUTSIDER_UNREAD_BYTES_MAX } from '../../src/network/settings.ts'
import { createExchange } from '../../src/network/streams/exchange.ts'
import { callAsStranger, type Outsider, sendSlowly } from '../hostile/outsider.ts'
import { filled, identifyAnswer, joined, prefixed, RPC, YAMUX, yamuxFrame } from '../hostile/wire.ts'
import {
  connect,
  eventually,
  listenIn,
  peersUpTo,
  startHost,
  startMember,
  stopAll,
  stopLater,
  TOPIC
} from './support.ts'

afterEach(stopAll)

async function callOn(host: Host, ...rest: [describe?: (key: Uint8Array) => Uint8Array]): Promise<Outsider> {
  const outsider = await callAsStranger(host.addresses()[0] as string, ...rest)
  stopLater({ stop: () => outsider.leave() })
  await eventually(() => expect(host.node.getConnections(outsider.node.peerId)).toHaveLength(1))
  return outsider
}

const many = (count: number, make: (index: number) => Uint8Array): Uint8Array =>
  joined(Array.from({ length: count }, (_, index) => make(index)))

const PAYLOAD = filled(32 * 1024, 1)

/** What is sent over and over until the connection is gone. */
const EXCESSES: readonly (readonly [CounterName, (turn: number) => Uint8Array])[] = [
  ['outsider-bytes', () => yamuxFrame(YAMUX.data, 0, 1, PAYLOAD.length, PAYLOAD)],
  ['outsider-frames', () => many(200, () => yamuxFrame(YAMUX.grant, 0, 1, 1))],
  ['outsider-streams', (turn) => yamuxFrame(YAMUX.grant, YAMUX.syn, 1 + 2 * turn, 0)]
]

describe('an outsider', () => {
  it.each(EXCESSES)('is cut off for %s, and leaves nothing behind', async (reason, make) => {
    const host = await startHost(0)
    const { wire, connection, node } = await callOn(host)
    for (let turn = 0; turn < 1_000 && (await sendSlowly(wire, make(turn))); turn++);
    await eventually(() => expect(connection.status).not.toBe('open'))
    expect(host.counters[reason]).toBe(1)
    expect(host.counters.strikes).toBe(1)
    await eventually(() => expect(host.node.getConnections()).toEqual([]))
    await eventually(async () => expect(await host.node.peerStore.has(node.peerId)).toBe(false))
  })

  it('that sends no more than its allowance stays', async () => {
    const host = await startHost(0)
    const { wire, connection } = await callOn(host)
    const half = LINK_ALLOWANCE.outsider.bytes.burst / 2 / PAYLOAD.length
    for (let turn = 0; turn < half; turn++)
      await sendSlowly(wire, yamuxFrame(YAMUX.data, 0, 1, PAYLOAD.length, PAYLOAD))
    await new Promise((resolve) => setTimeout(resolve, 100))
    expect(connection.status).toBe('open')
    expect(host.counters.strikes).toBe(0)
  })

  it('that does not read what it asked for is cut off', async () => {
    const host = await startHost(0)
    const { connection } = await callOn(host)
    const [ours] = host.node.getConnections()
    const socket = (
      ours as unknown as { maConn: { send(bytes: Uint8Array): boolean; onData(bytes: Uint8Array): void } }
    ).maConn
    // As much as a system would hold for a reader that is away, and what may wait beyond that.
    const wire = (connection as unknown as { maConn: { pause(): void } }).maConn
    wire.pause()
    for (let sent = 0; sent < OUTSIDER_UNREAD_BYTES_MAX + 16 * 1024 * 1024; sent += PAYLOAD.length) socket.send(PAYLOAD)
    socket.onData(Uint8Array.of(0))
    expect(host.counters['outsider-unread']).toBe(1)
  })

  it('never reaches gossip: no subscription, no message, no score, and no word to it', async () => {
    const host = await startHost(0)
    const { gossip, heard } = listenIn(host)
    const outsider = await callOn(host)
    const stream = await outsider.openStream('/meshsub/1.2.0')
    await sendSlowly(
      stream,
      prefixed(joined([RPC.subscriptions([TOPIC]), RPC.messages(TOPIC, 3, 100), RPC.graft(TOPIC)]))
    )
    await eventually(() => expect(stream.status).not.toBe('open'))
    expect(host.counters['gossip-by-outsider']).toBe(1)
    expect(gossip.subscribers()).toEqual([])
    expect(heard).toEqual([])
    const inside = host.node.services.pubsub as unknown as { peers: Map<string, unknown> }
    expect(inside.peers.size).toBe(0)
    expect(await gossip.publish(utf8('among ourselves'))).toBe(0)
  })

  it('is forgotten when it leaves, whatever it said it was', async () => {
    const host = await startHost(0)
    const outsider = await callOn(host, (key) => prefixed(identifyAnswer(key, 150, 500)))
    await eventually(async () =>
      expect((await host.node.peerStore.get(outsider.node.peerId)).protocols.length).toBeGreaterThan(99)
    )
    await outsider.leave()
    await eventually(async () => expect(await host.node.peerStore.all()).toHaveLength(1))
  })

  it('becomes a member with a fresh connection when a decision says so', async () => {
    const [ann, bob] = await Promise.all([startHost(0, { rosterPeers: [] }), startHost(1)])
    const listening = { host: ann, ...listenIn(ann) }
    const { heard, ...talking } = { host: bob, ...listenIn(bob) }
    await bob.node.dial(ann.node.getMultiaddrs())
    await eventually(() => expect(ann.node.getPeers()).toHaveLength(1))
    ann.setRosterPeers([bob.id])
    await eventually(() => expect(ann.node.getPeers()).toHaveLength(0))
    await eventually(() => expect(bob.node.getPeers()).toHaveLength(0))
    await connect(talking as typeof listening, listening)
    await listening.gossip.publish(utf8('welcome'))
    await eventually(() => expect(heard).toEqual(['welcome']))
  })
})

/** Counters that must stay at zero where everybody is correct. */
const BLAME = [
  'strikes',
  'struck-out',
  'refused-struck-out',
  'gossip-malformed',
  'gossip-over-rate',
  'calls-over-rate'
] as const

function expectNoBlame(hosts: readonly Host[]): void {
  for (const { counters } of hosts) {
    expect(Object.fromEntries(BLAME.map((name) => [name, counters[name]]))).toEqual(
      Object.fromEntries(BLAME.map((name) => [name, 0]))
    )
  }
}

describe('a correct member under load', () => {
  it('may send a whole exchange of 8 MiB, twice, without being slowed', async () => {
    const [ann, bob] = await Promise.all([startHost(0), startHost(1)])
    let receivedBytes = 0
    const exchanges = await Promise.all(
      [ann, bob].map((host) =>
        createExchange(host, {
          async *onExchange(_peer, incoming, saidAll) {
            if (host === ann) for (let part = 0; part < 31; part++) yield filled(256 * 1024, part)
            saidAll()
            for await (const bytes of incoming) receivedBytes += bytes.length
          }
        })
      )
    )
    await ann.node.dial(bob.node.getMultiaddrs())
    for (let time = 0; time < 2; time++) await exchanges[0]?.with(bob.id)
    await eventually(() => expect(receivedBytes).toBe(2 * 31 * 256 * 1024))
    expectNoBlame([ann, bob])
    expect(bob.counters['member-slowed']).toBe(0)
  })

  it('is linked, and blamed for nothing, when 32 members start at once on one machine', async () => {
    const roster = await peersUpTo(32)
    const first = await startMember(0, roster, [])
    const others = await Promise.all(
      roster.slice(1).map((_, index) => startMember(index + 1, roster, first.host.addresses()))
    )
    const members = [first, ...others]
    await eventually(() => {
      for (const { connectivity } of members) expect(connectivity.links().length).toBeGreaterThan(3)
    }, 40_000)
    expectNoBlame(members.map(({ host }) => host))
  }, 60_000)

  it('may pass on all that ten others say in a thin mesh', async () => {
    const roster = await peersUpTo(10)
    const first = await startMember(0, roster, [], { degree: 3 })
    const others = await Promise.all(
      roster.slice(1).map((_, index) => startMember(index + 1, roster, first.host.addresses(), { degree: 3 }))
    )
    const members = [first, ...others]
    await eventually(() => {
      for (const { gossip } of members) expect(gossip.mesh().length).toBeGreaterThan(0)
    }, 15_000)
    const said = 100
    for (const [index, { gossip }] of members.entries()) {
      for (let turn = 0; turn < said; turn++) void gossip.publish(filled(400, index * said + turn + 1))
    }
    await eventually(() => {
      for (const { heard } of members) expect(heard.length).toBeGreaterThan(0.9 * said * (members.length - 1))
    }, 15_000)
    expectNoBlame(members.map(({ host }) => host))
  }, 40_000)

  it('that floods is read more slowly, and keeps its link', async () => {
    const [ann, bob] = await Promise.all([startHost(0), startHost(1)])
    await ann.node.dial(bob.node.getMultiaddrs())
    const [connection] = ann.node.getConnections()
    const { muxer } = connection as unknown as { muxer: { maConn: Outsider['wire'] } }
    const frames = many(10_000, () => yamuxFrame(YAMUX.grant, 0, 99, 1))
    for (let turn = 0; turn < 4; turn++) expect(await sendSlowly(muxer.maConn, frames)).toBe(true)
    await eventually(() => expect(bob.counters['member-slowed']).toBeGreaterThan(0))
    expect(connection?.status).toBe('open')
    expectNoBlame([ann, bob])
  })

  it('whose frames cannot be read is parted from, and struck', async () => {
    const [ann, bob] = await Promise.all([startHost(0), startHost(1)])
    await connect({ host: ann, ...listenIn(ann) }, { host: bob, ...listenIn(bob) })
    const inside = ann.node.services.pubsub as unknown as {
      streamsOutbound: Map<string, { push(bytes: Uint8Array): void }>
    }
    inside.streamsOutbound.get(bob.id)?.push(filled(500, -1))
    await eventually(() => expect(bob.counters['gossip-malformed']).toBe(1))
    expect(bob.counters.strikes).toBe(1)
  })
})
