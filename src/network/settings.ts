/**
 * Every libp2p setting that differs from its default, with the reason, and our own limits on links; gossipsub's are in
 * `gossip-settings.ts`.
 *
 * The defaults are made for thousands of peers spread over the internet. A community here is a few to a hundred peers,
 * often all on one machine or behind one router, and some of them may be hostile. Each value below ran together with the
 * others on 7, 16 and 32 real hosts.
 *
 * @packageDocumentation
 */

import './runtime.ts'

/** What every host says it is. Fixed: a version or platform here would help only whoever looks for a weak one. */
export const AGENT_VERSION = 'equipotent/1'

/** Bytes of the longest gossip message, unless the layer above says less. */
export const MESSAGE_SIZE_BYTES_MAX = 64 * 1024

/** Communities up to this many members are connected everyone to everyone. */
const ALL_LINKED_MEMBERS_MAX = 33

/** Links that a peer of a larger community seeks. */
const LINKS_WANTED = 8

/**
 * How many roster links a peer seeks.
 *
 * Default: everyone in a community of up to 33. An author then reaches everybody itself and nobody needs to pass its
 * message on (`peer/relay.ts`): n - 1 packets a message, the fewest possible, where a mesh of degree 4 takes about 4n.
 * Beyond that the number of connections, which grows with the square, costs more than it saves. `degree` (teaching) makes
 * a sparse graph whose hops can be seen.
 */
export function linkTarget(memberCount: number, degree?: number): number {
  const wanted = memberCount <= ALL_LINKED_MEMBERS_MAX ? memberCount - 1 : LINKS_WANTED
  return Math.max(0, Math.min(memberCount - 1, degree ?? wanted))
}

/** How many strikes a peer has, and for how long it is refused after them. */
export const PATIENCE = {
  /** Gossipsub's own score stops listening to a peer after five rejected messages; we part at the same moment. */
  strikesMax: 5,
  /** One broken rule in ten seconds is a bug; five at once are an intention. */
  forgiveAfterMs: 10_000,
  /** Long enough that coming back costs more than it gains, short enough that a repaired peer returns within a lesson. */
  denyForMs: 120_000,
  /**
   * A decision of 32 members is a few hundred messages, and in a thin mesh all of them may come through one neighbour: the
   * burst takes ten such decisions at once. A check of one signature costs 0.12 ms, so 1,000 cost 12 % of a core. What is
   * beyond is dropped unread and costs the neighbour no strike: a member that passes much on is not to blame for it.
   */
  messages: { ratePerSecond: 1_000, burst: 5_000 }
} as const

/** Connections to peers that are on no roster we know. */
export const OUTSIDERS_MAX = 48

const KIB = 1024
const MIB = 1024 * KIB

/**
 * What one connection may send us, as buckets of bytes (as they come off the socket), muxer frames and new streams.
 *
 * A member that sends faster is read more slowly, and nothing is lost. An outsider has nothing to say in a closed
 * community beyond who it is, so one that sends more is cut off.
 */
export const LINK_ALLOWANCE = {
  /** The burst is twice the largest exchange; the rate is that of 8,000 votes of the greatest length a second. */
  member: {
    bytes: { ratePerSecond: 4 * MIB, burst: 16 * MIB },
    frames: { ratePerSecond: 4_000, burst: 20_000 },
    streams: { ratePerSecond: 64, burst: 512 }
  },
  /** Who it is takes 4 KiB, a handful of frames and one stream; a stream to watch through takes little more. */
  outsider: {
    bytes: { ratePerSecond: 64 * KIB, burst: 256 * KIB },
    frames: { ratePerSecond: 64, burst: 512 },
    streams: { ratePerSecond: 2, burst: 16 }
  },
  /** All outsiders together, so that many identities get no more of a core than a few. */
  allOutsiders: {
    bytes: { ratePerSecond: 512 * KIB, burst: 2 * MIB },
    frames: { ratePerSecond: 500, burst: 4_000 },
    streams: { ratePerSecond: 16, burst: 128 }
  }
} as const

/** Bytes before it is known who calls: a handshake takes less than 2 KiB, and whoever sends more waits until it is known. */
export const CALLER_BYTES = { ratePerSecond: 16 * KIB, burst: 16 * KIB } as const

/** Bytes that wait to be sent to an outsider at most; more means that it asks and does not read the answers. */
export const OUTSIDER_UNREAD_BYTES_MAX = 256 * KIB

/** Calls that come in. Nobody can tell a member's from an outsider's before the handshake, which is what costs CPU. */
export const CALLS = {
  /**
   * Calls from one address, except those that turn out to be a member's. The burst lets a whole community behind one
   * address start at once; at the rate, handshakes with outsiders take a few hundredths of a core. A call leaves some
   * 100 KiB to be collected, so a larger burst would be seen in our memory.
   */
  fromOneAddress: { ratePerSecond: 16, burst: 128 },
  /** Handshakes under way. One more makes the oldest give way, so that silent callers never keep a member out. */
  underWayMax: 64,
  /** Outsiders let in from one address. */
  outsidersFromOneAddress: { ratePerSecond: 1, burst: 16 },
  /** Outsiders let in altogether. */
  outsiders: { ratePerSecond: 4, burst: 64 },
  /** Connections of one member: one, and a moment's overlap when it calls again. */
  connectionsPerMemberMax: 2
} as const

/** How long a call to one address may take until its socket is open, and then until it is known who answers. */
export const CALL_TIMES = { connectMs: 3_000, handshakeMs: 8_000 } as const

/** Limits on connections. */
export const CONNECTION_MANAGER = {
  // Never reached: a hundred members twice, and the outsiders. Beyond it libp2p would refuse callers without asking who.
  maxConnections: 256,
  maxParallelDials: 16,
  maxDialQueueLength: 256,
  maxPeerAddrsToDial: 16,
  // A peer has this much, at whichever of its addresses.
  dialTimeout: CALL_TIMES.connectMs + CALL_TIMES.handshakeMs,
  addressDialTimeout: CALL_TIMES.connectMs + CALL_TIMES.handshakeMs,
  inboundUpgradeTimeout: CALL_TIMES.handshakeMs,
  inboundStreamProtocolNegotiationTimeout: 5_000,
  outboundStreamProtocolNegotiationTimeout: 5_000,
  // These two refuse whoever comes last, members too; `CALLS` refuses with better reason, so it must be asked first.
  inboundConnectionThreshold: 100_000,
  maxIncomingPendingConnections: 4_096,
  // Members are worth calling for ever; the default gives up after five and then takes the tag away.
  reconnectRetries: Number.POSITIVE_INFINITY,
  reconnectRetryInterval: 1_000,
  reconnectBackoffFactor: 1.5,
  // Each peer that is down holds one place for ever, so there must be one for every member.
  maxParallelReconnects: 128
} as const

/** A silent connection is found out within this time and given up, so that the other side may call again. */
export const CONNECTION_MONITOR = {
  enabled: true,
  pingInterval: 10_000,
  abortConnectionOnPingFailure: true,
  // A machine that runs many peers may leave one without its turn for some seconds; that is no reason to part.
  pingTimeout: { minTimeout: 10_000 }
} as const

/** TCP: the sockets of all connections and handshakes, and some that are closing; silence is the monitor's business. */
export const TCP = { maxConnections: 384, backlog: 128 } as const

/** Yamux: a peer may hold 16 streams and a mebibyte a stream, never the default of 1,000 streams and unbounded writes. */
export const YAMUX = {
  maxInboundStreams: 16,
  maxOutboundStreams: 16,
  maxEarlyStreams: 8,
  streamOptions: {
    maxStreamWindowSize: 1024 * 1024,
    maxReadBufferLength: 1024 * 1024,
    maxWriteBufferLength: 2 * 1024 * 1024
  }
} as const

/** Identify: what a peer says about itself fits into 4 KiB, and it says it once. */
export const IDENTIFY = {
  // `ask-protocols.ts` asks, and again if that fails.
  runOnConnectionOpen: false,
  maxMessageSize: 4_096,
  maxInboundStreams: 2,
  maxObservedAddresses: 4,
  timeout: 5_000
} as const
