/**
 * What each validator said first in a slot where a correct one says one thing: counts words, notices contradictions.
 *
 * @packageDocumentation
 */

import type { NodeId } from '../core/ids.ts'
import { VoteSet } from '../core/vote-set.ts'

/** What a word turned out to be: counted, a repetition, or the proof that its sender contradicts itself. */
export type Hearing = 'counted' | 'repeated' | 'contradicted'

/**
 * One slot of every validator: the first word counts, the same again is ignored, a different one is reported once for
 * each sender, so that a flood of contradictions is one accusation.
 */
export class FirstWords<Word> {
  /** The first word of each validator, by position in the roster. */
  readonly #words: (Word | undefined)[]
  /** How many said each word: at most one word for each validator, so at most `validatorCount` entries. */
  readonly #counts = new Map<Word, number>()
  /** Who has been reported. */
  readonly #reported: VoteSet

  constructor(validatorCount: number) {
    this.#words = new Array<Word | undefined>(validatorCount).fill(undefined)
    this.#reported = new VoteSet(validatorCount)
  }

  /** Takes note of what `from` said. */
  hear(from: NodeId, word: Word): Hearing {
    const first = this.#words[from]
    if (first === undefined) {
      this.#words[from] = word
      this.#counts.set(word, this.count(word) + 1)
      return 'counted'
    }
    return first !== word && this.#reported.add(from) ? 'contradicted' : 'repeated'
  }

  /** How many validators said `word` first. */
  count(word: Word): number {
    return this.#counts.get(word) ?? 0
  }

  /** The words that were said. */
  words(): Word[] {
    return [...this.#counts.keys()]
  }

  /** What each validator said first, in roster order, `null` for nothing yet: for pictures of the state. */
  toArray(): (Word | null)[] {
    return this.#words.map((word) => word ?? null)
  }
}
