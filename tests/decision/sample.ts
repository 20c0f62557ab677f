/**
 * Documents for tests: communities, proposals, ballots and certificates, really signed.
 *
 * @packageDocumentation
 */

import type { NodeId } from '../../src/core/ids.ts'
import { nodeId } from '../../src/core/ids.ts'
import { type Answer, type Ballot, castBallot } from '../../src/decision/ballot.ts'
import { type Certificate, makeCertificate } from '../../src/decision/certificate.ts'
import {
  type Charter,
  type CharterTerms,
  type CheckedCharter,
  checkCharter,
  newCharterTerms,
  signCharter
} from '../../src/decision/charter.ts'
import { outcomeOf } from '../../src/decision/outcome.ts'
import { checkProposal, type IdentifiedProposal, type Proposal } from '../../src/decision/proposal.ts'
import { type Roster, rosterOf } from '../../src/decision/roster.ts'
import { outcomeHash, outcomeSigningBytes } from '../../src/decision/signing.ts'
import { type TestKey, testKey, verify } from '../support/keys.ts'

export const NONCE = '000102030405060708090a0b0c0d0e0f'

/** A parsed document on its way to being changed. */
// biome-ignore lint/suspicious/noExplicitAny: a stranger's document may have any shape.
export type Draft = any

/** A community with the keys of its members, in roster order. */
export interface Community {
  readonly checked: CheckedCharter
  readonly roster: Roster
  readonly keys: readonly TestKey[]
}

/** Terms of a community of `size`, named `Ada 0`, `Ada 1` and so on before sorting. */
export function termsOf(size: number): CharterTerms {
  const members = Array.from({ length: size }, (_, seed) => ({ key: testKey(seed).key, name: `Ada ${seed}` }))
  return newCharterTerms({ name: 'The lake house', members, nonce: NONCE })
}

/** The keys of the members, in roster order. */
export function keysOf(terms: CharterTerms): TestKey[] {
  const all = terms.members.map((_, seed) => testKey(seed))
  return terms.members.map((member) => all.find((pair) => pair.key === member.key) as TestKey)
}

/** A charter of `size` members, signed by all. */
export function charterOf(size: number): Charter {
  const terms = termsOf(size)
  const unsigned: Charter = { ...terms, signatures: {} }
  return keysOf(terms).reduce((charter, { key, sign }) => signCharter(charter, key, sign), unsigned)
}

/** A founded community. */
export function communityOf(size: number): Community {
  const checked = checkCharter(charterOf(size), verify)
  return { checked, roster: rosterOf(checked), keys: keysOf(checked.charter) }
}

/** A proposal to a community: lake, hills or sea, by plurality, with a tie left undecided. */
export function proposalTo({ roster }: Community, changes: Partial<Proposal> = {}): IdentifiedProposal {
  return checkProposal({
    community: roster.community,
    roster: roster.hash,
    proposer: roster.member(nodeId(0)).key,
    question: 'Where shall we go?',
    options: ['lake', 'hills', 'sea'],
    method: 'assembly',
    rule: 'plurality',
    tie: 'undecided',
    deadlineMs: 60_000,
    nonce: NONCE,
    ...changes
  })
}

/** The answer that names these options. */
export const choose = (...choices: readonly number[]): Answer => ({ type: 'choice', choices })
export const ABSTAIN: Answer = { type: 'abstain' }
export const NO_ANSWER: Answer = { type: 'no-answer' }

/** Ballots with these answers, by position in the roster; `undefined` casts none. */
export function ballotsOf(
  community: Community,
  proposal: IdentifiedProposal,
  answers: readonly (Answer | undefined)[]
): Ballot[] {
  return answers.flatMap((answer, index) => {
    if (answer === undefined) return []
    const { sign } = community.keys[index] as TestKey
    return [castBallot({ decision: proposal.id, author: nodeId(index), answer, sign })]
  })
}

/** The certificate of a decision by these ballots, signed by these validators. */
export function certificateOf(
  community: Community,
  proposal: IdentifiedProposal,
  ballots: readonly Ballot[],
  signers: readonly NodeId[]
): Certificate {
  const outcome = outcomeOf(
    proposal,
    ballots.map((ballot) => ({ author: ballot.author, ballot }))
  )
  const message = outcomeSigningBytes(outcomeHash(outcome))
  const signatures = signers.map((author) => ({
    author,
    signature: (community.keys[author] as TestKey).sign(message)
  }))
  return makeCertificate({ charter: community.checked.charter, proposal, ballots, outcome, signatures })
}
