/**
 * Who has voted: counts distinct validators, never messages.
 *
 * @packageDocumentation
 */

import { type NodeId, nodeId } from './ids.ts'

/** A set of validators of a roster of fixed size. Adding is constant time; reading is in roster order. */
export class VoteSet {
  readonly #member: Uint8Array
  #size = 0

  constructor(validatorCount: number) {
    this.#member = new Uint8Array(validatorCount)
  }

  /** How many distinct validators have voted. */
  get size(): number {
    return this.#size
  }

  /** True if `node` is in the set. */
  has(node: NodeId): boolean {
    return this.#member[node] === 1
  }

  /** Adds `node`; false if it was there already, or is nobody on this roster. */
  add(node: NodeId): boolean {
    if (this.#member[node] !== 0) return false
    this.#member[node] = 1
    this.#size++
    return true
  }

  /** The members, in roster order. */
  toArray(): NodeId[] {
    const members: NodeId[] = []
    for (let index = 0; index < this.#member.length; index++) {
      if (this.#member[index] === 1) members.push(nodeId(index))
    }
    return members
  }
}
