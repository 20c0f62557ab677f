/** One identity off the roster, and how it gets bytes of its own making onto a connection. */

import '../../src/network/runtime.ts'
import { noise } from '@chainsafe/libp2p-noise'
import { generateKeyPair, publicKeyToProtobuf } from '@libp2p/crypto/keys'
import type { Connection, Libp2p, MessageStream, Stream } from '@libp2p/interface'
import { tcp } from '@libp2p/tcp'
import { yamux } from '@libp2p/yamux'
import { type Multiaddr, multiaddr } from '@multiformats/multiaddr'
import { createLibp2p } from 'libp2p'

/** How long a call may take. Unit: milliseconds. */
const CALLING_MS_MAX = 4_000

/** A connected outsider. */
export interface Outsider {
  readonly connection: Connection
  readonly node: Libp2p
  /** The encrypted wire under the muxer: what is sent here the other side takes for frames. */
  readonly wire: MessageStream
  openStream(protocol: string): Promise<Stream>
  leave(): Promise<void>
}

/** Tells what a new identity says about itself, given its public key. */
export type SelfDescription = (key: Uint8Array) => Uint8Array

/** Makes a new identity and calls. Rejects if it is not let in. */
export async function callAsStranger(target: string, describe?: SelfDescription): Promise<Outsider> {
  const privateKey = await generateKeyPair('Ed25519')
  const node = await createLibp2p({
    privateKey,
    transports: [tcp()],
    connectionEncrypters: [noise()],
    streamMuxers: [yamux({ enableKeepAlive: false, maxOutboundStreams: 1_000_000 })],
    connectionGater: { denyDialMultiaddr: () => false },
    connectionMonitor: { enabled: false }
  })
  try {
    if (describe !== undefined) {
      const answer = describe(publicKeyToProtobuf(privateKey.publicKey))
      const say = async (stream: Stream): Promise<void> => {
        stream.send(answer)
        await stream.close()
      }
      await node.handle('/ipfs/id/1.0.0', say, { maxInboundStreams: 1_000 })
    }
    const connection = await node.dial(multiaddr(target), { signal: AbortSignal.timeout(CALLING_MS_MAX) })
    return {
      connection,
      node,
      wire: (connection as unknown as { muxer: { maConn: MessageStream } }).muxer.maConn,
      openStream: (protocol) => connection.newStream(protocol, { signal: AbortSignal.timeout(CALLING_MS_MAX) }),
      async leave() {
        connection.abort(new Error('leaving'))
        await node.stop()
      }
    }
  } catch (error) {
    await node.stop()
    throw error
  }
}

/** Host and port of a TCP multiaddr on 127.0.0.1, the only place that is ever attacked. */
export function loopbackPort(target: string): number {
  const [host, transport] = (multiaddr(target) as Multiaddr).getComponents()
  if (host?.value !== '127.0.0.1' || transport?.name !== 'tcp') throw new Error(`not on loopback: ${target}`)
  return Number(transport.value)
}

/** Sends, and waits where the other side reads no faster. False if the connection is gone. */
export async function sendSlowly(stream: MessageStream, bytes: Uint8Array): Promise<boolean> {
  if (stream.status !== 'open') return false
  try {
    if (!stream.send(bytes)) await stream.onDrain({ signal: AbortSignal.timeout(CALLING_MS_MAX) })
  } catch {
    return false
  }
  // What came in meanwhile, an end above all, is seen only when others have their turn.
  await new Promise((resolve) => setImmediate(resolve))
  return stream.status === 'open'
}
