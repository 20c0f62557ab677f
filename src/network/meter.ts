/**
 * Measures what each connection sends us, at the socket and at the muxer, whatever protocol it is meant for.
 *
 * Until the handshake tells who calls, and for a member at any time, sending too fast has one consequence: the socket is
 * read more slowly, so that the sender waits. Nothing a member sends is lost by that, and load alone never costs it its
 * place. Who is known to be an outsider is cut off instead, because nothing it could want takes that much.
 *
 * Two methods of libp2p are shadowed, each for one object: the one through which bytes come off a socket, and the one
 * through which the muxer takes a frame. Should either be gone, connections work unmeasured (and a test tells us).
 *
 * Source: Yamux specification, "Flag Field": a frame with SYN opens a stream.
 *
 * @packageDocumentation
 */

import './runtime.ts'
import type { Connection, MultiaddrConnection, PeerId } from '@libp2p/interface'
import type { PeerIdString } from '../core/ids.ts'
import type { CounterName, Counters } from './counters.ts'
import { nameOf } from './peer-key.ts'
import { CALLER_BYTES, LINK_ALLOWANCE, OUTSIDER_UNREAD_BYTES_MAX } from './settings.ts'
import { type Allowance, type BucketLimits, createAllowance } from './strikes.ts'

/** What is measured. */
type Kind = 'bytes' | 'frames' | 'streams'

type Allowances = Readonly<Record<Kind, Allowance>>

/** What the meters need to know. */
export interface MeterOptions {
  readonly isMember: (peer: PeerIdString) => boolean
  readonly counters: Counters
  /** An outsider was cut off. */
  readonly onCutOff: (peer: PeerIdString) => void
}

/** The meters of one host. */
export interface Meters {
  /** A connection begins; nobody knows who is at the other end. */
  begin(socket: MultiaddrConnection): void
  /** The handshake told who it is. */
  identify(socket: MultiaddrConnection, peer: PeerId): void
  /** The connection is open: its frames are measured from here on. */
  opened(connection: Connection): void
}

/** What is touched of a socket. */
interface Socket extends MultiaddrConnection {
  onData?: (data: { readonly byteLength: number }) => void
  readonly readStatus?: string
}

/** The head of a Yamux frame. */
interface Header {
  readonly flag: number
  readonly streamID: number
}

/** What is touched of a connection. */
interface Inside {
  readonly maConn?: MultiaddrConnection
  readonly muxer?: { handleFrame?: (frame: { readonly header: Header }) => void }
}

/** One socket. */
interface Meter {
  readonly socket: Socket
  /** Who is at the other end, once known. */
  peer: PeerIdString | undefined
  isMember: boolean
  allowances: Allowances
}

/** Before it is known who calls there are no frames yet. */
const CALLER = { ...LINK_ALLOWANCE.outsider, bytes: CALLER_BYTES }

/** The flag of a frame that opens a stream. */
const SYN = 1

/** The longest time without reading, so that what was paused is looked at again. Unit: milliseconds. */
const PAUSE_MS_MAX = 1_000

const CUT_OFF_FOR: Readonly<Record<Kind, CounterName>> = {
  bytes: 'outsider-bytes',
  frames: 'outsider-frames',
  streams: 'outsider-streams'
}

/** Builds the meters. */
export function createMeters(options: MeterOptions): Meters {
  const meters = new WeakMap<MultiaddrConnection, Meter>()
  const allOutsiders = allowancesOf(LINK_ALLOWANCE.allOutsiders)

  const cutOff = ({ socket, peer }: Meter, reason: CounterName): void => {
    if (socket.status !== 'open' || peer === undefined) return
    options.counters[reason]++
    socket.abort(new Error(reason))
    options.onCutOff(peer)
  }
  const spend = (meter: Meter, kind: Kind, amount: number): void => {
    const waitMs = meter.allowances[kind].spend(amount)
    if (meter.peer === undefined || meter.isMember) {
      if (waitMs > 0 && pause(meter.socket, waitMs) && meter.isMember) options.counters['member-slowed']++
      return
    }
    const sharedWaitMs = allOutsiders[kind].spend(amount)
    if (waitMs > 0 || sharedWaitMs > 0) cutOff(meter, CUT_OFF_FOR[kind])
    else if (unsentBytes(meter.socket) > OUTSIDER_UNREAD_BYTES_MAX) cutOff(meter, 'outsider-unread')
  }
  return {
    begin(socket) {
      const meter: Meter = {
        socket,
        peer: undefined,
        isMember: false,
        allowances: allowancesOf(CALLER)
      }
      meters.set(socket, meter)
      measureBytes(socket, (amount) => spend(meter, 'bytes', amount))
    },
    identify(socket, peer) {
      const meter = meters.get(socket)
      if (meter === undefined) return
      meter.peer = nameOf(peer)
      meter.isMember = options.isMember(meter.peer)
      meter.allowances = allowancesOf(meter.isMember ? LINK_ALLOWANCE.member : LINK_ALLOWANCE.outsider)
      resume(socket)
    },
    opened(connection) {
      const { maConn, muxer } = connection as unknown as Inside
      const meter = maConn && meters.get(maConn)
      if (meter === undefined || muxer?.handleFrame === undefined) return
      const handleFrame = muxer.handleFrame.bind(muxer)
      muxer.handleFrame = (frame) => {
        // A chunk may hold thousands of frames: those behind the one that was too much are not looked at.
        if (meter.socket.status !== 'open') return
        spend(meter, 'frames', 1)
        if (opensStream(frame.header)) spend(meter, 'streams', 1)
        if (meter.socket.status === 'open') handleFrame(frame)
      }
    }
  }
}

const now = (): number => performance.now()

function allowancesOf(limits: Readonly<Record<Kind, BucketLimits>>): Allowances {
  return {
    bytes: createAllowance(limits.bytes, now),
    frames: createAllowance(limits.frames, now),
    streams: createAllowance(limits.streams, now)
  }
}

/** Pings carry the same flag, but belong to no stream. */
const opensStream = ({ flag, streamID }: Header): boolean => (flag & SYN) !== 0 && streamID !== 0

function measureBytes(socket: Socket, spend: (amount: number) => void): void {
  const onData = socket.onData?.bind(socket)
  if (onData === undefined) return
  socket.onData = (data) => {
    spend(data.byteLength)
    onData(data)
  }
}

/** What waits to be sent. The type leaves it out, every stream of libp2p has it. */
const unsentBytes = (socket: Socket): number =>
  (socket as unknown as { readonly writeBufferLength?: number }).writeBufferLength ?? 0

/** Reads no more for a while. False if that is so already, or the socket is closing. */
function pause(socket: Socket, waitMs: number): boolean {
  if (socket.status !== 'open' || socket.readStatus !== 'readable') return false
  socket.pause()
  setTimeout(resume, Math.min(waitMs, PAUSE_MS_MAX), socket).unref()
  return true
}

function resume(socket: Socket): void {
  if (socket.status === 'open' && socket.readStatus === 'paused') socket.resume()
}
