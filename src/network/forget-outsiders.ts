/**
 * Leaves no trace of outsiders that have gone.
 *
 * Libp2p's address book keeps what any peer said about itself for hours, up to 4 KiB each. Identities are free, so whoever
 * comes and goes under new names would fill it.
 *
 * @packageDocumentation
 */

import './runtime.ts'
import type { Libp2p, PeerId } from '@libp2p/interface'
import type { PeerIdString } from '../core/ids.ts'
import { nameOf } from './peer-key.ts'

/** When an outsider leaves, the book forgets it, and any other that has left and came back to the book by a late answer. */
export function forgetOutsiders(node: Libp2p, isMember: (peer: PeerIdString) => boolean): void {
  const isGone = (peer: PeerId): boolean =>
    !peer.equals(node.peerId) && !isMember(nameOf(peer)) && node.getConnections(peer).length === 0
  const sweep = async (): Promise<void> => {
    const known = await node.peerStore.all()
    await Promise.all(known.filter(({ id }) => isGone(id)).map(({ id }) => node.peerStore.delete(id)))
  }
  node.addEventListener('peer:disconnect', ({ detail }) => {
    // The book closes when the host stops; then there is nothing to forget.
    if (!isMember(nameOf(detail))) sweep().catch(() => undefined)
  })
}
