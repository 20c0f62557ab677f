/**
 * How much of the community a peer reaches, directly or through others.
 *
 * From its own live links on, it follows the links that both ends name. A peer that reaches fewer members than a decision
 * needs is *cut off*: whatever it waits for can only come when the network has healed.
 *
 * @packageDocumentation
 */

import type { NodeId } from '../core/ids.ts'
import { enoughToProceed } from '../core/quorum.ts'

/** What a peer reaches. */
export interface Reach {
  /** Members, oneself included. */
  readonly reached: number
  /** As many as any decision needs. */
  readonly needed: number
  readonly cutOff: boolean
}

/** What is known of the graph. */
export interface ReachSource {
  readonly self: NodeId
  readonly validatorCount: number
  /** Members with a live connection. */
  readonly connected: readonly NodeId[]
  /** Links that both ends name. */
  readonly links: readonly (readonly [NodeId, NodeId])[]
}

/** What `self` reaches. Links of its own count only if they live. */
export function reachOf({ self, validatorCount, connected, links }: ReachSource): Reach {
  const others = links.filter((link) => !link.includes(self))
  const reached = new Set<NodeId>([self, ...connected])
  for (const node of reached) {
    for (const [one, other] of others) {
      if (one === node) reached.add(other)
      if (other === node) reached.add(one)
    }
  }
  const needed = enoughToProceed(validatorCount)
  return { reached: reached.size, needed, cutOff: reached.size < needed }
}
