/**
 * One libp2p node, composed on one screen: TCP, Noise, Yamux, identify, gossipsub, and the limits of `settings.ts`.
 *
 * A host has an identity (the seed of its Ed25519 key), one gossip topic and a list of members it prefers to strangers.
 * It connects to nobody by itself: `connectivity.ts` does that. No relay, no DHT, no port mapping: less to attack.
 *
 * @packageDocumentation
 */

import './runtime.ts'
import { type GossipSub, type GossipSubComponents, gossipsub } from '@chainsafe/libp2p-gossipsub'
import { noise } from '@chainsafe/libp2p-noise'
import { generateKeyPairFromSeed } from '@libp2p/crypto/keys'
import { type Identify, identify } from '@libp2p/identify'
import type { Libp2p } from '@libp2p/interface'
import { peerIdFromPrivateKey } from '@libp2p/peer-id'
import { tcp } from '@libp2p/tcp'
import { createLibp2p } from 'libp2p'
import { toHex } from '../core/bytes.ts'
import { OperationError } from '../core/errors.ts'
import type { PeerIdString } from '../core/ids.ts'
import type { PublicKey } from '../core/keys.ts'
import { requireAddresses } from './addresses.ts'
import { askProtocols } from './ask-protocols.ts'
import { type Counters, createCounters } from './counters.ts'
import { createDialPolicy, type DialPolicy } from './dial-policy.ts'
import { forgetOutsiders } from './forget-outsiders.ts'
import { gossipsubSettings } from './gossip-settings.ts'
import { forgetDeadStreams, membersOnly, watchFrames } from './members-only.ts'
import { createMeters } from './meter.ts'
import { nameOf, parsePeerId } from './peer-key.ts'
import { quietYamux } from './quiet-yamux.ts'
import * as settings from './settings.ts'
import { createStrikes } from './strikes.ts'

/** What a host is made of. */
export interface HostOptions {
  /** 32 bytes: the secret half of the peer's Ed25519 identity. */
  readonly seed: Uint8Array
  /** Multiaddrs to listen on, e.g. `/ip4/127.0.0.1/tcp/0`; none makes a peer that only calls. */
  readonly listen: readonly string[]
  /** The one gossip topic of the community. */
  readonly topic: string
  /** Members of the community: their connections are the last to be closed. */
  readonly rosterPeers: readonly PeerIdString[]
  /** Mesh degree for teaching, e.g. `3`. Default: sizes that measured well, see `settings.ts`. */
  readonly degree?: number
}

/** The libp2p node and its two services; for this folder only. */
export type Node = Libp2p<{ identify: Identify; pubsub: GossipSub }>

/** Why a peer got a strike. */
export type StrikeReason =
  | 'gossip-rejected'
  | 'gossip-oversized'
  | 'gossip-malformed'
  | 'exchange-oversized'
  | 'outsider-cut-off'

/** A running host. */
export interface Host {
  readonly id: PeerIdString
  readonly key: PublicKey
  /** The node itself; for this folder only. */
  readonly node: Node
  readonly degree: number | undefined
  readonly counters: Counters
  /** Where others reach this host, each ending in `/p2p/` and its id. */
  addresses(): string[]
  /** The members, as last set. */
  rosterPeers(): readonly PeerIdString[]
  /** A decision changed the members. */
  setRosterPeers(peers: readonly PeerIdString[]): void
  /** Partition: refuses and closes connections with exactly these peers, both ways, until `heal`. */
  cut(peers: Iterable<PeerIdString>): void
  /** Ends the partition; whoever keeps this host connected hears of it. */
  heal(): void
  /** True if `peer` is cut or struck out at present. */
  refuses(peer: PeerIdString): boolean
  /** Notes that `peer` broke a rule; at the fifth within a short time it is disconnected and refused for a while. */
  strike(peer: PeerIdString, reason: StrikeReason): void
  /** Closes every connection with `peer` now; nothing stops either side from calling again. */
  hangUp(peer: PeerIdString): void
  /** Calls `listener` after the roster or the partition changed; the answer stops it. */
  onPolicyChange(listener: () => void): () => void
  /** Closes every connection and stops listening. Never fails. */
  stop(): Promise<void>
}

/**
 * Starts a host.
 *
 * Throws: OptionsError naming every malformed address; OperationError in one sentence if it cannot listen.
 */
export async function createHost(options: HostOptions): Promise<Host> {
  const addresses = requireAddresses('listen', options.listen)
  const privateKey = await generateKeyPairFromSeed('Ed25519', options.seed)
  const counters = createCounters()
  const roster = { peers: new Set(options.rosterPeers) }
  const self = nameOf(peerIdFromPrivateKey(privateKey))
  const isMember = (peer: PeerIdString): boolean => roster.peers.has(peer)
  const meters = createMeters({ counters, isMember, onCutOff: (peer) => host.strike(peer, 'outsider-cut-off') })
  const policy = createDialPolicy({ self, counters, isMember, meters })
  const gossip = gossipsub(gossipsubSettings(options.topic, options.degree))
  const onOutsider = (): void => {
    counters['gossip-by-outsider']++
  }
  const node: Node = await createLibp2p({
    start: false,
    privateKey,
    nodeInfo: { userAgent: settings.AGENT_VERSION },
    addresses: { listen: addresses.map(String) },
    transports: [tcp(settings.TCP)],
    connectionEncrypters: [noise()],
    streamMuxers: [quietYamux(settings.YAMUX)],
    connectionGater: policy.gater,
    connectionManager: settings.CONNECTION_MANAGER,
    connectionMonitor: settings.CONNECTION_MONITOR,
    services: {
      identify: identify(settings.IDENTIFY),
      pubsub: (components: GossipSubComponents) => gossip(membersOnly(components, { isMember, onOutsider }))
    }
  })
  const host: Host = { ...hostOf(node, policy, roster, counters), degree: options.degree }
  policy.attach(node)
  askProtocols(node)
  forgetOutsiders(node, isMember)
  forgetDeadStreams(node, node.services.pubsub)
  watchFrames(node.services.pubsub, (peer) => {
    counters['gossip-malformed']++
    host.strike(peer, 'gossip-malformed')
    host.hangUp(peer)
  })
  await start(node, options.listen)
  return host
}

/** The host's verbs over a started node. */
function hostOf(
  node: Node,
  policy: DialPolicy,
  roster: { peers: ReadonlySet<PeerIdString> },
  counters: Counters
): Omit<Host, 'degree'> {
  const listeners = new Set<() => void>()
  const changed = (): void => {
    for (const listener of listeners) listener()
  }
  const strikes = createStrikes(settings.PATIENCE, () => performance.now())
  const hangUp = (peer: PeerIdString): void => abortConnections(node, peer)
  return {
    id: nameOf(node.peerId),
    key: toHex(node.peerId.publicKey?.raw ?? new Uint8Array()) as PublicKey,
    node,
    counters,
    addresses: () => node.getMultiaddrs().map(String),
    rosterPeers: () => [...roster.peers],
    setRosterPeers(peers) {
      const before = roster.peers
      roster.peers = new Set(peers)
      // What a connection may do is settled when it opens, so whoever became a member or is none any more calls again.
      for (const peer of symmetricDifference(before, roster.peers)) hangUp(peer)
      changed()
    },
    cut(peers) {
      const cut = [...peers]
      policy.cut(cut)
      for (const peer of cut) hangUp(peer)
      changed()
    },
    heal() {
      policy.cut([])
      changed()
    },
    refuses: policy.refuses,
    strike(peer) {
      counters.strikes++
      if (!strikes.add(peer)) return
      counters['struck-out']++
      policy.deny(peer, settings.PATIENCE.denyForMs)
      hangUp(peer)
    },
    hangUp,
    onPolicyChange(listener) {
      listeners.add(listener)
      return () => listeners.delete(listener)
    },
    stop: async () => {
      await node.stop()
    }
  }
}

function symmetricDifference<Item>(left: ReadonlySet<Item>, right: ReadonlySet<Item>): Item[] {
  return [...[...left].filter((item) => !right.has(item)), ...[...right].filter((item) => !left.has(item))]
}

function abortConnections(node: Node, peer: PeerIdString): void {
  const id = parsePeerId(peer)
  if (id === undefined) return
  for (const connection of node.getConnections(id)) connection.abort(new Error('hung up'))
}

/** What the operating system says when an address cannot be listened on, in words. */
const LISTEN_PROBLEMS: readonly (readonly [code: string, words: string])[] = [
  ['EADDRINUSE', 'its port is in use by another program. Stop that one, or choose another port (0 takes a free one)'],
  ['EACCES', 'this user may not listen on that port. Choose one above 1023'],
  ['EADDRNOTAVAIL', 'this machine does not have that address'],
  ['ENOTFOUND', 'its host name is not known here']
]

async function start(node: Node, listen: readonly string[]): Promise<void> {
  try {
    await node.start()
  } catch (error) {
    await node.stop()
    const message = String((error as Error).message)
    const words = LISTEN_PROBLEMS.find(([code]) => message.includes(code))?.[1] ?? 'the system refused'
    throw new OperationError(`Cannot listen on ${listen.join(' or ')}: ${words}.`, 'did-not-happen', error)
  }
}
