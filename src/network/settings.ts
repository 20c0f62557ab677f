/**
 * Every libp2p and gossipsub setting that differs from its default, with the reason.
 *
 * The defaults are made for thousands of peers spread over the internet. A community here is a few to a hundred peers,
 * often all on one machine or behind one router, and some of them may be hostile. Each value below ran together with the
 * others on 7, 16 and 32 real hosts.
 *
 * Source: libp2p specs, gossipsub v1.1 and v1.2; Vyzovitis et al., arXiv 2007.02754.
 *
 * @packageDocumentation
 */

import './runtime.ts'
import { type GossipsubOpts, type Message, StrictNoSign } from '@chainsafe/libp2p-gossipsub'
import { createTopicScoreParams } from '@chainsafe/libp2p-gossipsub/score'
import { sha256 } from '@noble/hashes/sha2.js'
import { toHex } from '../core/bytes.ts'

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

/** The sizes of a gossipsub mesh. */
export type MeshSizes = Pick<GossipsubOpts, 'D' | 'Dlo' | 'Dhi' | 'Dscore' | 'Dout' | 'Dlazy' | 'floodPublish'>

/**
 * How many neighbours get every message at once.
 *
 * Default: D = 4. Measured with 7, 16 and 32 processes that had just formed their mesh: 3.0 to 3.5 copies of a message a
 * peer, where gossipsub's own D = 6 makes 4.5 to 5.2; any difference in latency was lost in the noise of a busy machine.
 * Own messages flood to every link, so that the first hop never waits for the mesh.
 * `degree` D makes a thin mesh (D - 1 to D + 1, one link of one's own choosing) without flooding, so that hops show.
 */
export function meshSizes(degree?: number): MeshSizes {
  if (degree === undefined) return { D: 4, Dlo: 3, Dhi: 8, Dscore: 2, Dout: 1, Dlazy: 6, floodPublish: true }
  return {
    D: degree,
    Dlo: Math.max(1, degree - 1),
    Dhi: degree + 1,
    Dscore: Math.max(0, degree - 2),
    // Gossipsub wants fewer outbound links than Dlo, and at most half of D.
    Dout: degree >= 3 ? 1 : 0,
    Dlazy: 6,
    floodPublish: false
  }
}

/** Bytes of a message id: enough of a SHA-256 that nobody can make two messages with one id. */
const MESSAGE_ID_SIZE_BYTES = 20

/** The id of a message is the hash of its bytes: the signature is inside them, so copies from anywhere are one message. */
export const messageIdOf = (bytes: Uint8Array): Uint8Array => sha256(bytes).subarray(0, MESSAGE_ID_SIZE_BYTES)

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

/** Only wrong messages cost a peer anything (P4); the other weights punish a community for being quiet. */
const TOPIC_SCORE = createTopicScoreParams({
  topicWeight: 1,
  timeInMeshWeight: 0,
  timeInMeshQuantum: 1,
  firstMessageDeliveriesWeight: 0,
  meshMessageDeliveriesWeight: 0,
  meshFailurePenaltyWeight: 0,
  invalidMessageDeliveriesWeight: -10,
  invalidMessageDeliveriesDecay: 0.9
})

/** Everything gossipsub is told. */
export function gossipsubSettings(topic: string, degree?: number): Partial<GossipsubOpts> {
  return {
    ...meshSizes(degree),
    ...SIGNATURES_AND_IDS,
    ...INTAKE_LIMITS,
    ...TIMING,
    allowedTopics: [topic],
    scoreParams: scoreParams(topic),
    scoreThresholds: {
      gossipThreshold: -40,
      publishThreshold: -80,
      graylistThreshold: -160,
      acceptPXThreshold: 1_000,
      opportunisticGraftThreshold: 0
    }
  }
}

/** Our envelope is signed, and the signature travels with stored messages too; a second one would only cost time. */
const SIGNATURES_AND_IDS: Partial<GossipsubOpts> = {
  globalSignaturePolicy: StrictNoSign,
  msgIdFn: (message: Message) => messageIdOf(message.data),
  msgIdToStrFn: toHex,
  // The same bytes have the same id: saying them twice is no error, gossip just carries them once.
  ignoreDuplicatePublishError: true,
  // The first peer of a community speaks to nobody yet; the delivery layer repeats what it said.
  allowPublishToZeroTopicPeers: true,
  emitSelf: false,
  // By default every message above 512 bytes is answered with "do not send me that" to the whole mesh: at our sizes that
  // costs as many packets as it saves, and where authors reach everybody themselves it saves none.
  idontwantMinDataSize: Number.MAX_SAFE_INTEGER,
  // The floodsub fallback has no scores and no limits; peer exchange would let strangers choose whom we dial.
  fallbackToFloodsub: false,
  doPX: false
}

/** Ids that gossipsub itself puts into one frame at most (its `GossipsubMaxIHaveLength`), and so messages in an answer. */
const IDS_IN_FRAME_MAX = 5_000

/**
 * What one member may make us read, remember or hold back. Outsiders reach none of this (`members-only.ts`), so what a
 * correct member may say under load is let through: a thin mesh asks for hundreds of messages at once when it is busy, and
 * a frame over a limit is lost whole.
 */
const INTAKE_LIMITS: Partial<GossipsubOpts> = {
  // All seven: a partial object replaces the defaults by nothing.
  decodeRpcLimits: {
    maxSubscriptions: 16,
    maxMessages: IDS_IN_FRAME_MAX,
    maxIhaveMessageIDs: IDS_IN_FRAME_MAX,
    maxIwantMessageIDs: IDS_IN_FRAME_MAX,
    maxIdontwantMessageIDs: IDS_IN_FRAME_MAX,
    maxControlMessages: 64,
    maxPeerInfos: 0
  },
  // Above what a correct peer ever has waiting to be sent: the next limit.
  maxInboundDataLength: 4 * 1024 * 1024,
  maxOutboundBufferSize: 2 * 1024 * 1024,
  maxInboundStreams: 2,
  maxOutboundStreams: 2,
  // Eight topics' worth: throwaway peers cannot fill our memory with topic names.
  maxTopicBytesPerPeer: 8 * 1024,
  // One frame of a peer at a time is natural backpressure against a flood.
  awaitRpcHandler: true
}

/** How soon the mesh repairs itself, and how long it remembers. */
const TIMING: Partial<GossipsubOpts> = {
  // Twice as often costs an idle peer about twice the CPU (measured: 0.3 to 1.2 % of a core, then 0.6 to 1.6 %).
  heartbeatInterval: 1_000,
  // Full messages kept 10 s and announced for 5 s: more than the default, for links that come back.
  mcacheLength: 10,
  mcacheGossip: 5,
  seenTTL: 120_000,
  // A loaded machine answers late; the default of 3 s would punish peers for our own load.
  gossipsubIWantFollowupMs: 12_000,
  // The defaults keep a peer that was pruned out of the mesh for a minute, one that restarted for ten seconds.
  pruneBackoff: 10_000,
  unsubcribeBackoff: 1_000,
  graftFloodThreshold: 2_000
}

/** Scores between neighbours, and why two of the defaults are wrong for us. */
function scoreParams(topic: string): Partial<GossipsubOpts['scoreParams']> {
  return {
    // P6 punishes peers that share an address. On one machine, or behind one router, that is everybody: with the default
    // a community of 14 loses messages and one of 20 delivers none.
    IPColocationFactorWeight: 0,
    // P7 counts broken promises, which load alone produces: a few are free.
    behaviourPenaltyWeight: -1,
    behaviourPenaltyThreshold: 6,
    retainScore: 600_000,
    topics: { [topic]: TOPIC_SCORE }
  }
}
