/**
 * When passing a message on would tell nobody anything new.
 *
 * Without a thin mesh (`degree`), an author sends its message to every peer it is connected to. If everyone I could pass it
 * on to is a gossip neighbour of the author as well, by the author's own signed word, then they have it or it is on its way, and my
 * copy costs the community a packet and tells it nothing. In a community in which everybody is connected to everybody no
 * message is passed on at all; in a larger one, those that have a neighbour the author lacks pass it on.
 *
 * An author that lies about its links withholds its own message, which it could do anyway; and what a broken link lost, the
 * digest exchange brings.
 *
 * @packageDocumentation
 */

import type { NodeId } from '../core/ids.ts'

/** True if a message of `author`, which came from the author itself, need not be passed on to any of `neighbours`. */
export function isRelayNeedless(
  author: NodeId,
  authorsNeighbours: readonly NodeId[],
  neighbours: readonly NodeId[]
): boolean {
  return neighbours.every((node) => node === author || authorsNeighbours.includes(node))
}
