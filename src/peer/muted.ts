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
import type { Counters } from './counters.ts'

/** Why a decision is muted, for people. */
export const MUTED = {
  damaged: 'muted-decision: its records are damaged',
  otherwise: 'muted-decision: its records do not lead to what this peer said',
  elsewhere: 'own-key-elsewhere: another process speaks with this key, or this data directory is an old copy'
} as const

/** What is needed. */
export interface MutedOptions {
  readonly counters: Counters
  readonly trace: (fact: TraceFact) => void
}

/** The muted decisions. */
export class Muted {
  readonly #options: MutedOptions
  readonly #decisions = new Set<DecisionId>()

  constructor(options: MutedOptions) {
    this.#options = options
  }

  has(decision: DecisionId): boolean {
    return this.#decisions.has(decision)
  }

  /** Mutes a decision, and says so once. */
  add(decision: DecisionId, why: keyof typeof MUTED): void {
    if (this.#decisions.has(decision)) return
    this.#decisions.add(decision)
    this.#options.counters.add('muted-decision')
    this.#options.trace({ type: 'dropped', reason: MUTED[why], count: 1 })
  }

  /** The decision is closed. */
  delete(decision: DecisionId): void {
    this.#decisions.delete(decision)
  }
}
