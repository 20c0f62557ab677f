/** What four peers leave on disk after one decision: real keys, real signatures, real certificates. */

import type { TraceFact } from '../../src/consensus/trace.ts'
import { type NodeId, nodeId, short } from '../../src/core/ids.ts'
import { type Ballot, ballotHash, castBallot } from '../../src/decision/ballot.ts'
import { certificateText, makeCertificate } from '../../src/decision/certificate.ts'
import { type Charter, charterId, newCharterTerms, signCharter } from '../../src/decision/charter.ts'
import { type Outcome, outcomeOf } from '../../src/decision/outcome.ts'
import { type IdentifiedProposal, identify } from '../../src/decision/proposal.ts'
import { rosterOf } from '../../src/decision/roster.ts'
import { outcomeHash, outcomeSigningBytes } from '../../src/decision/signing.ts'
import type { PeerEvidence } from '../../src/observation/evidence-files.ts'
import { nodeKeys } from '../../src/storage/keys.ts'

const NAMES = ['heron', 'wren', 'otter', 'finch']
const KEYS = NAMES.map((_, index) => nodeKeys(new Uint8Array(32).fill(index + 1)))
const MEMBERS = KEYS.map(({ key }, index) => ({ key, name: NAMES[index] as string }))
const TERMS = newCharterTerms({ name: 'The garden', members: MEMBERS, nonce: '00'.repeat(16) })
const SIGNERS = TERMS.members.map(({ key }) => KEYS.find((pair) => pair.key === key) as (typeof KEYS)[number])

const CHARTER = SIGNERS.reduce<Charter>((signed, { key, sign }) => signCharter(signed, key, sign), {
  ...TERMS,
  signatures: {}
})
const ROSTER = rosterOf({ id: charterId(CHARTER), charter: CHARTER })

export const SHORTS = ROSTER.members.map(({ key }) => short(key))

export const PROPOSAL: IdentifiedProposal = identify({
  community: ROSTER.community,
  roster: ROSTER.hash,
  proposer: SIGNERS[0]!.key,
  question: 'Where do we meet?',
  options: ['lake', 'forest'],
  method: 'assembly',
  rule: 'plurality',
  tie: 'lot',
  deadlineMs: 4_000,
  nonce: '11'.repeat(16)
})

/** A ballot of a validator for an option. */
export function ballotOf(author: number, choice: number): Ballot {
  const { sign } = SIGNERS[author]!
  return castBallot({
    decision: PROPOSAL.id,
    author: nodeId(author),
    answer: { type: 'choice', choices: [choice] },
    sign
  })
}

/** The certificate of these ballots, signed by everyone, as its file. */
export function certificateOf(ballots: readonly Ballot[]): { readonly text: string; readonly outcome: Outcome } {
  const outcome = outcomeOf(
    PROPOSAL,
    ballots.map((ballot) => ({ author: ballot.author, ballot }))
  )
  const message = outcomeSigningBytes(outcomeHash(outcome))
  const signatures = SIGNERS.map(({ sign }, index) => ({ author: nodeId(index) as NodeId, signature: sign(message) }))
  return {
    text: certificateText(makeCertificate({ charter: CHARTER, proposal: PROPOSAL, ballots, outcome, signatures })),
    outcome
  }
}

export const BALLOTS = [ballotOf(0, 0), ballotOf(1, 0), ballotOf(2, 1), ballotOf(3, 0)]

/** What validator `index` leaves on disk, if everything went well with `ballots`. */
export function evidenceOf(index: number, ballots: readonly Ballot[] = BALLOTS): PeerEvidence {
  const { text, outcome } = certificateOf(ballots)
  const decision = PROPOSAL.id
  const hash = outcomeHash(outcome)
  const counted = ballots.map(({ author }) => SHORTS[author] as string)
  const facts: TraceFact[] = [
    { type: 'peer-started', id: `id-${index}`, name: ROSTER.members[index]!.name, listen: [] },
    proposalFact(),
    ownBallot(BALLOTS[index] as Ballot),
    { type: 'decided', decision, outcome: hash, result: 'lake (3 of 4)', counted, notCounted: notIn(counted) },
    { type: 'certified', decision, outcome: hash, signers: SHORTS }
  ]
  return {
    label: ROSTER.members[index]!.name,
    folder: `peer-${index + 1}`,
    short: SHORTS[index] as string,
    events: facts.map((fact, t) => ({ t, peer: SHORTS[index] as string, ...fact })),
    certificates: [{ decision, text }]
  }
}

/** All four. */
export const soundEvidence = (): PeerEvidence[] => SHORTS.map((_, index) => evidenceOf(index))

/** The same peer with one more line in its journal. */
export function withFact(peer: PeerEvidence, fact: TraceFact): PeerEvidence {
  return { ...peer, events: [...peer.events, { t: 99, peer: peer.short, ...fact }] }
}

/** The line of a journal in which a peer says what it cast. */
export function ownBallot(ballot: Ballot): TraceFact {
  return {
    type: 'ballot',
    decision: PROPOSAL.id,
    by: SHORTS[ballot.author] as string,
    answer: 'choice',
    choices: ['lake'],
    ballot: ballotHash(ballot),
    own: true
  }
}

function proposalFact(): TraceFact {
  const { question, options, method, rule, deadlineMs } = PROPOSAL
  return {
    type: 'proposal',
    decision: PROPOSAL.id,
    by: SHORTS[0] as string,
    question,
    options,
    method,
    rule,
    deadlineMs,
    validators: SHORTS
  }
}

const notIn = (shorts: readonly string[]): string[] => SHORTS.filter((one) => !shorts.includes(one))
