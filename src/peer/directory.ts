/**
 * Who is who: positions in the roster, peer ids, and the names that screens show.
 *
 * @packageDocumentation
 */

import { everyNode, type NodeId, type PeerIdString, short } from '../core/ids.ts'
import type { PublicKey } from '../core/keys.ts'
import { safeText } from '../core/text.ts'
import type { Roster } from '../decision/roster.ts'
import { peerIdOf } from '../network/peer-key.ts'
import type { Who } from './control-protocol.ts'

/** Code points of a name on a screen. */
const NAME_CODE_POINTS_MAX = 40

/** The members of a roster under all their names. */
export class Directory {
  readonly #peerIds: readonly PeerIdString[]
  readonly #nodes: ReadonlyMap<PeerIdString, NodeId>
  readonly #who: readonly Who[]

  constructor(roster: Roster) {
    this.#peerIds = roster.members.map((member) => peerIdOf(member.key))
    this.#nodes = new Map(everyNode(roster.members.length).map((node) => [this.peerId(node), node]))
    this.#who = roster.members.map((member, index) => ({
      name: safeText(member.name, NAME_CODE_POINTS_MAX),
      short: short(this.#peerIds[index] as string)
    }))
  }

  /** Every member's peer id, in roster order. */
  get peerIds(): readonly PeerIdString[] {
    return this.#peerIds
  }

  peerId(node: NodeId): PeerIdString {
    return this.#peerIds[node] as PeerIdString
  }

  /** The position of a peer id, or `undefined` if it is off the roster. */
  node(peerId: PeerIdString): NodeId | undefined {
    return this.#nodes.get(peerId)
  }

  /** The positions of those that are on the roster. */
  nodes(peerIds: readonly PeerIdString[]): NodeId[] {
    return peerIds.map((peerId) => this.node(peerId)).filter((node) => node !== undefined)
  }

  who(node: NodeId): Who {
    return this.#who[node] as Who
  }

  /** Who has this key; somebody unknown if it is off the roster. */
  whoHas(key: PublicKey): Who {
    const peerId = peerIdOf(key)
    const node = this.node(peerId)
    return node === undefined ? { name: '', short: short(peerId) } : this.who(node)
  }

  short(node: NodeId): string {
    return this.who(node).short
  }

  /** The short ids of several, for trace events. */
  shorts(nodes: readonly NodeId[]): string[] {
    return nodes.map((node) => this.short(node))
  }
}
