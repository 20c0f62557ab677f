/** Readers of what comes over the network: frames, evidence, exchanges, addresses. */

import { RPC } from '@chainsafe/libp2p-gossipsub/message'
import { concatBytes, utf8 } from '../../src/core/bytes.ts'
import { nodeId } from '../../src/core/ids.ts'
import { dialableAddresses, parseAddress } from '../../src/network/addresses.ts'
import { peerIdOf } from '../../src/network/peer-key.ts'
import { messagesOf } from '../../src/network/streams/exchange.ts'
import { verify } from '../../src/storage/keys.ts'
import { hashBytes } from '../../src/wire/codec.ts'
import { type DecodedEnvelope, decodeEnvelope, openEnvelope, WIRE_VERSION } from '../../src/wire/envelope.ts'
import { LIMITS } from '../../src/wire/limits.ts'
import { Body, Frame } from '../../src/wire/messages.ts'
import { payloadFields } from '../../src/wire/payload.ts'
import { checkEvidence } from '../../src/wire/proof.ts'
import { decodeSync, encodeSync } from '../../src/wire/sync.ts'
import { BYTE_MAKERS, type Make, pick, varint } from './bytes.ts'
import { joinPair, type Samples, splitPair } from './samples.ts'
import { expectSame, type Target, text } from './target.ts'

/** Frames, evidence, and the messages of the exchange. */
export function wireTargets({ roster, identities, frames, pair, syncMessages }: Samples): Target[] {
  /** A body with something done to it, in a frame that its author signed: what a faulty member may send. */
  const resigned: Make = (random, all) => {
    const sample = pick(random, all)
    const { body } = Frame.decode(sample)
    const decoded = decodeEnvelope(sample, roster)
    const author = identities[decoded.ok ? decoded.from : 0] as (typeof identities)[number]
    const changed = pick(random, BYTE_MAKERS)(random, [body]) as Uint8Array<ArrayBuffer>
    const signature = author.sign(concatBytes(SIGNING_PREFIX, changed)) as Uint8Array<ArrayBuffer>
    return Frame.encode({ body: changed, signature })
  }
  /** A body with something done to it, in a whole frame. */
  const rebodied: Make = (random, all) => {
    const { body, signature } = Frame.decode(pick(random, all))
    return Frame.encode({ body: pick(random, BYTE_MAKERS)(random, [body]) as Uint8Array<ArrayBuffer>, signature })
  }
  return [
    {
      ...{ name: 'frame', share: 240, samples: frames, makers: [...BYTE_MAKERS, ...repeat(rebodied, 20)] },
      run(input) {
        const decoded = decodeEnvelope(input, roster)
        return decoded.ok && expectSame(written(decoded), Frame.decode(input).body)
      }
    },
    {
      ...{ name: 'signed-frame', share: 50, samples: frames, makers: repeat(resigned, 1) },
      run(input) {
        const opened = openEnvelope(input, roster, verify)
        return opened.ok && expectSame(opened.envelope.frame, input)
      }
    },
    {
      ...{ name: 'evidence', share: 30, makers: BYTE_MAKERS },
      samples: [
        joinPair(...pair),
        joinPair(pair[0], pair[0]),
        joinPair(frames[1] as Uint8Array, frames[2] as Uint8Array)
      ],
      run(input) {
        const checked = checkEvidence(...splitPair(input), roster, verify)
        return 'accused' in checked && checked.accused === nodeId(2)
      }
    },
    {
      ...{ name: 'sync-message', share: 190, samples: syncMessages, makers: BYTE_MAKERS },
      run(input) {
        const decoded = decodeSync(input)
        return decoded.ok && expectSame(encodeSync(decoded.value), input)
      }
    }
  ]

  /** The body of an accepted frame, written anew from what was read. */
  function written({ envelope, from }: DecodedEnvelope): Uint8Array {
    const { author, decision, payload } = envelope
    return Body.encode({
      version: WIRE_VERSION,
      community: hashBytes(roster.community),
      roster: hashBytes(roster.hash),
      author: hashBytes(author),
      ...(decision === undefined ? {} : { decision: hashBytes(decision) }),
      ...payloadFields({ roster, author, from, decision }, payload)
    })
  }
}

const SIGNING_PREFIX = utf8(`equipotent/envelope/${WIRE_VERSION}\n`)

const repeat = (make: Make, times: number): Make[] => Array.from({ length: times }, () => make)

/** Addresses, and the lengths before messages. */
export function networkTargets({ identities }: Samples): Target[] {
  const peer = peerIdOf((identities[0] as (typeof identities)[number]).key)
  const addresses = [
    '/ip4/127.0.0.1/tcp/4001',
    '/ip6/::1/tcp/1',
    '/dns4/wren.local/tcp/65535',
    `/ip4/10.0.0.1/tcp/9/p2p/${peer}`
  ]
  const chunk = (length: number): Uint8Array => concatBytes(varint(BigInt(length)), new Uint8Array(length).fill(length))
  return [
    {
      ...{ name: 'address', share: 40, samples: addresses.map(utf8), makers: BYTE_MAKERS },
      run(input) {
        const address = parseAddress(text(input))
        return (
          address !== undefined && expectSame(parseAddress(address.toString())?.toString() ?? '', address.toString())
        )
      }
    },
    {
      ...{ name: 'announced-addresses', share: 10, samples: [utf8(addresses.join('\n'))], makers: BYTE_MAKERS },
      run(input) {
        const dialable = dialableAddresses(peer, text(input).split('\n'))
        if (!dialable.every((address) => address.toString().endsWith(`/p2p/${peer}`)))
          throw new Error('not bound to the peer')
        return dialable.length > 0
      }
    },
    {
      ...{ name: 'gossip-rpc', share: 10, samples: rpcSamples(), makers: BYTE_MAKERS },
      run(input) {
        const rpc = tryRpc(input)
        return rpc !== undefined && expectSame(RPC.encode(RPC.decode(RPC.encode(rpc))), RPC.encode(rpc))
      }
    },
    {
      ...{ name: 'length-prefix', share: 10, makers: BYTE_MAKERS },
      samples: [
        concatBytes(chunk(3), chunk(0), chunk(200)),
        concatBytes(chunk(20), varint(BigInt(LIMITS.syncSizeBytesMax + 1)))
      ],
      run: (input) => readMessages(input)
    }
  ]
}

/** What gossipsub sends: a message, a subscription, and control. */
function rpcSamples(): Uint8Array[] {
  const id = new Uint8Array(20).fill(7)
  const topic = 'equipotent/1/topic'
  const control = {
    ihave: [{ topicID: topic, messageIDs: [id, id] }],
    iwant: [{ messageIDs: [id] }],
    graft: [{ topicID: topic }],
    prune: [{ topicID: topic, peers: [], backoff: 60 }],
    idontwant: [{ messageIDs: [id] }]
  }
  return [
    RPC.encode({ subscriptions: [{ subscribe: true, topic }], messages: [] }),
    RPC.encode({ subscriptions: [], messages: [{ data: new Uint8Array(300), topic }] }),
    RPC.encode({ subscriptions: [], messages: [], control })
  ]
}

/** The library's reader throws whatever it likes; the library catches it. */
function tryRpc(input: Uint8Array): RPC | undefined {
  try {
    return RPC.decode(input)
  } catch {
    return undefined
  }
}

/** Reads what one stream may bring, in two pieces. True if a message came whole. */
async function readMessages(input: Uint8Array): Promise<boolean> {
  const half = input.length >> 1
  let count = 0
  try {
    for await (const message of messagesOf([input.subarray(0, half), input.subarray(half)], LIMITS.syncSizeBytesMax)) {
      if (message.length > LIMITS.syncSizeBytesMax) throw new TypeError('a message longer than allowed')
      count++
    }
  } catch (error) {
    if (!STREAM_ERRORS.has((error as Error).name)) throw error
  }
  return count > 0
}

/** How the library says that a stream is no good. */
const STREAM_ERRORS = new Set([
  'InvalidDataLengthError',
  'InvalidDataLengthLengthError',
  'UnexpectedEOFError',
  'RangeError'
])
