/**
 * Two peers tell each other what each has and lacks, over a stream of their own.
 *
 * Both sides run the same handler: it is given the incoming messages and yields the outgoing ones, so that a digest
 * exchange is written once, whoever called. A message is a varint length and that many bytes. An exchange is over when
 * both sides have said all they had to say; whatever goes wrong ends this exchange and nothing else.
 *
 * Limits: the bytes of a message, of a whole exchange, the time it takes, and the streams a peer may hold open.
 *
 * @packageDocumentation
 */

import '../runtime.ts'
import type { Connection, Stream } from '@libp2p/interface'
import { messageStreamToDuplex } from '@libp2p/utils'
import { decode, encode } from 'it-length-prefixed'
import { pipe } from 'it-pipe'
import { OperationError } from '../../core/errors.ts'
import { type PeerIdString, short } from '../../core/ids.ts'
import { LIMITS } from '../../wire/limits.ts'
import type { Host } from '../host.ts'
import { nameOf, parsePeerId } from '../peer-key.ts'

/** The protocol of the digest exchange. */
export const SYNC_PROTOCOL = '/equipotent/sync/1'

/** Streams of one protocol that a peer may hold open with us, each way. */
const STREAMS_PER_PEER_MAX = 2

/**
 * Answers the messages of `peer`: reads what it likes of `incoming`, yields what it wants to say.
 *
 * The other side's `incoming` ends when this handler returns, or when it calls `saidAll`. Two handlers that both wait for
 * the other's end would wait until the time is up: call `saidAll` before reading to the end.
 */
export type ExchangeHandler = (
  peer: PeerIdString,
  incoming: AsyncIterable<Uint8Array>,
  saidAll: () => void
) => AsyncIterable<Uint8Array>

/** What an exchange needs. */
export interface ExchangeOptions {
  /** Default: `/equipotent/sync/1`. */
  readonly protocol?: string
  readonly onExchange: ExchangeHandler
  /** Bytes of the longest message. Default: 256 KiB. */
  readonly messageSizeMax?: number
  /** Bytes of all messages that a peer sends in one exchange. Default: 8 MiB. */
  readonly exchangeSizeMax?: number
  /** Time for a whole exchange. Default: 10 s. */
  readonly timeoutMs?: number
  /** Hears of an exchange that a peer began and that did not end well, and why. Default: nobody. */
  readonly onFailure?: (peer: PeerIdString, error: unknown) => void
}

/** A protocol that this host speaks. */
export interface Exchange {
  /**
   * Begins an exchange with a connected peer and resolves when both sides have said all and this side has heard it. A
   * second call during the first joins it. Throws: OperationError.
   */
  with(peer: PeerIdString): Promise<void>
  /** Speaks the protocol no more, and ends what is under way. */
  stop(): Promise<void>
}

const STOPPING = new Error('this peer is stopping')

type Limits = Required<Pick<ExchangeOptions, 'messageSizeMax' | 'exchangeSizeMax' | 'timeoutMs'>>

/** Makes the host speak the protocol. */
export async function createExchange(host: Host, options: ExchangeOptions): Promise<Exchange> {
  const { protocol = SYNC_PROTOCOL, messageSizeMax = 256 * 1024 } = options
  const exchangeSizeMax = options.exchangeSizeMax ?? LIMITS.exchangeSizeBytesMax
  const limits: Limits = { messageSizeMax, exchangeSizeMax, timeoutMs: options.timeoutMs ?? 10_000 }
  const open = new Set<Stream>()
  const begun = new Map<PeerIdString, Promise<void>>()
  const stopping = new AbortController()

  const run = async (stream: Stream, peer: PeerIdString): Promise<void> => {
    open.add(stream)
    try {
      // A stream may finish opening after stop has looked for open streams.
      stopping.signal.throwIfAborted()
      await converse(stream, limits, (incoming, saidAll) => options.onExchange(peer, incoming, saidAll))
      host.counters['exchanges-completed']++
    } catch (error) {
      host.counters['exchanges-failed']++
      if (isTooLong(error)) host.strike(peer, 'exchange-oversized')
      throw error
    } finally {
      if (stopping.signal.aborted) stream.abort(STOPPING)
      open.delete(stream)
    }
  }
  const answer = async (stream: Stream, connection: Connection): Promise<void> => {
    const peer = nameOf(connection.remotePeer)
    await run(stream, peer).catch((error: unknown) => options.onFailure?.(peer, error))
  }
  const begin = async (peer: PeerIdString): Promise<void> => {
    const stream = await openStream(host, peer, protocol, limits.timeoutMs)
    await run(stream, peer).catch((error: unknown) => {
      throw new OperationError(`The exchange with ${short(peer)} broke off: ${messageOf(error)}`, 'unknown', error)
    })
  }
  await host.node.handle(protocol, answer, {
    maxInboundStreams: STREAMS_PER_PEER_MAX,
    maxOutboundStreams: STREAMS_PER_PEER_MAX
  })
  return {
    with(peer) {
      const current = begun.get(peer) ?? begin(peer).finally(() => begun.delete(peer))
      begun.set(peer, current)
      return current
    },
    async stop() {
      stopping.abort(STOPPING)
      for (const stream of open) stream.abort(STOPPING)
      await host.node.unhandle(protocol)
    }
  }
}

/** A new stream on the connection that is there; an exchange is no reason to dial. */
async function openStream(host: Host, peer: PeerIdString, protocol: string, timeoutMs: number): Promise<Stream> {
  const id = parsePeerId(peer)
  const connection = id && host.node.getConnections(id).find((candidate) => candidate.status === 'open')
  if (connection === undefined) throw new OperationError(`There is no connection to ${short(peer)}`, 'did-not-happen')
  try {
    return await connection.newStream(protocol, { signal: AbortSignal.timeout(timeoutMs) })
  } catch (error) {
    throw new OperationError(`${short(peer)} did not open a stream: ${messageOf(error)}`, 'did-not-happen', error)
  }
}

/** Runs `handle` over the stream until both sides are done; aborts the stream on anything else. */
async function converse(
  stream: Stream,
  limits: Limits,
  handle: (incoming: AsyncIterable<Uint8Array>, saidAll: () => void) => AsyncIterable<Uint8Array>
): Promise<void> {
  const guard = guardStream(stream, limits)
  try {
    const duplex = messageStreamToDuplex(stream)
    const reader = messagesOf(duplex.source, limits.messageSizeMax)
    const speech = speechOf((saidAll) => handle(withoutReturn(reader), saidAll))
    const speak = pipe(speech.words(), (outgoing) => encode(outgoing), duplex)
    await Promise.race([speak.then(speech.listen).then(() => drain(reader)), guard.broken])
  } catch (error) {
    stream.abort(error instanceof Error ? error : new Error(messageOf(error)))
    throw error
  } finally {
    guard.release()
  }
}

/** Watches the clock and the amount; `broken` rejects when either is exceeded, whatever the handler is doing. */
function guardStream(stream: Stream, limits: Limits): { broken: Promise<never>; release(): void } {
  const { promise, reject } = Promise.withResolvers<never>()
  promise.catch(() => undefined)
  const timer = setTimeout(() => reject(new Error(`no end after ${limits.timeoutMs} ms`)), limits.timeoutMs)
  let received = 0
  const onMessage = (event: { data: { byteLength: number } }): void => {
    received += event.data.byteLength
    if (received > limits.exchangeSizeMax) reject(new ExchangeTooLong(`more than ${limits.exchangeSizeMax} bytes`))
  }
  stream.addEventListener('message', onMessage)
  return {
    broken: promise,
    release() {
      clearTimeout(timer)
      stream.removeEventListener('message', onMessage)
    }
  }
}

class ExchangeTooLong extends Error {
  override readonly name = 'ExchangeTooLong'
}

/** Names of the errors that mean "a peer announced or sent too much". */
const TOO_LONG = new Set(['ExchangeTooLong', 'InvalidDataLengthError', 'InvalidDataLengthLengthError'])

const isTooLong = (error: unknown): boolean => TOO_LONG.has((error as Error | undefined)?.name ?? '')

/** The messages in a stream of bytes. Throws if one is announced or gets longer than it may be. */
export async function* messagesOf(
  source: Parameters<typeof decode>[0],
  messageSizeMax: number
): AsyncGenerator<Uint8Array> {
  for await (const message of decode(source, { maxDataLength: messageSizeMax })) yield message.subarray()
}

/** The same messages for a reader that may stop early: what it leaves is still ours to drain. */
function withoutReturn(reader: AsyncGenerator<Uint8Array>): AsyncIterable<Uint8Array> {
  return { [Symbol.asyncIterator]: () => ({ next: () => reader.next() }) }
}

/** A handler's words up to the last one that it wants to be heard, and then its silence, in which it may go on listening. */
function speechOf(handle: (saidAll: () => void) => AsyncIterable<Uint8Array>) {
  const { promise: said, resolve: saidAll } = Promise.withResolvers<undefined>()
  const handler = handle(() => saidAll(undefined))[Symbol.asyncIterator]()
  let next: Promise<IteratorResult<Uint8Array>> | undefined
  return {
    async *words(): AsyncGenerator<Uint8Array> {
      for (;;) {
        next = handler.next()
        const word = await Promise.race([next, said])
        if (word === undefined || word.done === true) return
        yield word.value
      }
    },
    async listen(): Promise<void> {
      if ((await next)?.done !== true) await drain(handler)
    }
  }
}

/** Runs to the end: a handler, so that it has heard all; the other side's words, so that it too sees a good end. */
async function drain(iterator: AsyncIterator<unknown>): Promise<void> {
  while ((await iterator.next()).done !== true);
}

const messageOf = (error: unknown): string => (error instanceof Error ? error.message : String(error))
