/**
 * What was decided: a small document that every correct validator derives, byte for byte the same, from the agreed set.
 *
 * @packageDocumentation
 */

import { invariant } from '../core/errors.ts'
import type { DecisionId, Hash, NodeId } from '../core/ids.ts'
import { safeText } from '../core/text.ts'
import { type Ballot, ballotHash } from './ballot.ts'
import type { IdentifiedProposal, Proposal, Rule, TieRule } from './proposal.ts'
import { count } from './tally/index.ts'
import { TIE_BREAKERS } from './tally/tie.ts'

/** The result of a count. Positions are positions in the proposal's options. */
export interface Result {
  /** The chosen option, or `null` if none was: nobody chose, or a tie that stays undecided. */
  readonly winner: number | null
  /** Votes for each option, in the order of the options. */
  readonly tallies: readonly number[]
  readonly abstained: number
  readonly noAnswer: number
  /** The options that shared the highest tally, if more than one did; then `tie` chose (or did not). */
  readonly tied: readonly number[]
}

/** What was decided, and from which ballots. */
export interface Outcome {
  readonly format: 'equipotent-outcome/1'
  readonly decision: DecisionId
  readonly roster: Hash
  readonly rule: Rule
  readonly tie: TieRule
  /** The agreed set, in roster order: whose ballot, and its hash. */
  readonly counted: readonly { readonly author: NodeId; readonly ballot: Hash }[]
  readonly result: Result
}

/** One ballot of the agreed set, and whose it is. */
export interface CountedBallot {
  readonly author: NodeId
  readonly ballot: Ballot
}

/** What an agreed set of ballots decides. The order of `entries` makes no difference. */
export function outcomeOf(proposal: IdentifiedProposal, entries: readonly CountedBallot[]): Outcome {
  const sorted = entries.toSorted((left, right) => left.author - right.author)
  const isOneEach = sorted.every(({ author }, index) => index === 0 || author !== sorted[index - 1]?.author)
  invariant(isOneEach, 'an agreed set holds one ballot an author')
  return {
    format: 'equipotent-outcome/1',
    decision: proposal.id,
    roster: proposal.roster,
    rule: proposal.rule,
    tie: proposal.tie,
    counted: sorted.map(({ author, ballot }) => ({ author, ballot: ballotHash(ballot) })),
    result: count(
      sorted.map((entry) => entry.ballot),
      proposal
    )
  }
}

/**
 * The result for people, e.g. `lake (5 of 7)`: five of the seven ballots counted, abstentions among the seven.
 *
 * Option names are made safe to show.
 */
export function resultInWords(outcome: Outcome, proposal: Pick<Proposal, 'options'>): string {
  const { winner, tallies, tied } = outcome.result
  const name = (option: number): string => safeText(proposal.options[option] ?? '?')
  const share = `${Math.max(0, ...tallies)} of ${outcome.counted.length}`
  if (winner === null) {
    return tied.length === 0 ? 'no winner: nobody chose' : `no winner: ${list(tied.map(name))} tied (${share} each)`
  }
  if (tied.length === 0) return `${name(winner)} (${share})`
  const others = list(tied.filter((option) => option !== winner).map(name))
  return `${name(winner)} (${share}, tied with ${others}, ${TIE_BREAKERS[outcome.tie].inWords})`
}

/** `a`, `a and b`, `a, b and c`. */
function list(names: readonly string[]): string {
  return names.length < 2 ? names.join('') : `${names.slice(0, -1).join(', ')} and ${names.at(-1)}`
}
