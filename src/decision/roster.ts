/**
 * The fixed list of validators of a decision: whose ballots count, and how many may fail.
 *
 * @packageDocumentation
 */

import { invariant } from '../core/errors.ts'
import { type CommunityId, type Hash, type NodeId, nodeId } from '../core/ids.ts'
import type { PublicKey } from '../core/keys.ts'
import type { CheckedCharter, Member } from './charter.ts'
import { hashOf } from './signing.ts'

/** The validators of one epoch of a community, in the order of their keys. */
export interface Roster {
  readonly community: CommunityId
  /** 0 for the founders; each membership decision makes the next one. */
  readonly epoch: number
  readonly members: readonly Member[]
  /** Hash of community, epoch and keys: what every message of a decision is bound to. */
  readonly hash: Hash
  /** Position of a key, or `undefined` if it is off the roster. */
  indexOf(key: PublicKey): NodeId | undefined
  /** The member at a position. Only for positions below `members.length`. */
  member(node: NodeId): Member
}

/** The founding roster of a community: epoch 0, every member of the charter. */
export function rosterOf(checked: CheckedCharter): Roster {
  const { members } = checked.charter
  const positions = new Map(members.map((member, index) => [member.key, nodeId(index)]))
  return {
    community: checked.id,
    epoch: 0,
    members,
    hash: hashOf('roster', { community: checked.id, epoch: 0, keys: members.map((member) => member.key) }),
    indexOf: (key) => positions.get(key),
    member(node) {
      const member = members[node]
      invariant(member !== undefined, 'only positions on the roster are looked up')
      return member
    }
  }
}
