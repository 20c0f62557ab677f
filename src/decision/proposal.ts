/**
 * A question put to the community, with everything that fixes how it will be decided.
 *
 * @packageDocumentation
 */

import { OptionsError, type Problem } from '../core/errors.ts'
import type { CommunityId, DecisionId, Hash } from '../core/ids.ts'
import type { PublicKey } from '../core/keys.ts'
import { type Check, hex, isObject, listOf, oneOf, problemAt, record, text, wholeNumber } from './shape.ts'
import { hashOf } from './signing.ts'

/** How ballots are counted. */
export type Rule = 'plurality' | 'approval'

/**
 * What happens on a tie: the option listed first; a draw by hash that nobody can foresee before the ballots are known;
 * or no winner.
 */
export type TieRule = 'first-listed' | 'lot' | 'undecided'

/** How the community decides. `assembly` is asynchronous common subset; the other methods come later. */
export type Method = 'assembly'

/** A proposal. Its id is the hash of all of it. */
export interface Proposal {
  readonly community: CommunityId
  /** Hash of the roster that decides. */
  readonly roster: Hash
  readonly proposer: PublicKey
  /** Limit: 1 to 500 code points. */
  readonly question: string
  /** Limit: 2 to 20 options, distinct, each 1 to 80 code points. */
  readonly options: readonly string[]
  readonly method: Method
  readonly rule: Rule
  readonly tie: TieRule
  /**
   * How long each validator waits for its person, from the moment it learns of the proposal.
   *
   * Unit: milliseconds. Limit: 100 to 7 days.
   */
  readonly deadlineMs: number
  /** 16 random bytes as hexadecimal: the same question may be asked twice. */
  readonly nonce: string
}

/** A proposal with its id. */
export interface IdentifiedProposal extends Proposal {
  readonly id: DecisionId
}

/** Limits of a proposal. */
export const PROPOSAL_LIMITS = {
  questionCodePointsMax: 500,
  optionsMin: 2,
  optionsMax: 20,
  optionCodePointsMax: 80,
  deadlineMsMin: 100,
  /** Seven days. */
  deadlineMsMax: 7 * 24 * 60 * 60 * 1000,
  nonceSizeBytes: 16
} as const

/** The word that casts an abstention; no option may be called so, whatever its case. */
export const ABSTAIN_WORD = 'abstain'

const HASH_SIZE_BYTES = 32

const OPTIONS = listOf(
  text(PROPOSAL_LIMITS.optionCodePointsMax),
  PROPOSAL_LIMITS.optionsMin,
  PROPOSAL_LIMITS.optionsMax
)

const FIELDS: Readonly<Record<keyof Proposal, Check>> = {
  community: hex(HASH_SIZE_BYTES),
  roster: hex(HASH_SIZE_BYTES),
  proposer: hex(HASH_SIZE_BYTES),
  question: text(PROPOSAL_LIMITS.questionCodePointsMax),
  options: (value, path) => [...OPTIONS(value, path), ...namingProblems(value, path)],
  method: oneOf('assembly'),
  rule: oneOf('plurality', 'approval'),
  tie: oneOf('first-listed', 'lot', 'undecided'),
  deadlineMs: wholeNumber(PROPOSAL_LIMITS.deadlineMsMin, PROPOSAL_LIMITS.deadlineMsMax),
  nonce: hex(PROPOSAL_LIMITS.nonceSizeBytes)
}

/** Everything wrong with a proposal from anywhere, an `id` not belonging to it included. Never throws. */
export function proposalProblems(proposal: unknown): readonly Problem[] {
  if (!isObject(proposal) || !Object.hasOwn(proposal, 'id')) return termsProblems(proposal)
  const { id, ...terms } = proposal as { readonly id: unknown }
  const problems = termsProblems(terms)
  if (problems.length > 0 || id === proposalId(terms as Proposal)) return problems
  return [problemAt('id', id, 'the hash of this proposal')]
}

/** Everything wrong with a proposal that stands without its id, as it does in a certificate. Never throws. */
export function termsProblems(proposal: unknown): readonly Problem[] {
  return record(FIELDS)(proposal, '')
}

/**
 * A proposal with its id.
 *
 * Throws: `OptionsError` with every problem.
 */
export function checkProposal(input: unknown): IdentifiedProposal {
  const problems = proposalProblems(input)
  if (problems.length > 0) throw new OptionsError(problems)
  return identify(input as Proposal)
}

/** A proposal that is known to be well formed, with its id. */
export function identify(proposal: Proposal): IdentifiedProposal {
  return { ...proposalTerms(proposal), id: proposalId(proposal) }
}

/** The id of a decision: the hash of its proposal. */
export function proposalId(proposal: Proposal): DecisionId {
  return hashOf('proposal', proposalTerms(proposal)) as DecisionId
}

/** The proposal without its id, or whatever else an object may carry. */
export function proposalTerms(proposal: Proposal): Proposal {
  const { community, roster, proposer, question, options, method, rule, tie, deadlineMs, nonce } = proposal
  return { community, roster, proposer, question, options: [...options], method, rule, tie, deadlineMs, nonce }
}

/** Options that share a name, or carry the reserved one. */
function namingProblems(value: unknown, path: string): Problem[] {
  if (!Array.isArray(value) || value.length > PROPOSAL_LIMITS.optionsMax) return []
  return value.flatMap((option: unknown, index) => {
    if (typeof option !== 'string') return []
    if (value.indexOf(option) < index) return [problemAt(`${path}.${index}`, option, 'an option that is listed once')]
    if (!/^\s*abstain\s*$/i.test(option)) return []
    return [problemAt(`${path}.${index}`, option, `another name: "${ABSTAIN_WORD}" is how people abstain`)]
  })
}
