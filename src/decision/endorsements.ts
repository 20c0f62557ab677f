/**
 * The signatures under outcomes, as they come in: at most one of each validator is kept.
 *
 * @packageDocumentation
 */

import type { Hash, NodeId } from '../core/ids.ts'
import type { Signature } from '../core/keys.ts'

/** A validator's signature under an outcome. */
export interface Endorsement {
  readonly author: NodeId
  readonly signature: Signature
}

/** Who endorsed what. */
export class Endorsements {
  readonly #byOutcome = new Map<Hash, Endorsement[]>()
  readonly #byAuthor = new Map<NodeId, Hash>()

  /** Whose endorsement is here, in roster order. */
  get authors(): readonly NodeId[] {
    return [...this.#byAuthor.keys()].sort((left, right) => left - right)
  }

  /** The outcome that a validator endorsed. */
  outcomeOf(author: NodeId): Hash | undefined {
    return this.#byAuthor.get(author)
  }

  /** Keeps an endorsement of a validator of whom there is none yet. */
  keep(author: NodeId, outcome: Hash, signature: Signature): void {
    this.#byAuthor.set(author, outcome)
    this.#byOutcome.set(outcome, [...this.under(outcome), { author, signature }])
  }

  /** The signatures under one outcome. */
  under(outcome: Hash): readonly Endorsement[] {
    return this.#byOutcome.get(outcome) ?? []
  }
}
