/**
 * One validator's answer, signed by its author.
 *
 * Three things that look alike are kept apart: *abstain* is an answer, *no answer* is what a peer says for a person who
 * did not answer in time, and silence is the absence of both: the peer is down or cut off.
 *
 * @packageDocumentation
 */

import { OptionsError, type Problem } from '../core/errors.ts'
import type { DecisionId, Hash, NodeId } from '../core/ids.ts'
import type { Sign, Signature } from '../core/keys.ts'
import { safeText } from '../core/text.ts'
import { ABSTAIN_WORD, type Proposal, type Rule } from './proposal.ts'
import { problemAt } from './shape.ts'
import { hashOf, signingBytes } from './signing.ts'

/** What a ballot says. `choices` are positions in the proposal's options, ascending and distinct. */
export type Answer =
  | { readonly type: 'choice'; readonly choices: readonly number[] }
  | { readonly type: 'abstain' }
  | { readonly type: 'no-answer' }

/** A ballot as its author signed it. */
export interface Ballot {
  readonly decision: DecisionId
  /** The author: its position in the roster. */
  readonly author: NodeId
  readonly answer: Answer
  /** Over the ballot's canonical form, by the author's key. */
  readonly signature: Signature
}

/** What a ballot says, before it is signed. */
export type BallotTerms = Omit<Ballot, 'signature'>

/** The hashes of ballots that were asked for: a ballot never changes, and each is asked for in several places. */
const known = new WeakMap<BallotTerms, Hash>()

/**
 * The hash that names a ballot.
 *
 * Why not the signature too: an author could sign one answer in many ways, and they are one ballot.
 */
export function ballotHash(ballot: BallotTerms): Hash {
  const hash = known.get(ballot) ?? hashOf('ballot', ballotTerms(ballot))
  known.set(ballot, hash)
  return hash
}

/** What the author of a ballot signs. The decision's id binds it to the community, the roster and the question. */
export function ballotSigningBytes(ballot: BallotTerms): Uint8Array {
  return signingBytes('ballot', ballotTerms(ballot))
}

/** A ballot, signed. */
export function castBallot(input: BallotTerms & { readonly sign: Sign }): Ballot {
  const terms = ballotTerms(input)
  return { ...terms, signature: input.sign(ballotSigningBytes(terms)) }
}

/** How many options one ballot may name under each rule. */
const CHOICES_MAX: Readonly<Record<Rule, (optionCount: number) => number>> = {
  plurality: () => 1,
  approval: (optionCount) => optionCount
}

/** What is wrong with an answer to this proposal, in words, or `undefined` if it may be counted. */
export function answerProblem(answer: Answer, proposal: Pick<Proposal, 'options' | 'rule'>): string | undefined {
  if (answer.type !== 'choice') return undefined
  const { choices } = answer
  const optionCount = proposal.options.length
  const max = CHOICES_MAX[proposal.rule](optionCount)
  if (choices.length === 0) return 'it names no option'
  if (choices.length > max) return `it names ${choices.length} options where ${max} may be named`
  if (choices.some((choice) => !isBelow(choice, optionCount))) return 'it names an option that is not on the list'
  const isAscending = choices.every((choice, index) => index === 0 || choice > (choices[index - 1] as number))
  return isAscending ? undefined : 'its choices are not in the order of the options, each once'
}

/**
 * The answer that a person's words mean: options by name, or the one word `abstain`.
 *
 * A name counts if it is an option's exactly, or the name of exactly one option when case and outer spaces are ignored.
 * Throws: `OptionsError` with every problem.
 */
export function answerFromWords(words: readonly string[], proposal: Pick<Proposal, 'options' | 'rule'>): Answer {
  if (words.length === 1 && plain(words[0] as string) === ABSTAIN_WORD) return { type: 'abstain' }
  const named = words.map((word) => optionNamed(word, proposal.options))
  const problems = words.flatMap((word, index) => wordProblems(word, index, named, proposal))
  if (problems.length > 0) throw new OptionsError(problems)
  const answer: Answer = { type: 'choice', choices: (named as number[]).toSorted((left, right) => left - right) }
  const problem = answerProblem(answer, proposal)
  if (problem !== undefined) throw new OptionsError([problemAt('choices', words.join(', '), countExpected(proposal))])
  return answer
}

/** What an answer says, for people: option names made safe to show, `abstain`, or `no answer`. */
export function answerInWords(answer: Answer, proposal: Pick<Proposal, 'options'>): string {
  if (answer.type === 'abstain') return ABSTAIN_WORD
  if (answer.type === 'no-answer') return 'no answer'
  return answer.choices.map((choice) => safeText(proposal.options[choice] ?? '?')).join(', ')
}

/** Only what is hashed and signed. */
function ballotTerms({ decision, author, answer }: BallotTerms): BallotTerms {
  const said: Answer =
    answer.type === 'choice' ? { type: 'choice', choices: [...answer.choices] } : { type: answer.type }
  return { decision, author, answer: said }
}

function isBelow(choice: number, optionCount: number): boolean {
  return Number.isInteger(choice) && choice >= 0 && choice < optionCount
}

const plain = (word: string): string => word.trim().toLowerCase()

function optionNamed(word: string, options: readonly string[]): number | undefined {
  const exact = options.indexOf(word)
  if (exact >= 0) return exact
  const alike = options.flatMap((option, index) => (plain(option) === plain(word) ? [index] : []))
  return alike.length === 1 ? alike[0] : undefined
}

function wordProblems(
  word: string,
  index: number,
  named: readonly (number | undefined)[],
  proposal: Pick<Proposal, 'options'>
): Problem[] {
  const option = named[index]
  if (option === undefined) {
    const list = proposal.options.map((name) => safeText(name)).join(', ')
    return [problemAt(`choices.${index}`, word, `one of ${list}, or ${ABSTAIN_WORD} alone`)]
  }
  return named.indexOf(option) < index ? [problemAt(`choices.${index}`, word, 'each option once')] : []
}

function countExpected(proposal: Pick<Proposal, 'options' | 'rule'>): string {
  const max = CHOICES_MAX[proposal.rule](proposal.options.length)
  return max === 1 ? `one option, or ${ABSTAIN_WORD}` : `1 to ${max} options, or ${ABSTAIN_WORD}`
}
