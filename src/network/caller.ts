/**
 * Makes the calls: to the addresses one begins with, and to members at the addresses they announced.
 *
 * A call that fails is repeated later and later, with jitter. When two peers learn of each other at once, the one with
 * the larger id waits a moment first, so that usually one call is made; if two are, `dial-policy.ts` leaves one standing.
 *
 * @packageDocumentation
 */

import './runtime.ts'
import type { Multiaddr } from '@multiformats/multiaddr'
import { type PeerIdString, short } from '../core/ids.ts'
import { type Random, shuffled } from '../core/random.ts'
import { dialableAddresses } from './addresses.ts'
import { createBackoff } from './backoff.ts'
import type { Host } from './host.ts'
import { CALL_TIMES, CONNECTION_MANAGER } from './settings.ts'

/** What a caller needs. */
export interface CallerOptions {
  readonly addressesOf: (peer: PeerIdString) => readonly string[]
  readonly bootstrap: readonly Multiaddr[]
  readonly isLinked: (peer: PeerIdString) => boolean
  readonly random: Random
  readonly log: (message: string) => void
}

/** Calls others. */
export interface Caller {
  /** True once an address to begin with has answered, or there is none. */
  readonly hasJoined: () => boolean
  /** Calls under way. */
  readonly callingCount: () => number
  /** True if `peer` could be called now. */
  readonly canCall: (peer: PeerIdString) => boolean
  /** Calls a member. Answers the time until another look makes sense. Never throws. */
  readonly call: (peer: PeerIdString) => Promise<number>
  /** Calls the addresses to begin with that are not waiting. Answers the same. Never throws. */
  readonly join: () => Promise<number>
  /** Everything may be different now: nobody has failed. */
  readonly forgetFailures: () => void
}

/** The wait of the larger id, give or take a half. */
export const COURTESY_MS = 100

/** Waits between calls that fail: a fifth of a second at first, for peers that are just starting, never above 10 s. */
const WAITS = { firstMs: 200, maxMs: 10_000 } as const

/** Builds the caller. */
export function createCaller(host: Host, options: CallerOptions): Caller {
  const { random, bootstrap } = options
  const backoff = createBackoff(WAITS, random)
  const calling = new Set<PeerIdString>()
  let joined = bootstrap.length === 0
  let joining = false

  const dial = async (key: string, addresses: Multiaddr[]): Promise<boolean> => {
    const timeUp = AbortSignal.timeout(CONNECTION_MANAGER.dialTimeout)
    for (const address of addresses) {
      if (timeUp.aborted) break
      try {
        await dialPatiently(host, address, timeUp)
        backoff.succeeded(key)
        return true
      } catch (error) {
        options.log(`no answer from ${short(key)}: ${(error as Error).message}`)
      }
    }
    if (host.node.status !== 'started') return false
    host.counters['dial-failed']++
    backoff.failed(key)
    return false
  }
  const callMember = async (peer: PeerIdString): Promise<void> => {
    if (host.id > peer) await pause(COURTESY_MS * (0.5 + random()))
    if (!options.isLinked(peer)) await dial(peer, dialableAddresses(peer, options.addressesOf(peer)))
  }
  const joinDue = async (): Promise<void> => {
    const due = shuffled(random, bootstrap).filter((address) => backoff.waitMs(String(address)) === 0)
    for (const address of due) joined = (await dial(String(address), [address])) || joined
  }
  return {
    hasJoined: () => joined,
    callingCount: () => calling.size,
    canCall: (peer) =>
      peer !== host.id &&
      !options.isLinked(peer) &&
      !calling.has(peer) &&
      !host.refuses(peer) &&
      backoff.waitMs(peer) === 0 &&
      dialableAddresses(peer, options.addressesOf(peer)).length > 0,
    async call(peer) {
      calling.add(peer)
      await callMember(peer).finally(() => calling.delete(peer))
      // A call that got through becomes a link a moment later, when the other side has said what it speaks.
      return backoff.waitMs(peer) || COURTESY_MS
    },
    async join() {
      if (joining) return Number.POSITIVE_INFINITY
      joining = true
      await joinDue().finally(() => {
        joining = false
      })
      return Math.min(...bootstrap.map((address) => backoff.waitMs(String(address)) || Number.POSITIVE_INFINITY))
    },
    forgetFailures: backoff.clear
  }
}

/** The first event of a call whose socket is open. */
const HANDSHAKE_BEGINS = 'upgrader:encrypt-outbound-connection'

/**
 * Calls one address. A machine that is not there has little time, so that the next address has its turn soon; one that is
 * there has more for the handshake, because a loaded machine that is given up on has done the work for nothing, and would
 * be asked for it again and again.
 */
async function dialPatiently({ node }: Host, address: Multiaddr, timeUp: AbortSignal): Promise<void> {
  const given = new AbortController()
  const giveUp = (): void => given.abort(new Error('it took too long'))
  let timer = setTimeout(giveUp, CALL_TIMES.connectMs)
  const onProgress = ({ type }: { readonly type: string }): void => {
    if (type !== HANDSHAKE_BEGINS) return
    clearTimeout(timer)
    timer = setTimeout(giveUp, CALL_TIMES.handshakeMs)
  }
  try {
    await node.dial(address, { signal: AbortSignal.any([given.signal, timeUp]), onProgress })
  } finally {
    clearTimeout(timer)
  }
}

/** Waits without keeping the process alive. */
function pause(afterMs: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, afterMs).unref())
}
