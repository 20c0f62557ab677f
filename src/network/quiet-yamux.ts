/**
 * Yamux that answers a small message with silence.
 *
 * The muxer grants a sender fresh room after every single message, in a frame and a system call of its own. Our messages
 * are small and many, so half of all packets of a community said nothing but "I have read 400 bytes", and cost as much as
 * the messages. Here such grants are added up and sent when they are worth it. The sender starts with 256 KiB of room and
 * we hold back less than a quarter of it, so it never waits for us.
 *
 * Only plain grants are held back: frames that open, acknowledge or end a stream pass at once. Should the muxer no longer
 * have the method that is shadowed here, it works as it always did (and a test tells us).
 *
 * Source: Yamux specification, "Flow Control": an update may be sent whenever the receiver sees fit.
 *
 * @packageDocumentation
 */

import './runtime.ts'
import type { StreamMuxerFactory } from '@libp2p/interface'
import { type YamuxMuxerInit, yamux } from '@libp2p/yamux'

/** Bytes of grants that are held back at most, for each stream; a quarter of the room a sender starts with. */
const HELD_SIZE_BYTES_MAX = 64 * 1024

/** The type of a frame that grants room (Yamux specification, "Type Field"). */
const WINDOW_UPDATE = 1

/** The flags with which we end a stream, FIN and RST (Yamux specification, "Flag Field"). */
const ENDING = 4 | 8

/** The head of a Yamux frame. */
interface Header {
  readonly type: number
  readonly flag: number
  readonly streamID: number
  readonly length: number
}

/** What is touched of a muxer. */
export interface SendsFrames {
  sendFrame?: (header: Header, data?: unknown) => boolean
  readonly streams: readonly { readonly id: string }[]
}

/** The muxer for `createLibp2p`. */
export function quietYamux(init: YamuxMuxerInit): () => StreamMuxerFactory {
  const createFactory = yamux(init) as () => StreamMuxerFactory
  return () => {
    const factory = createFactory()
    const createMuxer = factory.createStreamMuxer.bind(factory)
    factory.createStreamMuxer = (connection) => {
      const muxer = createMuxer(connection)
      holdSmallGrants(muxer as unknown as SendsFrames)
      return muxer
    }
    return factory
  }
}

/** Shadows the method through which every frame leaves. Answers what is held back, in bytes by stream. */
export function holdSmallGrants(muxer: SendsFrames): ReadonlyMap<number, number> {
  const held = new Map<number, number>()
  const sendFrame = muxer.sendFrame?.bind(muxer)
  if (sendFrame === undefined) return held
  muxer.sendFrame = (header, data) => {
    const { type, flag, streamID, length } = header
    const before = held.get(streamID) ?? 0
    if ((flag & ENDING) !== 0) held.delete(streamID)
    if (type !== WINDOW_UPDATE) return sendFrame(header, data)
    const granted = length + before
    if (flag === 0 && granted < HELD_SIZE_BYTES_MAX) {
      if (!held.has(streamID)) forgetClosed(held, muxer, streamID)
      held.set(streamID, granted)
      return true
    }
    held.delete(streamID)
    return sendFrame({ ...header, length: granted })
  }
  return held
}

/**
 * A stream that the other side ends, or that we went on reading after our own end, closes without a frame of ours. So what
 * is held for streams that are gone is dropped before more is held. Only if the muxer lists `current`, which is open, are
 * its names those we know.
 */
function forgetClosed(held: Map<number, number>, { streams }: SendsFrames, current: number): void {
  const open = new Set(streams.map(({ id }) => id))
  if (!open.has(String(current))) return
  for (const id of held.keys()) if (!open.has(String(id))) held.delete(id)
}
