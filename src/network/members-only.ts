/**
 * Gossip among members only.
 *
 * Gossipsub keeps books about every peer that speaks its protocol: topics, scores, promises, ids it has seen. An outsider
 * has no say in a closed community, so gossipsub never learns of it: no stream of an outsider reaches it and none is
 * opened to one. What many identities could fill is then not there to be filled.
 *
 * Gossipsub passes over frames that it cannot read and blames nobody. A member's software does not send such frames, so
 * here they are told of.
 *
 * @packageDocumentation
 */

import './runtime.ts'
import type { GossipSub, GossipSubComponents } from '@chainsafe/libp2p-gossipsub'
import type { Libp2p, PeerId } from '@libp2p/interface'
import type { PeerIdString } from '../core/ids.ts'
import { nameOf } from './peer-key.ts'

/** What the fence needs to know. */
export interface FenceOptions {
  readonly isMember: (peer: PeerIdString) => boolean
  /** A stream of an outsider was closed. */
  readonly onOutsider: (peer: PeerIdString) => void
}

/** What gossipsub is made of, with outsiders left out. */
export function membersOnly(components: GossipSubComponents, options: FenceOptions): GossipSubComponents {
  const { privateKey, peerId, peerStore, connectionManager, logger, registrar } = components
  const fenced: GossipSubComponents['registrar'] = Object.create(registrar)
  fenced.handle = (protocol, handler, handlerOptions) =>
    registrar.handle(
      protocol,
      (stream, connection) => {
        const peer = nameOf(connection.remotePeer)
        if (options.isMember(peer)) return handler(stream, connection)
        options.onOutsider(peer)
        stream.abort(new Error('gossip is for members'))
      },
      handlerOptions
    )
  fenced.register = (protocol, { onConnect, ...topology }) =>
    registrar.register(protocol, {
      ...topology,
      onConnect: (peer, connection) => {
        if (options.isMember(nameOf(peer))) onConnect?.(peer, connection)
      }
    })
  return { privateKey, peerId, peerStore, connectionManager, logger, registrar: fenced }
}

/** What is touched of gossipsub; private there. */
interface ReadsFrames {
  pipePeerReadStream?: (peer: PeerId, frames: AsyncIterable<Frame>) => Promise<void>
  decodeRpc?: (bytes: Uint8Array) => unknown
  handlePeerReadStreamError?: (error: Error, peer: PeerId) => void
}

interface Frame {
  subarray(): Uint8Array
}

/**
 * Lets gossip begin on a new connection although the one before broke off in its beginning. Gossipsub then keeps the stream
 * that never lived, and as long as it has one opens no other: such a link would stay mute until it is replaced.
 */
export function forgetDeadStreams(node: Libp2p, pubsub: GossipSub): void {
  const { streamsOutbound } = pubsub as unknown as OpensStreams
  node.addEventListener('connection:open', ({ detail }) => {
    const peer = detail.remotePeer.toString()
    const status = streamsOutbound?.get(peer)?.rawStream?.status
    if (status !== undefined && status !== 'open') streamsOutbound?.delete(peer)
  })
}

/** What is touched of gossipsub's streams; private there. */
interface OpensStreams {
  readonly streamsOutbound?: Map<string, { readonly rawStream?: { readonly status: string } }>
}

/** Names of the errors that mean "a frame announced more than is allowed". */
const TOO_LONG = new Set(['InvalidDataLengthError', 'InvalidDataLengthLengthError'])

/**
 * Tells `onMalformed` of every frame that gossipsub cannot read and of every one that is too long. Should gossipsub have
 * other methods one day, it works as before, and nobody is told (but a test is).
 */
export function watchFrames(pubsub: GossipSub, onMalformed: (peer: PeerIdString) => void): void {
  const inside = pubsub as unknown as ReadsFrames
  const readStream = inside.pipePeerReadStream?.bind(pubsub)
  const decode = inside.decodeRpc?.bind(pubsub)
  const onError = inside.handlePeerReadStreamError?.bind(pubsub)
  if (readStream === undefined || decode === undefined || onError === undefined) return
  const senders = new WeakMap<Uint8Array, PeerIdString>()
  inside.pipePeerReadStream = (peer, frames) => readStream(peer, labelled(frames, nameOf(peer), senders))
  inside.decodeRpc = (bytes) => {
    try {
      return decode(bytes)
    } catch (error) {
      const sender = senders.get(bytes)
      if (sender !== undefined) onMalformed(sender)
      throw error
    }
  }
  inside.handlePeerReadStreamError = (error, peer) => {
    if (TOO_LONG.has(error.name)) onMalformed(nameOf(peer))
    onError(error, peer)
  }
}

/** The same frames; `senders` knows whose each is while it is read. */
async function* labelled(
  frames: AsyncIterable<Frame>,
  sender: PeerIdString,
  senders: WeakMap<Uint8Array, PeerIdString>
): AsyncGenerator<Frame> {
  for await (const frame of frames) {
    const bytes = frame.subarray()
    senders.set(bytes, sender)
    yield { subarray: () => bytes }
  }
}
