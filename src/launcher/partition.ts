/**
 * Who refuses whom while a partition is in force.
 *
 * Peers are known by number; their ids are learned when they listen for the first time. A peer that stands in no group is
 * on no side: nobody refuses it, and it refuses nobody, so that it is the bridge of a partition that has one.
 *
 * @packageDocumentation
 */

import { OptionsError } from '../core/errors.ts'
import type { PeerIdString } from '../core/ids.ts'

/** A partition of numbered peers, or none. */
export class Partition {
  #sideOf: ReadonlyMap<number, number> = new Map()
  readonly #ids = new Map<number, PeerIdString>()

  /** True while any two peers refuse each other. */
  get isInForce(): boolean {
    return this.#sideOf.size > 0
  }

  /** Peers of different groups refuse each other from now on. Throws: `OptionsError` if a peer is in two groups. */
  set(groups: readonly (readonly number[])[]): void {
    const sides = new Map<number, number>()
    for (const [side, numbers] of groups.entries()) {
      for (const number of numbers) {
        if (sides.has(number)) throw inTwoGroups(number)
        sides.set(number, side)
      }
    }
    this.#sideOf = new Set(sides.values()).size > 1 ? sides : new Map()
  }

  /** Remembers the id of a peer. True if it was not known, so that those who have to refuse it must be told. */
  learn(number: number, id: PeerIdString): boolean {
    if (this.#ids.get(number) === id) return false
    this.#ids.set(number, id)
    return true
  }

  /** True if these two are on different sides. */
  isApart(left: number, right: number): boolean {
    const [one, other] = [this.#sideOf.get(left), this.#sideOf.get(right)]
    return one !== undefined && other !== undefined && one !== other
  }

  /** Whom a peer has to refuse, as far as their ids are known. */
  refusedBy(number: number): PeerIdString[] {
    return [...this.#ids].filter(([other]) => this.isApart(number, other)).map(([, id]) => id)
  }
}

function inTwoGroups(number: number): OptionsError {
  return new OptionsError([{ path: 'groups', got: `peer ${number} twice`, expected: 'each peer in one group at most' }])
}
