/**
 * Every gossipsub setting that differs from its default, with the reason. `settings.ts` has those of libp2p.
 *
 * Source: gossipsub v1.1 and v1.2 (libp2p specs); Vyzovitis et al., arXiv 2007.02754.
 *
 * @packageDocumentation
 */

import './runtime.ts'
import { type GossipsubOpts, type Message, StrictNoSign } from '@chainsafe/libp2p-gossipsub'
import { createTopicScoreParams } from '@chainsafe/libp2p-gossipsub/score'
import { sha256 } from '@noble/hashes/sha2.js'
import { toHex } from '../core/bytes.ts'

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
