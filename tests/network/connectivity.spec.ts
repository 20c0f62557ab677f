import { type AddressInfo, connect as connectTo, createServer } from 'node:net'
import { afterEach, describe, expect, it } from 'vitest'
import { utf8 } from '../../src/core/bytes.ts'
import type { PeerIdString } from '../../src/core/ids.ts'
import { seededRandom } from '../../src/core/random.ts'
import { createConnectivity } from '../../src/network/connectivity.ts'
import { CALL_TIMES } from '../../src/network/settings.ts'
import { eventually, type Member, peerOf, peersUpTo, startHost, startMember, stopAll, stopLater } from './support.ts'

afterEach(stopAll)

/** A first member and others that know only its address. */
async function startCommunity(count: number): Promise<Member[]> {
  const roster = await peersUpTo(count)
  const first = await startMember(0, roster, [])
  const others = roster.slice(1).map((_, index) => startMember(index + 1, roster, first.host.addresses()))
  return [first, ...(await Promise.all(others))]
}

/** How many members can be reached from the first of `members` over links that both ends know. */
function reachable(members: readonly Member[]): number {
  const linksOf = new Map(members.map(({ host, connectivity }) => [host.id, connectivity.links()]))
  const seen = new Set<PeerIdString>()
  const visit = (peer: PeerIdString): void => {
    if (seen.has(peer) || !linksOf.has(peer)) return
    seen.add(peer)
    for (const other of linksOf.get(peer) ?? []) if (linksOf.get(other)?.includes(peer)) visit(other)
  }
  const [start] = linksOf.keys()
  if (start !== undefined) visit(start)
  return seen.size
}

const isFullyConnected = (members: readonly Member[]) => (): void => {
  for (const { connectivity } of members) expect(connectivity.links()).toHaveLength(members.length - 1)
}

describe('connectivity', () => {
  it('makes a community of seven, each knowing only the first, independent of the first', async () => {
    const members = await startCommunity(7)
    await eventually(isFullyConnected(members))
    const [first, ...rest] = members
    await first?.host.stop()
    await eventually(() => {
      for (const { connectivity } of rest) expect(connectivity.links()).not.toContain(first?.host.id)
    })
    expect(reachable(rest)).toBe(6)
    await rest[0]?.gossip.publish(utf8('still here'))
    await eventually(() => {
      for (const { heard } of rest.slice(1)) expect(heard).toContain('still here')
    })
  }, 25_000)

  it('finds a member again that came back on another port, through what others say', async () => {
    const members = await startCommunity(4)
    await eventually(isFullyConnected(members))
    const [, second, third, fourth] = members as [Member, Member, Member, Member]
    const before = fourth.host.addresses()
    await fourth.stop()
    await eventually(() => expect(second.connectivity.links()).toHaveLength(2))
    const back = await startMember(3, second.host.rosterPeers(), third.host.addresses())
    expect(back.host.addresses()).not.toEqual(before)
    await eventually(isFullyConnected([members[0] as Member, second, third, back]))
    await second.gossip.publish(utf8('welcome back'))
    await eventually(() => expect(back.heard).toContain('welcome back'))
  }, 25_000)

  it('keeps calling the address it began with until somebody answers there', async () => {
    const roster = await peersUpTo(2)
    const probe = await startHost(0)
    const address = probe.addresses()
    await probe.stop()
    const early = await startMember(1, roster, address)
    await eventually(() => expect(early.host.counters['dial-failed']).toBeGreaterThan(1))
    const late = await startMember(0, roster, [], { listen: [address[0]?.replace(/\/p2p.*/, '') as string] })
    await eventually(isFullyConnected([early, late]))
  })

  it('waits for a handshake that a busy machine makes slowly, longer than for a machine that is not there', async () => {
    const roster = await peersUpTo(2)
    const slow = await startMember(0, roster, [])
    const port = Number(/\/tcp\/(\d+)/.exec(slow.host.addresses()[0] as string)?.[1])
    let calls = 0
    // Bytes pass at once, but only after a pause at the beginning.
    const door = createServer((caller) => {
      calls++
      const inside = connectTo(port, '127.0.0.1')
      for (const socket of [caller, inside]) socket.on('error', () => undefined)
      caller.pause()
      inside.pipe(caller).on('close', () => inside.destroy())
      setTimeout(() => caller.pipe(inside), CALL_TIMES.connectMs + 500)
    })
    await new Promise<void>((resolve) => door.listen(0, '127.0.0.1', resolve))
    stopLater({ stop: () => door.close() })
    const address = `/ip4/127.0.0.1/tcp/${(door.address() as AddressInfo).port}/p2p/${slow.host.id}`
    const early = await startMember(1, roster, [address])
    await eventually(() => expect(early.connectivity.links()).toEqual([slow.host.id]), 15_000)
    expect(calls).toBe(1)
    expect(early.host.counters['dial-failed']).toBe(0)
  }, 20_000)

  it('leaves one connection when two call each other at the same moment, again and again', async () => {
    const [left, right] = await Promise.all([startHost(0), startHost(1)])
    for (let round = 0; round < 5; round++) {
      await Promise.allSettled([left.node.dial(right.node.getMultiaddrs()), right.node.dial(left.node.getMultiaddrs())])
      await eventually(() => {
        expect(left.node.getConnections()).toHaveLength(1)
        expect(right.node.getConnections()).toHaveLength(1)
        expect(left.node.getConnections()[0]?.direction).not.toBe(right.node.getConnections()[0]?.direction)
      })
      left.hangUp(right.id)
      await eventually(() => expect([...left.node.getConnections(), ...right.node.getConnections()]).toEqual([]))
    }
  })

  it('parts from whom it is told to, refuses their calls, and finds them again when healed', async () => {
    const members = await startCommunity(4)
    await eventually(isFullyConnected(members))
    const [ann, bob, cyd, dan] = members as [Member, Member, Member, Member]
    const sides = [
      [ann, bob],
      [cyd, dan]
    ] as const
    for (const { host } of sides[0]) host.cut(sides[1].map((member) => member.host.id))
    await eventually(() => {
      for (const { connectivity } of members) expect(connectivity.links()).toHaveLength(1)
    })
    await eventually(() => expect(ann.host.counters['refused-cut']).toBeGreaterThan(0))
    for (const { connectivity } of members) expect(connectivity.links()).toHaveLength(1)
    for (const { host } of sides[0]) host.heal()
    await eventually(isFullyConnected(members))
  }, 25_000)

  it('links everybody to everybody, also where a peer names only the others as members', async () => {
    const peers = await peersUpTo(4)
    const others = (index: number) => peers.filter((_, member) => member !== index)
    // Without the curiosity that would in time make up for a link too few.
    const random = (): number => 0.9
    const first = await startMember(0, others(0), [], { random })
    const members = [first]
    for (const index of [1, 2, 3])
      members.push(await startMember(index, others(index), first.host.addresses(), { random }))
    await eventually(() => {
      for (const { connectivity } of members) expect(connectivity.links()).toHaveLength(3)
    })
  })

  it('reports each link once, when what the peer speaks is known', async () => {
    const members = await startCommunity(3)
    await eventually(isFullyConnected(members))
    for (const { host, events } of members) {
      const others = members.filter((member) => member.host !== host).map((member) => `connected ${member.host.id}`)
      expect([...events].sort()).toEqual(others.sort())
    }
  })

  it('names every address to begin with that is none', async () => {
    const host = await startHost(0)
    const start = () =>
      createConnectivity(host, {
        addressesOf: () => [],
        bootstrap: ['nonsense', '/ip4/127.0.0.1/tcp/1', '/ip4/127.0.0.1/udp/1'],
        random: seededRandom(1)
      })
    const problems = ['join.0', 'join.2'].map((path) => expect.objectContaining({ path }))
    expect(start).toThrow(expect.objectContaining({ name: 'OptionsError', problems }))
  })

  it('does not call itself', async () => {
    const self = await peerOf(0)
    const member = await startMember(0, [self], [])
    expect(member.connectivity.links()).toEqual([])
    expect(member.host.counters['dial-failed']).toBe(0)
  })
})
