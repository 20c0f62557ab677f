/**
 * Who of those that call may come in, as far as anybody can tell.
 *
 * Before the handshake a call has no name, only an address. Handshakes are what costs CPU, so each address has a bucket of
 * them, and what turns out to be a member's call is given back: a whole community may start behind one address. Handshakes
 * under way are bounded too; the oldest gives way to the newest, because silence is cheap and would otherwise keep members
 * waiting at the door.
 *
 * After the handshake, members always get in. Outsiders have places of their own, never those of members, and are let in
 * at a steady rate only, because an identity costs nothing to make.
 *
 * @packageDocumentation
 */

import './runtime.ts'
import type { MultiaddrConnection } from '@libp2p/interface'
import { toHex } from '../core/bytes.ts'
import type { PeerIdString } from '../core/ids.ts'
import type { CounterName, Counters } from './counters.ts'
import { CALLS, OUTSIDERS_MAX } from './settings.ts'
import { createBuckets } from './strikes.ts'

/** The door of one host. */
export interface Admission {
  /** True if a call is refused before its handshake; it is ended at once, before anything is read. */
  refusesCall(socket: MultiaddrConnection): boolean
  /** The handshake told that a member called: that costs its address nothing. */
  memberCalled(socket: MultiaddrConnection): void
  /** The handshake told that an outsider called: true if it is refused. */
  refusesOutsider(peer: PeerIdString, socket: MultiaddrConnection): boolean
}

/** Builds the door. `nowMs` is a clock that never goes back. */
export function createAdmission(counters: Counters, nowMs: () => number = () => performance.now()): Admission {
  const calls = createBuckets(CALLS.fromOneAddress, nowMs)
  const fromOneAddress = createBuckets(CALLS.outsidersFromOneAddress, nowMs)
  const fromAnywhere = createBuckets(CALLS.outsiders, nowMs)
  /** Handshakes under way, oldest first. */
  const underWay = new Set<MultiaddrConnection>()
  const outsiders = new Map<PeerIdString, MultiaddrConnection>()

  const counted = (reason: CounterName): true => {
    counters[reason]++
    return true
  }
  const displaceOldest = (): void => {
    const [oldest] = underWay
    if (oldest === undefined) return
    underWay.delete(oldest)
    counted('calls-displaced')
    oldest.abort(new Error('others are waiting'))
  }
  const seat = (peer: PeerIdString, socket: MultiaddrConnection): void => {
    outsiders.set(peer, socket)
    socket.addEventListener('close', () => {
      if (outsiders.get(peer) === socket) outsiders.delete(peer)
    })
  }
  return {
    refusesCall(socket) {
      if (!calls.take(sourceOf(socket))) {
        socket.abort(new Error('too many calls'))
        return counted('calls-over-rate')
      }
      if (underWay.size >= CALLS.underWayMax) displaceOldest()
      underWay.add(socket)
      socket.addEventListener('close', () => underWay.delete(socket))
      return false
    },
    memberCalled(socket) {
      underWay.delete(socket)
      calls.giveBack(sourceOf(socket))
    },
    refusesOutsider(peer, socket) {
      underWay.delete(socket)
      if (!fromOneAddress.take(sourceOf(socket)) || !fromAnywhere.take('')) return counted('outsiders-over-rate')
      const earlier = outsiders.get(peer)
      if (earlier === undefined && outsiders.size >= OUTSIDERS_MAX) return counted('outsiders-without-place')
      seat(peer, socket)
      if (earlier !== undefined) {
        counted('outsiders-replaced')
        earlier.abort(new Error('the same peer has called again'))
      }
      return false
    }
  }
}

/** The first byte of a multiaddr that begins with an IPv6 address (multiaddr table, "ip6"). */
const IP6 = 41

/** Bytes of that address that tell one caller from another: whoever has one IPv6 address has its 2^64 neighbours too. */
const IP6_PREFIX_SIZE_BYTES = 8

/** Bytes of an IPv4 address. */
const IP4_SIZE_BYTES = 4

/** Where a call comes from, as a short text. */
function sourceOf({ remoteAddr }: MultiaddrConnection): string {
  const { bytes } = remoteAddr
  return toHex(bytes.subarray(0, 1 + (bytes[0] === IP6 ? IP6_PREFIX_SIZE_BYTES : IP4_SIZE_BYTES)))
}
