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

/** The head of a Yamux frame. */
interface Header {
  readonly type: number
  readonly flag: number
  readonly streamID: number
  readonly length: number
}

interface SendsFrames {
  sendFrame?: (header: Header, data?: unknown) => boolean
}

/** The muxer for `createLibp2p`. */
export function quietYamux(init: YamuxMuxerInit): () => StreamMuxerFactory {
  const createFactory = yamux(init) as () => StreamMuxerFactory
  return () => {
    const factory = createFactory()
    const createMuxer = factory.createStreamMuxer.bind(factory)
    factory.createStreamMuxer = (connection) => {
      const muxer = createMuxer(connection)
      holdSmallGrants(muxer as SendsFrames)
      return muxer
    }
    return factory
  }
}

/** Shadows the method through which every frame leaves. */
function holdSmallGrants(muxer: SendsFrames): void {
  const sendFrame = muxer.sendFrame?.bind(muxer)
  if (sendFrame === undefined) return
  const held = new Map<number, number>()
  muxer.sendFrame = (header, data) => {
    const { type, flag, streamID, length } = header
    if (type !== WINDOW_UPDATE) return sendFrame(header, data)
    const granted = length + (held.get(streamID) ?? 0)
    if (flag === 0 && granted < HELD_SIZE_BYTES_MAX) {
      held.set(streamID, granted)
      return true
    }
    held.delete(streamID)
    return sendFrame({ ...header, length: granted })
  }
}
