/**
 * Who is connected to us and has told us what it speaks.
 *
 * libp2p announces a connection before the other side has said which protocols it knows; here a peer counts as linked
 * from then on, so that an exchange can begin in the same breath. Members are tagged, so that libp2p closes their
 * connections last and calls them again by itself.
 *
 * @packageDocumentation
 */

import './runtime.ts'
import type { IdentifyResult, PeerId } from '@libp2p/interface'
import { KEEP_ALIVE } from '@libp2p/interface'
import type { PeerIdString } from '../core/ids.ts'
import type { Host } from './host.ts'
import { nameOf, parsePeerId } from './peer-key.ts'

/** Who is linked. */
export interface LinkTracker {
  all(): PeerIdString[]
  /** Those on the roster, in roster order. */
  members(): PeerIdString[]
  has(peer: PeerIdString): boolean
  /** Hangs up connections that are open but useless: gossip never began on them, or has stopped. */
  replaceMute(): void
  stop(): void
}

/** What is told to whom. */
export interface LinkListeners {
  readonly onConnected: (peer: PeerIdString) => void
  readonly onDisconnected: (peer: PeerIdString) => void
}

/** A link without gossip after this time, generous because machines may be busy, is repaired only by a new one. */
const MUTE_AFTER_MS = 30_000

/** A member is worth more than a stranger (0) when connections must be closed, and worth calling again. */
const MEMBER_TAGS = { [`${KEEP_ALIVE}-equipotent`]: { value: 100 } }

/** Begins to watch. */
export function trackLinks(host: Host, listeners: LinkListeners): LinkTracker {
  const linked = new Set<PeerIdString>()
  const isMember = (peer: PeerIdString): boolean => host.rosterPeers().includes(peer)
  const onIdentify = ({ detail }: CustomEvent<IdentifyResult>): void => {
    const peer = nameOf(detail.peerId)
    if (isMember(peer)) void tagMember(host, peer)
    if (linked.has(peer) || detail.connection.status !== 'open') return
    linked.add(peer)
    listeners.onConnected(peer)
  }
  const onDisconnect = ({ detail }: CustomEvent<PeerId>): void => {
    if (linked.delete(nameOf(detail))) listeners.onDisconnected(nameOf(detail))
  }
  // After its last retry libp2p takes the tag away; a member never loses it for longer than that.
  const onGaveUp = ({ detail }: CustomEvent<PeerId>): void => {
    if (isMember(nameOf(detail))) void tagMember(host, nameOf(detail))
  }
  host.node.addEventListener('peer:identify', onIdentify)
  host.node.addEventListener('peer:disconnect', onDisconnect)
  host.node.addEventListener('peer:reconnect-failure', onGaveUp)
  return {
    all: () => [...linked],
    members: () => host.rosterPeers().filter((peer) => linked.has(peer)),
    has: (peer) => linked.has(peer),
    replaceMute: () => replaceMute(host, isMember),
    stop() {
      host.node.removeEventListener('peer:identify', onIdentify)
      host.node.removeEventListener('peer:disconnect', onDisconnect)
      host.node.removeEventListener('peer:reconnect-failure', onGaveUp)
    }
  }
}

/** Marks a peer as a member in libp2p's address book. */
export async function tagMember(host: Host, peer: PeerIdString): Promise<void> {
  const id = parsePeerId(peer)
  if (id === undefined || peer === host.id) return
  // The book closes when the host stops; a tag that comes too late is of no use to anybody.
  await host.node.peerStore.merge(id, { tags: MEMBER_TAGS }).catch(() => undefined)
}

function replaceMute(host: Host, isMember: (peer: PeerIdString) => boolean): void {
  // Outsiders do not gossip.
  for (const peer of host.node.getPeers().filter((candidate) => isMember(nameOf(candidate)))) {
    const connections = host.node.getConnections(peer)
    const youngest = Math.max(...connections.map((connection) => connection.timeline.open))
    if (Date.now() - youngest < MUTE_AFTER_MS || gossipsBothWays(host, peer)) continue
    host.counters['mute-links']++
    host.hangUp(nameOf(peer))
  }
}

/** True if both gossip streams with `peer` are there: gossipsub never opens one again on a connection that it knows. */
function gossipsBothWays(host: Host, peer: PeerId): boolean {
  const streams = host.node.getConnections(peer).flatMap((connection) => connection.streams)
  const gossip = streams.filter((stream) => stream.protocol?.startsWith('/meshsub/'))
  return new Set(gossip.map((stream) => stream.direction)).size === 2
}
