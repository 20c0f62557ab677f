/**
 * The proof a decision leaves behind: anyone can check it offline, without having been there.
 *
 * It holds everything needed and refers to nothing else: the charter with its signatures, the proposal, the ballots with
 * theirs, the outcome, and enough signatures over the outcome. It has no author: it is signed by all and by nobody in
 * particular. Two peers' certificates for one decision may carry different signers; their outcomes are byte-identical.
 *
 * What a good certificate proves: this charter's community decided this. What it cannot prove is that the charter is the
 * one you mean, because anybody may found a community of any name. Compare the community's id with the one you know.
 *
 * @packageDocumentation
 */

import { toHex } from '../core/bytes.ts'
import { prettyJson } from '../core/canonical.ts'
import type { DecisionId, NodeId } from '../core/ids.ts'
import type { Signature } from '../core/keys.ts'
import type { Ballot } from './ballot.ts'
import { CERTIFICATE_FORMAT, type Certificate } from './certificate-format.ts'
import type { Charter } from './charter.ts'
import type { Outcome } from './outcome.ts'
import { type Proposal, proposalId, proposalProblems, proposalTerms } from './proposal.ts'

/** A certificate of what is at hand: the ballots of the agreed set and the signatures over its outcome, in any order. */
export function makeCertificate(parts: {
  readonly charter: Charter
  readonly proposal: Proposal
  readonly ballots: readonly Ballot[]
  readonly outcome: Outcome
  readonly signatures: readonly { readonly author: NodeId; readonly signature: Signature }[]
}): Certificate {
  return {
    format: CERTIFICATE_FORMAT,
    charter: parts.charter,
    proposal: proposalTerms(parts.proposal),
    ballots: parts.ballots
      .map(({ author, answer, signature }) => ({ author, answer, signature: toHex(signature) }))
      .toSorted(inRosterOrder),
    outcome: parts.outcome,
    signatures: parts.signatures
      .map(({ author, signature }) => ({ author, signature: toHex(signature) }))
      .toSorted(inRosterOrder)
  }
}

/** A certificate as it stands in a file: the only bytes that `verifyCertificate` accepts for it. */
export function certificateText(certificate: Certificate): string {
  return prettyJson(certificate)
}

function inRosterOrder(left: { readonly author: NodeId }, right: { readonly author: NodeId }): number {
  return left.author - right.author
}

export {
  CERTIFICATE_FLAWS,
  type CertificateFlaw,
  type CertificateVerdict,
  verifyCertificate
} from './certificate-check.ts'
export { CERTIFICATE_SIZE_BYTES_MAX, type Certificate } from './certificate-format.ts'

/**
 * The decision that a certificate says it is about, without believing it: cheap, for asking whether it is needed at all.
 * `undefined` if the text is no certificate.
 */
export function claimedDecision(text: string): DecisionId | undefined {
  try {
    const { proposal } = JSON.parse(text) as Certificate
    return proposalProblems(proposal).length === 0 ? proposalId(proposal) : undefined
  } catch {
    return undefined
  }
}
