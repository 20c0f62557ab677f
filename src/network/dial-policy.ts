/**
 * Who may be connected to whom: the connection gater, and the rule that two peers share one connection.
 *
 * *Refusals.* A peer that was struck out is refused for a while; a peer that was *cut* is refused until the partition is
 * healed; calls that are too many, and outsiders that find no place, are refused at the door (`admission.ts`).
 *
 * *One link is enough.* Peers learn of each other at the same moment, so they often call each other at the same moment.
 * libp2p would keep both connections, and gossip would speak on one and listen on the other until either closes. The rule:
 * **of two calls that cross, the one made by the smaller peer id stands.** Told as a story, with Ann smaller than Bob:
 * - Ann is calling Bob when Bob's call comes in: Ann refuses it, "mine is under way".
 * - Bob is calling Ann when Ann's call comes in: Bob accepts it, and Ann refuses Bob's.
 * - Either notices, when its own call gets through, that the other's stands already: it hangs up its own.
 * - A call from a peer that we have been connected to for a while: it would not call if its end were alive, so ours is
 *   dead. We drop ours, then accept.
 *
 * @packageDocumentation
 */

import './runtime.ts'
import type { Connection, ConnectionGater, Libp2p, PeerId } from '@libp2p/interface'
import type { PeerIdString } from '../core/ids.ts'
import { createAdmission } from './admission.ts'
import type { CounterName, Counters } from './counters.ts'
import type { Meters } from './meter.ts'
import { nameOf } from './peer-key.ts'
import { CALLS, CONNECTION_MANAGER } from './settings.ts'

/** Two calls can cross only as long as one may be in the dialling: a connection younger than this may be half of a pair. */
const CROSSING_MS = CONNECTION_MANAGER.dialTimeout

/** A call that passed the gate becomes a connection within this time, or never. */
const ADMISSION_MS = 2_000

/** Struck-out peers remembered at once; identities are free, so the list must not grow with them. */
const DENIED_PEERS_MAX = 1_024

/** What the policy needs to know of the host it guards. */
export interface DialPolicyOptions {
  readonly self: PeerIdString
  readonly isMember: (peer: PeerIdString) => boolean
  readonly counters: Counters
  readonly meters: Meters
}

/** The policy of one host. */
export interface DialPolicy {
  /** What libp2p asks before and after every handshake. */
  readonly gater: ConnectionGater
  /** Hands over the node once it exists; until then nothing is connected. */
  attach(libp2p: Libp2p): void
  /** Refuses exactly these peers, instead of any that were cut before. */
  cut(peers: Iterable<PeerIdString>): void
  /** Refuses `peer` for a while. */
  deny(peer: PeerIdString, forMs: number): void
  /** True if `peer` is cut or struck out now. */
  refuses(peer: PeerIdString): boolean
}

/** Builds the policy. */
export function createDialPolicy(options: DialPolicyOptions): DialPolicy {
  const { counters, isMember, meters } = options
  const refusals = createRefusals(isMember)
  const links = createOneLinkRule(options.self)
  const admission = createAdmission(counters)
  let libp2p: Libp2p | undefined

  const counted = (reason: CounterName | undefined): boolean => {
    if (reason !== undefined) counters[reason]++
    return reason !== undefined
  }
  return {
    gater: {
      denyDialPeer: (peer) => refusals.has(nameOf(peer)),
      denyDialMultiaddr: () => false,
      denyInboundConnection: (socket) => {
        if (admission.refusesCall(socket)) return true
        meters.begin(socket)
        return false
      },
      denyOutboundEncryptedConnection: (peer, socket) => {
        meters.begin(socket)
        meters.identify(socket, peer)
        const reason = refusals.reason(nameOf(peer))
        return counted(reason ?? (links.refusesOutbound(libp2p, peer) ? 'refused-crossing' : undefined))
      },
      denyInboundEncryptedConnection: async (peer, socket) => {
        const name = nameOf(peer)
        meters.identify(socket, peer)
        if (isMember(name)) admission.memberCalled(socket)
        else if (admission.refusesOutsider(name, socket)) return true
        if (counted(refusals.reason(name))) return true
        return isMember(name) && counted((await links.refusesInbound(libp2p, peer)) ? 'refused-crossing' : undefined)
      }
    },
    attach(node) {
      libp2p = node
      node.addEventListener('connection:open', ({ detail }) => {
        meters.opened(detail)
        links.opened(nameOf(detail.remotePeer))
      })
    },
    cut: refusals.cut,
    deny: refusals.deny,
    refuses: refusals.has
  }
}

/** The peers refused, until healed or until a time. */
function createRefusals(isMember: (peer: PeerIdString) => boolean) {
  let cut: ReadonlySet<PeerIdString> = new Set()
  const deniedUntilMs = new Map<PeerIdString, number>()
  const forgetOne = (): void => {
    const denied = [...deniedUntilMs.keys()]
    // Identities are free: a crowd of outsiders must not make us forget a member that was struck out.
    const forgotten = denied.find((peer) => !isMember(peer)) ?? denied[0]
    if (forgotten !== undefined) deniedUntilMs.delete(forgotten)
  }
  const reason = (peer: PeerIdString): CounterName | undefined => {
    if (cut.has(peer)) return 'refused-cut'
    return (deniedUntilMs.get(peer) ?? 0) > performance.now() ? 'refused-struck-out' : undefined
  }
  return {
    reason,
    has: (peer: PeerIdString): boolean => reason(peer) !== undefined,
    cut(peers: Iterable<PeerIdString>): void {
      cut = new Set(peers)
    },
    deny(peer: PeerIdString, forMs: number): void {
      if (deniedUntilMs.size >= DENIED_PEERS_MAX) forgetOne()
      deniedUntilMs.set(peer, performance.now() + forMs)
    }
  }
}

/** The rule of the module head. */
function createOneLinkRule(self: PeerIdString) {
  /** Calls, either way, that passed the gate and are no connection yet, by when they passed. */
  const admittedAtMs = new Map<PeerIdString, number>()

  const isAdmitted = (peer: PeerIdString): boolean =>
    performance.now() - (admittedAtMs.get(peer) ?? Number.NEGATIVE_INFINITY) < ADMISSION_MS
  const admit = (peer: PeerIdString): false => {
    admittedAtMs.set(peer, performance.now())
    return false
  }
  return {
    opened: (peer: PeerIdString): void => {
      admittedAtMs.delete(peer)
    },
    refusesOutbound(libp2p: Libp2p | undefined, peer: PeerId): boolean {
      const name = nameOf(peer)
      if (openConnections(libp2p, peer).length > 0 || isAdmitted(name)) return true
      return admit(name)
    },
    async refusesInbound(libp2p: Libp2p | undefined, peer: PeerId): Promise<boolean> {
      const name = nameOf(peer)
      const open = openConnections(libp2p, peer)
      const oursIsUnderWay = isDialling(libp2p, peer) || isAdmitted(name) || open.some(isYoung)
      if ((self < name && oursIsUnderWay) || open.length >= CALLS.connectionsPerMemberMax) return true
      await hangUpDead(open)
      return admit(name)
    }
  }
}

const isYoung = (connection: Connection): boolean => Date.now() - connection.timeline.open < CROSSING_MS

function openConnections(libp2p: Libp2p | undefined, peer: PeerId): Connection[] {
  return libp2p?.getConnections(peer).filter((connection) => connection.status === 'open') ?? []
}

function isDialling(libp2p: Libp2p | undefined, peer: PeerId): boolean {
  return libp2p?.getDialQueue().some((dial) => dial.peerId?.equals(peer) === true) ?? false
}

/** Drops what the other side has evidently lost, and lets everybody hear of that before the new connection opens. */
async function hangUpDead(connections: readonly Connection[]): Promise<void> {
  const dead = connections.filter((connection) => !isYoung(connection))
  if (dead.length === 0) return
  for (const connection of dead) connection.abort(new Error('the other side has called again'))
  await new Promise((resolve) => setImmediate(resolve))
}
