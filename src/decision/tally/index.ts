/**
 * Counting: the same ballots give the same result at every peer, in whatever order they are handed in.
 *
 * @packageDocumentation
 */

import type { Answer, Ballot } from '../ballot.ts'
import type { Result } from '../outcome.ts'
import type { IdentifiedProposal, Rule } from '../proposal.ts'
import { approval } from './approval.ts'
import { plurality } from './plurality.ts'
import type { CountingRule } from './rule.ts'
import { TIE_BREAKERS } from './tie.ts'

/** Every counting rule. */
export const COUNTING_RULES: Readonly<Record<Rule, CountingRule>> = { plurality, approval }

/**
 * The result of counting `ballots` under the proposal's rules.
 *
 * Abstaining and not answering count for no option. If nobody chose, there is no winner and no tie. The answers must be
 * possible ones (`answerProblem`).
 */
export function count(ballots: readonly Ballot[], proposal: IdentifiedProposal): Result {
  const answers = ballots.map((ballot) => ballot.answer)
  const tallies = COUNTING_RULES[proposal.rule].tally(answers, proposal.options.length)
  const leaders = optionsInFront(tallies)
  const tied = leaders.length > 1 ? leaders : []
  return {
    winner: tied.length > 0 ? TIE_BREAKERS[proposal.tie].choose({ tied, ballots, proposal }) : (leaders[0] ?? null),
    tallies,
    abstained: countOf(answers, 'abstain'),
    noAnswer: countOf(answers, 'no-answer'),
    tied
  }
}

/** The options with the highest tally, ascending; none if every tally is zero. */
function optionsInFront(tallies: readonly number[]): number[] {
  const highest = Math.max(...tallies)
  if (highest === 0) return []
  return tallies.flatMap((tally, option) => (tally === highest ? [option] : []))
}

function countOf(answers: readonly Answer[], type: Answer['type']): number {
  return answers.filter((answer) => answer.type === type).length
}
