/**
 * Ties: what happens when several options share the highest tally, fixed in the proposal and the same at every peer.
 *
 * @packageDocumentation
 */

import type { Ballot } from '../ballot.ts'
import { ballotHash } from '../ballot.ts'
import type { IdentifiedProposal, TieRule } from '../proposal.ts'
import { hashOf } from '../signing.ts'

/** What a tie rule may look at. */
export interface Tie {
  /** The options that share the highest tally: at least two, ascending. */
  readonly tied: readonly number[]
  readonly ballots: readonly Ballot[]
  readonly proposal: IdentifiedProposal
}

/** A way out of a tie, and how it is told. */
export interface TieBreaker {
  /** One sentence for a person who never heard of it. */
  readonly explanation: string
  /** How the winner came to win, e.g. `drawn by lot`. */
  readonly inWords: string
  /** The chosen option, or `null` for none. */
  choose(tie: Tie): number | null
}

/** Every tie rule. */
export const TIE_BREAKERS: Readonly<Record<TieRule, TieBreaker>> = {
  'first-listed': {
    explanation: 'Among the tied options, the one that the proposal lists first is chosen.',
    inWords: 'listed first',
    choose: ({ tied }) => tied[0] as number
  },
  lot: {
    explanation:
      'One of the tied options is drawn by a lot that nobody holds: anyone can repeat the draw from the ballots.',
    inWords: 'drawn by lot',
    choose: drawLot
  },
  undecided: {
    explanation: 'A tie stays a tie, and the community has chosen nothing.',
    inWords: 'left undecided',
    choose: () => null
  }
}

/**
 * The tied option with the lowest hash of decision, ballots and option.
 *
 * Why it is fair: nobody can tell the draw before the last counted ballot is known, and no ballot can be varied except by
 * saying something else, because signatures are not part of it. Where it falls short: whoever casts last and knows all
 * other ballots may pick among its own few possible answers. Use `undecided` where that matters.
 */
function drawLot({ tied, ballots, proposal }: Tie): number {
  const hashes = ballots.map(ballotHash).toSorted()
  const draw = (option: number): string => hashOf('lot', { decision: proposal.id, ballots: hashes, option })
  const lots = tied.map((option) => ({ option, lot: draw(option) }))
  return lots.reduce((lowest, next) => (next.lot < lowest.lot ? next : lowest)).option
}
