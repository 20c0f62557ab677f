/**
 * How a scripted peer answers: an option by name, any option, or not at all, because it asks its person.
 *
 * @packageDocumentation
 */

import { type Random, randomBelow } from '../core/random.ts'
import type { Answer } from '../decision/ballot.ts'
import type { Proposal } from '../decision/proposal.ts'

/** The answer of a peer with this `vote` option, or `undefined` if a person answers. */
export function autoAnswer(vote: string, { options }: Pick<Proposal, 'options'>, random: Random): Answer | undefined {
  if (vote === 'ask') return undefined
  const choice = vote === 'random' ? randomBelow(random, options.length) : options.indexOf(vote)
  return choice < 0 ? { type: 'abstain' } : { type: 'choice', choices: [choice] }
}
