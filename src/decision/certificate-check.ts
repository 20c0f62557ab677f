/**
 * Checking a certificate from anybody: offline, without trusting whoever handed it over.
 *
 * It goes from cheap to dear, and each step may rely on those before it. First the bytes: small enough, text, JSON, every
 * field in its place, and exactly the one text that these contents have. Then the links: this question was put to this
 * community's roster by one of its members, and the outcome belongs to it. Then the ballots: enough, one a validator,
 * the agreed set, and a recount gives the same result. Last the signatures: enough signers, and every signature good.
 *
 * The first flaw found is the answer. Nothing a stranger wrote makes this throw.
 *
 * @packageDocumentation
 */

import { fromHex, utf8 } from '../core/bytes.ts'
import { canonicalJson, prettyJson } from '../core/canonical.ts'
import type { Problem } from '../core/errors.ts'
import type { DecisionId, Hash, NodeId } from '../core/ids.ts'
import type { Verify } from '../core/keys.ts'
import { enoughToCertify, enoughToProceed } from '../core/quorum.ts'
import { safeText } from '../core/text.ts'
import { answerProblem, type Ballot, ballotSigningBytes } from './ballot.ts'
import {
  CERTIFICATE_FORMAT,
  CERTIFICATE_SIZE_BYTES_MAX,
  type Certificate,
  certificateProblems
} from './certificate-format.ts'
import { badSignatures, charterId, charterProblems, unsignedMembers } from './charter.ts'
import { type Outcome, outcomeOf, resultInWords } from './outcome.ts'
import { type IdentifiedProposal, identify, termsProblems } from './proposal.ts'
import { type Roster, rosterOf } from './roster.ts'
import { isObject } from './shape.ts'
import { outcomeHash, outcomeSigningBytes } from './signing.ts'

/** Every way in which a certificate can be no good, each with its sentence. */
export const CERTIFICATE_FLAWS = {
  'too-large': 'This file is larger than any certificate may be.',
  unreadable: 'This is not JSON in UTF-8, so it is no certificate, or it was cut short or damaged.',
  'wrong-format': 'This does not call itself a certificate of a format known here.',
  'wrong-shape': 'Some part of this certificate is missing, is not what it should be, or should not be there.',
  'charter-invalid': 'The charter in it is not valid, so there is no community that could have decided.',
  'proposal-invalid': 'The proposal in it is not valid, so nothing was asked that could be decided.',
  'not-canonical': 'Its bytes are not the one form that these contents have: somebody edited or reformatted the file.',
  'proposal-other-community': 'The proposal was made to another community than the one of this charter.',
  'proposal-other-roster': 'The proposal was made to another roster than the one of this charter.',
  'proposer-off-roster': 'Whoever made the proposal is not a member of this community.',
  'outcome-other-decision': 'The outcome belongs to another decision than this proposal.',
  'outcome-other-roster': 'The outcome belongs to another roster than the one of this charter.',
  'ballot-author-off-roster': 'It holds a ballot of somebody who is not on the roster.',
  'ballot-duplicate': 'It holds two ballots of one validator.',
  'ballot-invalid-answer': 'It holds a ballot whose answer is not a possible one.',
  'too-few-ballots': 'It holds fewer ballots than any agreed set has.',
  'ballot-set-mismatch': 'Its ballots are not the ones that the outcome says were counted.',
  'recount-differs': 'Counting its ballots again gives another outcome than it states.',
  'signer-off-roster': 'It holds a signature of somebody who is not on the roster.',
  'signer-duplicate': 'It holds two signatures of one validator.',
  'wrong-order': 'One of its lists is not in the order of the roster.',
  'too-few-signatures': 'Fewer validators signed the outcome than it takes to rule out a second one.',
  'ballot-bad-signature': 'The signature on one of its ballots is not by the author of that ballot.',
  'signature-bad': 'One of the signatures over its outcome is not by the validator it is said to be by.'
} as const

/** A way in which a certificate can be no good. */
export type CertificateFlaw = keyof typeof CERTIFICATE_FLAWS

/** What checking a certificate found. */
export type CertificateVerdict =
  | {
      readonly ok: true
      readonly certificate: Certificate
      readonly decision: DecisionId
      readonly proposal: IdentifiedProposal
      readonly outcome: Outcome
      readonly outcomeHash: Hash
      /** Who signed, in roster order. */
      readonly signers: readonly NodeId[]
      /** Also names the community: compare its id with the one you know. */
      readonly roster: Roster
      /** E.g. `lake (5 of 7)`. */
      readonly resultInWords: string
    }
  | {
      readonly ok: false
      readonly reason: CertificateFlaw
      /** One or two sentences for people, safe to print. */
      readonly explanation: string
    }

/** A flaw, with what is known beyond its sentence. */
interface Finding {
  readonly flaw: CertificateFlaw
  readonly detail?: string
}

/** What the later steps look at: a certificate whose every part has the right shape. */
interface Subject {
  readonly certificate: Certificate
  readonly proposal: IdentifiedProposal
  readonly roster: Roster
  readonly ballots: readonly Ballot[]
}

type Examine = (subject: Subject, verify: Verify) => Finding | undefined

/** Checks the text of a certificate. Never throws. `verify` checks Ed25519. */
export function verifyCertificate(text: string | Uint8Array, verify: Verify): CertificateVerdict {
  const read = readText(text)
  if (typeof read !== 'string') return refusal(read)
  const parsed = parse(read)
  const flaw = parsed === undefined ? { flaw: 'unreadable' as const } : findShapeFlaw(parsed.value)
  if (flaw !== undefined) return refusal(flaw)
  const certificate = parsed?.value as Certificate
  if (prettyJson(certificate) !== read) return refusal({ flaw: 'not-canonical' })
  return examine(subjectOf(certificate), verify)
}

const EXAMINATIONS: readonly Examine[] = [
  findLinkFlaw,
  findBallotFlaw,
  findCountFlaw,
  findSignerFlaw,
  findCharterSignatureFlaw,
  findBallotSignatureFlaw,
  findSignatureFlaw
]

function examine(subject: Subject, verify: Verify): CertificateVerdict {
  for (const find of EXAMINATIONS) {
    const finding = find(subject, verify)
    if (finding !== undefined) return refusal(finding)
  }
  const { certificate, proposal, roster } = subject
  const { outcome } = certificate
  return {
    ok: true,
    certificate,
    decision: proposal.id,
    proposal,
    outcome,
    outcomeHash: outcomeHash(outcome),
    signers: certificate.signatures.map((entry) => entry.author),
    roster,
    resultInWords: resultInWords(outcome, proposal)
  }
}

function refusal({ flaw, detail }: Finding): CertificateVerdict {
  const sentence = CERTIFICATE_FLAWS[flaw]
  return { ok: false, reason: flaw, explanation: detail === undefined ? sentence : `${sentence} (${detail})` }
}

// Bytes and shape

function readText(text: string | Uint8Array): string | Finding {
  if (text.length > CERTIFICATE_SIZE_BYTES_MAX) return { flaw: 'too-large' }
  if (typeof text !== 'string') return decodeUtf8(text) ?? { flaw: 'unreadable' }
  if (!text.isWellFormed()) return { flaw: 'unreadable' }
  return utf8(text).length > CERTIFICATE_SIZE_BYTES_MAX ? { flaw: 'too-large' } : text
}

/** A byte order mark stays in the text, where it is one more thing that does not belong there. */
function decodeUtf8(bytes: Uint8Array): string | undefined {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes)
  } catch {
    return undefined
  }
}

function parse(text: string): { readonly value: unknown } | undefined {
  try {
    return { value: JSON.parse(text) as unknown }
  } catch {
    return undefined
  }
}

function findShapeFlaw(value: unknown): Finding | undefined {
  if (!isObject(value) || value['format'] !== CERTIFICATE_FORMAT) return { flaw: 'wrong-format' }
  return (
    firstOf('wrong-shape', certificateProblems(value)) ??
    firstOf('charter-invalid', charterProblems(value['charter'])) ??
    firstOf('proposal-invalid', termsProblems(value['proposal']))
  )
}

function firstOf(flaw: CertificateFlaw, problems: readonly Problem[]): Finding | undefined {
  const [problem] = problems
  return problem && { flaw, detail: `${problem.path}: expected ${problem.expected}, got ${problem.got}` }
}

function subjectOf(certificate: Certificate): Subject {
  const proposal = identify(certificate.proposal)
  const roster = rosterOf({ id: charterId(certificate.charter), charter: certificate.charter })
  const ballots = certificate.ballots.map(({ author, answer, signature }) => ({
    decision: proposal.id,
    author,
    answer,
    signature: bytesOf(signature)
  }))
  return { certificate, proposal, roster, ballots }
}

const bytesOf = (digits: string): Uint8Array => fromHex(digits) ?? new Uint8Array()

// Links

function findLinkFlaw({ certificate, proposal, roster }: Subject): Finding | undefined {
  const { outcome } = certificate
  if (proposal.community !== roster.community) return { flaw: 'proposal-other-community' }
  if (proposal.roster !== roster.hash) return { flaw: 'proposal-other-roster' }
  if (roster.indexOf(proposal.proposer) === undefined) return { flaw: 'proposer-off-roster' }
  if (outcome.decision !== proposal.id) return { flaw: 'outcome-other-decision' }
  if (outcome.roster !== roster.hash) return { flaw: 'outcome-other-roster' }
  return undefined
}

// Ballots

function findBallotFlaw({ ballots, proposal, roster }: Subject): Finding | undefined {
  const authors = ballots.map((ballot) => ballot.author)
  const listed = findListFlaw(authors, roster, 'ballot-author-off-roster', 'ballot-duplicate')
  if (listed !== undefined) return listed
  for (const ballot of ballots) {
    const detail = answerProblem(ballot.answer, proposal)
    if (detail !== undefined) return { flaw: 'ballot-invalid-answer', detail: `${nameOf(ballot, roster)}: ${detail}` }
  }
  return undefined
}

/** Why n - f: every correct validator waits for that many before it agrees to leave anybody out. */
function findCountFlaw({ certificate, ballots, proposal, roster }: Subject): Finding | undefined {
  const needed = enoughToProceed(roster.members.length)
  if (ballots.length < needed) return { flaw: 'too-few-ballots', detail: `${ballots.length} of at least ${needed}` }
  const recount = outcomeOf(
    proposal,
    ballots.map((ballot) => ({ author: ballot.author, ballot }))
  )
  const { counted } = certificate.outcome
  if (canonicalJson(counted) === canonicalJson(recount.counted)) {
    return canonicalJson(certificate.outcome) === canonicalJson(recount) ? undefined : { flaw: 'recount-differs' }
  }
  const isSameSet = canonicalJson(counted.toSorted(byAuthor)) === canonicalJson(recount.counted)
  return { flaw: isSameSet ? 'wrong-order' : 'ballot-set-mismatch' }
}

const byAuthor = (left: { readonly author: NodeId }, right: { readonly author: NodeId }): number =>
  left.author - right.author

/** The flaws that a list of validators may have: strangers, the same one twice, another order than the roster's. */
function findListFlaw(
  authors: readonly NodeId[],
  roster: Roster,
  offRoster: CertificateFlaw,
  duplicate: CertificateFlaw
): Finding | undefined {
  if (authors.some((author) => author >= roster.members.length)) return { flaw: offRoster }
  if (new Set(authors).size < authors.length) return { flaw: duplicate }
  const isInOrder = authors.every((author, index) => index === 0 || author > (authors[index - 1] as NodeId))
  return isInOrder ? undefined : { flaw: 'wrong-order' }
}

// Signatures

function findSignerFlaw({ certificate, roster }: Subject): Finding | undefined {
  const signers = certificate.signatures.map((entry) => entry.author)
  const needed = enoughToCertify(roster.members.length)
  const listed = findListFlaw(signers, roster, 'signer-off-roster', 'signer-duplicate')
  if (listed !== undefined || signers.length >= needed) return listed
  return { flaw: 'too-few-signatures', detail: `${signers.length} of at least ${needed}` }
}

function findCharterSignatureFlaw({ certificate }: Subject, verify: Verify): Finding | undefined {
  const [unsigned] = unsignedMembers(certificate.charter)
  if (unsigned !== undefined) return { flaw: 'charter-invalid', detail: `${safeText(unsigned.name)} has not signed it` }
  return firstOf('charter-invalid', badSignatures(certificate.charter, verify))
}

function findBallotSignatureFlaw({ ballots, roster }: Subject, verify: Verify): Finding | undefined {
  const forged = ballots.find(
    (ballot) => !verify(roster.member(ballot.author).key, ballotSigningBytes(ballot), ballot.signature)
  )
  return forged && { flaw: 'ballot-bad-signature', detail: nameOf(forged, roster) }
}

function findSignatureFlaw({ certificate, roster }: Subject, verify: Verify): Finding | undefined {
  const message = outcomeSigningBytes(outcomeHash(certificate.outcome))
  const forged = certificate.signatures.find(
    ({ author, signature }) => !verify(roster.member(author).key, message, bytesOf(signature))
  )
  return forged && { flaw: 'signature-bad', detail: nameOf(forged, roster) }
}

function nameOf({ author }: { readonly author: NodeId }, roster: Roster): string {
  return safeText(roster.member(author).name)
}
