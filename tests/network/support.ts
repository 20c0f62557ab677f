/**
 * Members of a community as far as the network layer knows them: they announce where they listen, over gossip and, to
 * whoever connects, over an exchange. Real TCP on 127.0.0.1.
 */

import { generateKeyPairFromSeed } from '@libp2p/crypto/keys'
import { peerIdFromPrivateKey } from '@libp2p/peer-id'
import { expect, vi } from 'vitest'
import { utf8 } from '../../src/core/bytes.ts'
import type { PeerIdString } from '../../src/core/ids.ts'
import { type Random, seededRandom } from '../../src/core/random.ts'
import { type Connectivity, createConnectivity } from '../../src/network/connectivity.ts'
import { createGossip, type Gossip, type GossipOptions } from '../../src/network/gossip.ts'
import { createHost, type Host, type HostOptions } from '../../src/network/host.ts'
import { createExchange, type Exchange } from '../../src/network/streams/exchange.ts'

export const TOPIC = 'equipotent-test'
export const ANY_PORT = '/ip4/127.0.0.1/tcp/0'

/** Everything started by a test, stopped after it, last first. */
const started: { stop(): unknown }[] = []
export const stopLater = <Thing extends { stop(): unknown }>(thing: Thing): Thing => {
  started.push(thing)
  return thing
}
export async function stopAll(): Promise<void> {
  const things = started.splice(0).reverse()
  await Promise.all(things.map((thing) => thing.stop()))
}

export const seedOf = (index: number): Uint8Array => new Uint8Array(32).fill(index + 1)
export async function peerOf(index: number): Promise<PeerIdString> {
  return peerIdFromPrivateKey(await generateKeyPairFromSeed('Ed25519', seedOf(index))).toString() as PeerIdString
}
export const peersUpTo = (count: number): Promise<PeerIdString[]> =>
  Promise.all(Array.from({ length: count }, (_, index) => peerOf(index)))

/** Members of the test community, unless a test says otherwise: the peers of the first few indexes. */
const MEMBERS = await peersUpTo(8)

export async function startHost(index: number, options: Partial<HostOptions> = {}): Promise<Host> {
  const rosterPeers = MEMBERS.filter((_, member) => member !== index)
  const host = await createHost({ seed: seedOf(index), listen: [ANY_PORT], topic: TOPIC, rosterPeers, ...options })
  return stopLater(host)
}

/** Joins the test topic and keeps what arrives. */
export function listenIn(host: Host, options: Partial<GossipOptions> = {}): { gossip: Gossip; heard: string[] } {
  const heard: string[] = []
  const gossip = createGossip(host, {
    topic: TOPIC,
    validate: () => 'accept',
    onMessage: (bytes) => heard.push(new TextDecoder().decode(bytes)),
    ...options
  })
  return { gossip, heard }
}

/** Connects two hosts and waits until each knows that the other is on the topic. */
export async function connect(
  left: { host: Host; gossip: Gossip },
  right: { host: Host; gossip: Gossip }
): Promise<void> {
  await left.host.node.dial(right.host.node.getMultiaddrs())
  await eventually(() => {
    expect(left.gossip.subscribers()).toContain(right.host.id)
    expect(right.gossip.subscribers()).toContain(left.host.id)
  })
}

/** Waits until `claim` holds. */
export const eventually = (claim: () => void | Promise<void>, timeoutMs = 8_000): Promise<void> =>
  vi.waitFor(claim, { timeout: timeoutMs, interval: 15 })

export interface Member {
  readonly host: Host
  readonly gossip: Gossip
  readonly connectivity: Connectivity
  readonly heard: string[]
  readonly directory: Map<PeerIdString, readonly string[]>
  readonly events: string[]
  stop(): Promise<void>
}

/** Starts member `index` of a community of `rosterPeers`, which begins by calling `join`. */
export async function startMember(
  index: number,
  rosterPeers: readonly PeerIdString[],
  join: readonly string[],
  options: {
    readonly listen?: readonly string[]
    readonly degree?: number
    readonly target?: number
    readonly random?: Random
  } = {}
): Promise<Member> {
  const { listen = [ANY_PORT], degree, target, random = seededRandom(index + 1) } = options
  const host = await createHost({
    seed: seedOf(index),
    listen,
    topic: TOPIC,
    rosterPeers,
    ...(degree !== undefined && { degree })
  })
  const directory = new Map<PeerIdString, readonly string[]>([[host.id, host.addresses()]])
  const heard: string[] = []
  const events: string[] = []
  const learn = (text: string): void => {
    for (const [peer, addresses] of JSON.parse(text) as [PeerIdString, string[]][]) {
      if (peer !== host.id) directory.set(peer, addresses)
    }
    connectivity.refresh()
  }
  let due: NodeJS.Timeout | undefined
  let said = 0
  // Gossip carries the same bytes once, so each announcement is a space longer than the one before.
  const announcement = (): Uint8Array =>
    utf8(`presence ${JSON.stringify([[host.id, host.addresses()]])}${' '.repeat(said++)}`)
  const gossip = createGossip(host, {
    topic: TOPIC,
    validate: () => 'accept',
    onMessage: (bytes) => {
      const text = new TextDecoder().decode(bytes)
      if (text.startsWith('presence ')) learn(text.slice(9))
      else heard.push(text)
    },
    // What was said before anybody listened is lost; those who come together hear it together.
    onSubscribers: () => {
      clearTimeout(due)
      due = setTimeout(() => void gossip.publish(announcement()), 200)
    }
  })
  const exchange: Exchange = await createExchange(host, {
    async *onExchange(_peer, incoming, saidAll) {
      yield utf8(JSON.stringify([...directory]))
      saidAll()
      for await (const bytes of incoming) learn(new TextDecoder().decode(bytes))
      void gossip.publish(announcement())
    }
  })
  const connectivity = createConnectivity(host, {
    addressesOf: (peer) => directory.get(peer) ?? [],
    bootstrap: join,
    random,
    ...(target !== undefined && { target: () => target }),
    idleMs: 500,
    onConnected(peer) {
      events.push(`connected ${peer}`)
      exchange.with(peer).catch(() => undefined)
    },
    onDisconnected: (peer) => events.push(`disconnected ${peer}`)
  })
  return stopLater({
    host,
    gossip,
    connectivity,
    heard,
    directory,
    events,
    async stop() {
      clearTimeout(due)
      connectivity.stop()
      await exchange.stop()
      gossip.stop()
      await host.stop()
    }
  })
}
