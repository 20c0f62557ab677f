/**
 * One gossip topic: bytes in, bytes out.
 *
 * A message from a neighbour meets, in this order: its size, its sender's token bucket, the validator of the layer above.
 * Only what the validator accepts is passed on to other neighbours and delivered here. What it says:
 * - `accept`: right. Also for what is merely early: it must be kept by the layer above, because gossip will not offer the
 *   same bytes again for two minutes.
 * - `ignore`: not to be passed on, and nobody's fault; the layer above may have taken it in.
 * - `reject`: provably wrong whoever looks at it, for example a bad signature. The neighbour that passed it on should have
 *   noticed, so it gets a strike.
 *
 * Gossip alone is not a reliable channel; the delivery layer exchanges digests over streams (`streams/exchange.ts`).
 *
 * @packageDocumentation
 */

import './runtime.ts'
import { type GossipsubMessage, type Message, TopicValidatorResult } from '@chainsafe/libp2p-gossipsub'
import type { PeerId } from '@libp2p/interface'
import type { PeerIdString } from '../core/ids.ts'
import type { Host } from './host.ts'
import { nameOf } from './peer-key.ts'
import { MESSAGE_SIZE_BYTES_MAX, PATIENCE } from './settings.ts'
import { createBuckets } from './strikes.ts'

/** What the layer above thinks of a message. */
export type Verdict = 'accept' | 'ignore' | 'reject'

/** What a topic needs. */
export interface GossipOptions {
  /** The host's topic. */
  readonly topic: string
  /** Judges bytes that `from` passed on (not necessarily wrote). Synchronous and quick; if it throws, the message is dropped. */
  readonly validate: (bytes: Uint8Array, from: PeerIdString) => Verdict
  /** Takes every accepted message once. A throw here is our own bug and stops the process. */
  readonly onMessage: (bytes: Uint8Array, from: PeerIdString, messageId: string) => void
  /** Hears that a peer has joined or left the topic: `subscribers` has changed. Default: nobody. */
  readonly onSubscribers?: () => void
  /** Bytes of the longest message. Default: 64 KiB. */
  readonly sizeMax?: number
  /** Hears of a validator that threw, and of a publish that failed. Default: nobody. */
  readonly log?: (message: string, error: unknown) => void
}

/** A joined topic. */
export interface Gossip {
  /** Sends `bytes` to the neighbours and answers how many that were. Never throws; bytes already said go to nobody. */
  publish(bytes: Uint8Array): Promise<number>
  /** Neighbours that get every message at once. */
  mesh(): PeerIdString[]
  /** Connected peers that are on the topic. */
  subscribers(): PeerIdString[]
  /** Leaves the topic. */
  stop(): void
}

/** Joins the topic. */
export function createGossip(host: Host, options: GossipOptions): Gossip {
  const { pubsub } = host.node.services
  const judge = createJudge(host, options)
  const onMessage = ({ detail }: CustomEvent<GossipsubMessage>): void => {
    if (detail.msg.topic !== options.topic) return
    options.onMessage(detail.msg.data, nameOf(detail.propagationSource), detail.msgId)
  }
  pubsub.topicValidators.set(
    options.topic,
    (peer: PeerId, message: Message) => RESULTS[judge(nameOf(peer), message.data)]
  )
  const onSubscribers = (): void => options.onSubscribers?.()
  pubsub.addEventListener('gossipsub:message', onMessage)
  pubsub.addEventListener('subscription-change', onSubscribers)
  pubsub.subscribe(options.topic)
  return {
    publish: (bytes) => publish(host, options, bytes),
    mesh: () => meshOf(host, options.topic),
    subscribers: () => pubsub.getSubscribers(options.topic).map(nameOf),
    stop() {
      pubsub.removeEventListener('gossipsub:message', onMessage)
      pubsub.removeEventListener('subscription-change', onSubscribers)
      pubsub.topicValidators.delete(options.topic)
      if (host.node.status === 'started') pubsub.unsubscribe(options.topic)
    }
  }
}

const RESULTS: Readonly<Record<Verdict, TopicValidatorResult>> = {
  accept: TopicValidatorResult.Accept,
  ignore: TopicValidatorResult.Ignore,
  reject: TopicValidatorResult.Reject
}

const COUNTER_OF = { accept: 'gossip-accepted', ignore: 'gossip-ignored', reject: 'gossip-rejected' } as const

/** Size, then rate, then the validator of the layer above; counts what becomes of each message. */
function createJudge(host: Host, options: GossipOptions): (from: PeerIdString, bytes: Uint8Array) => Verdict {
  const sizeMax = options.sizeMax ?? MESSAGE_SIZE_BYTES_MAX
  const isWithinRate = createRateCheck(host)
  return (from, bytes) => {
    if (bytes.length > sizeMax) {
      host.counters['gossip-oversized']++
      host.strike(from, 'gossip-oversized')
      return 'reject'
    }
    if (!isWithinRate(from)) return 'ignore'
    const verdict = validateSafely(host, options, bytes, from)
    host.counters[COUNTER_OF[verdict]]++
    if (verdict === 'reject') host.strike(from, 'gossip-rejected')
    return verdict
  }
}

/** Within the rate: true. Beyond it messages are dropped unread; the delivery layer brings back what was right. */
function createRateCheck(host: Host): (from: PeerIdString) => boolean {
  const messages = createBuckets(PATIENCE.messages, () => performance.now())
  return (from) => {
    if (messages.take(from)) return true
    host.counters['gossip-over-rate']++
    return false
  }
}

/** A validator that throws is our own mistake: the message is dropped and nobody is blamed for it. */
function validateSafely(host: Host, options: GossipOptions, bytes: Uint8Array, from: PeerIdString): Verdict {
  try {
    return options.validate(bytes, from)
  } catch (error) {
    host.counters['validator-threw']++
    options.log?.('the gossip validator threw', error)
    return 'ignore'
  }
}

async function publish(host: Host, options: GossipOptions, bytes: Uint8Array): Promise<number> {
  if (host.node.status !== 'started') return 0
  try {
    const { recipients } = await host.node.services.pubsub.publish(options.topic, bytes)
    host.counters['gossip-published']++
    return recipients.length
  } catch (error) {
    host.counters['publish-failed']++
    options.log?.('gossip did not take the message', error)
    return 0
  }
}

/** The mesh of the running service; the public type leaves it out, the service has it. */
function meshOf(host: Host, topic: string): PeerIdString[] {
  const pubsub = host.node.services.pubsub as unknown as { getMeshPeers(topic: string): PeerIdString[] }
  return pubsub.getMeshPeers(topic)
}
