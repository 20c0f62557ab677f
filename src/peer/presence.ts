/**
 * Where every member listens, whom it is connected to and which life of it speaks, in each member's own signed words.
 *
 * Each peer signs one *presence* about itself and signs a newer one when its links change; presences travel by gossip and
 * in the digest exchange. So every peer can find every other, and draws the graph of the community from what the members
 * themselves say. A link is believed when both ends name it; nothing safe depends on it.
 *
 * @packageDocumentation
 */

import { invariant } from '../core/errors.ts'
import type { NodeId } from '../core/ids.ts'
import type { Envelope } from '../wire/envelope.ts'

/** What a member says about itself. */
interface Presence {
  readonly sequence: number
  readonly addresses: readonly string[]
  readonly neighbours: readonly NodeId[]
  readonly session: string
  readonly life: number
  readonly observing: boolean
  readonly frame: Uint8Array
}

/** The latest presence of each member. */
export class PresenceTable {
  readonly #latest: (Presence | undefined)[]

  constructor(validatorCount: number) {
    this.#latest = new Array<Presence | undefined>(validatorCount).fill(undefined)
  }

  /** Takes a presence in. False if it is not newer than the one kept. */
  accept(from: NodeId, envelope: Envelope): boolean {
    const { payload, frame } = envelope
    invariant(payload.type === 'presence', 'only presences are accepted as such')
    if (payload.sequence <= (this.#latest[from]?.sequence ?? 0)) return false
    this.#latest[from] = { ...payload, frame }
    return true
  }

  /** The sequence number kept of each member, in roster order, 0 for none: what a digest says. */
  sequences(): number[] {
    return this.#latest.map((presence) => presence?.sequence ?? 0)
  }

  /** The frames that are newer than `theirs`. */
  newerThan(theirs: readonly number[]): Uint8Array[] {
    return this.#latest.flatMap((presence, index) =>
      presence !== undefined && presence.sequence > (theirs[index] ?? 0) ? [presence.frame] : []
    )
  }

  /** Where a member says it listens. */
  addressesOf(node: NodeId): readonly string[] {
    return this.#latest[node]?.addresses ?? []
  }

  /** Whom a member says it is connected to. */
  neighboursOf(node: NodeId): readonly NodeId[] {
    return this.#latest[node]?.neighbours ?? []
  }

  /** True if a member says that it observes: it says nothing in decisions until the next roster. */
  isObserving(node: NodeId): boolean {
    return this.#latest[node]?.observing ?? false
  }

  /** The links that both ends name, each once, lower position first. */
  links(): [NodeId, NodeId][] {
    const links: [NodeId, NodeId][] = []
    for (const [index, presence] of this.#latest.entries()) {
      const from = index as NodeId
      for (const to of presence?.neighbours ?? []) {
        if (from < to && this.neighboursOf(to).includes(from)) links.push([from, to])
      }
    }
    return links
  }
}
