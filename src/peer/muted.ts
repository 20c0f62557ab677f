/**
 * Decisions in which this peer says nothing more, because it does not know what was said with its key.
 *
 * A correct peer never says two different things, so one that lost its memory, or shares its key, is better silent. It
 * counts as one of the f that may fail while the decision lasts, and takes the certificate from the others.
 *
 * @packageDocumentation
 */

import type { TraceFact } from '../consensus/trace.ts'
import type { DecisionId } from '../core/ids.ts'
import type { IdentifiedProposal } from '../decision/proposal.ts'
import type { Counters } from './counters.ts'

/** Why a decision is muted, for people. */
export const MUTED = {
  damaged: 'muted-decision: its records are damaged',
  otherwise: 'muted-decision: its records do not lead to what this peer said',
  observing: 'muted-decision: this peer only observes'
} as const

/** What is needed. */
export interface MutedOptions {
  readonly counters: Counters
  readonly trace: (fact: TraceFact) => void
}

/** The muted decisions. */
export class Muted {
  readonly #options: MutedOptions
  readonly #decisions = new Map<DecisionId, IdentifiedProposal | undefined>()

  constructor(options: MutedOptions) {
    this.#options = options
  }

  /** What is asked in those of which the question is known. */
  get proposals(): readonly IdentifiedProposal[] {
    return [...this.#decisions.values()].filter((proposal) => proposal !== undefined)
  }

  has(decision: DecisionId): boolean {
    return this.#decisions.has(decision)
  }

  /** Mutes a decision, and says so once. */
  add(decision: DecisionId, why: keyof typeof MUTED, proposal?: IdentifiedProposal): void {
    const isKnown = this.#decisions.has(decision)
    this.#decisions.set(decision, proposal ?? this.#decisions.get(decision))
    if (isKnown) return
    this.#options.counters.add('muted-decision')
    this.#options.trace({ type: 'dropped', reason: MUTED[why], count: 1 })
  }

  /** The decision is closed. */
  delete(decision: DecisionId): void {
    this.#decisions.delete(decision)
  }
}
