/**
 * What a counting rule is.
 *
 * @packageDocumentation
 */

import type { Answer } from '../ballot.ts'

/** Turns answers into one number an option. */
export interface CountingRule {
  /** One sentence for a person who never heard of it. */
  readonly explanation: string
  /** Votes for each option, in the order of the options. The order of the answers makes no difference. */
  tally(answers: readonly Answer[], optionCount: number): readonly number[]
}

/** How many answers name each option. Abstaining and not answering name none. */
export function timesNamed(answers: readonly Answer[], optionCount: number): number[] {
  const tallies = new Array<number>(optionCount).fill(0)
  for (const answer of answers) {
    if (answer.type !== 'choice') continue
    for (const choice of answer.choices) tallies[choice] = (tallies[choice] as number) + 1
  }
  return tallies
}
