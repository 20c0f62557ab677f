/**
 * What a peer does, as facts for its journal and for whoever watches.
 *
 * @packageDocumentation
 */

import type { TraceFact } from '../consensus/trace.ts'
import { type DecisionId, everyNode, type NodeId, nodeId } from '../core/ids.ts'
import { safeText } from '../core/text.ts'
import { type Ballot, ballotHash } from '../decision/ballot.ts'
import type { Certificate } from '../decision/certificate.ts'
import type { DecisionMessage } from '../decision/decision-message.ts'
import { type Outcome, resultInWords } from '../decision/outcome.ts'
import { progressOf } from '../decision/progress.ts'
import type { IdentifiedProposal } from '../decision/proposal.ts'
import { outcomeHash } from '../decision/signing.ts'
import type { Envelope } from '../wire/envelope.ts'
import type { Directory } from './directory.ts'
import type { Session } from './session.ts'

/** A proposal became known. */
export function proposalFact(proposal: IdentifiedProposal, proposer: NodeId, directory: Directory): TraceFact {
  return {
    type: 'proposal',
    decision: proposal.id,
    by: directory.short(proposer),
    question: safeText(proposal.question, 500),
    options: proposal.options.map((option) => safeText(option)),
    method: proposal.method,
    rule: proposal.rule,
    deadlineMs: proposal.deadlineMs,
    validators: directory.shorts(everyNode(directory.peerIds.length))
  }
}

/** A ballot became known. */
export function ballotFact(
  ballot: Ballot,
  { options }: IdentifiedProposal,
  directory: Directory,
  own: boolean
): TraceFact {
  const { answer } = ballot
  return {
    type: 'ballot',
    decision: ballot.decision,
    by: directory.short(ballot.author),
    answer: answer.type,
    choices: answer.type === 'choice' ? answer.choices.map((choice) => safeText(options[choice] ?? '')) : [],
    ballot: ballotHash(ballot),
    own
  }
}

/** A message about a decision was sent or received. */
export function messageFact(
  direction: 'sent' | 'received',
  via: 'gossip' | 'sync',
  envelope: Envelope,
  from: NodeId,
  directory: Directory
): TraceFact {
  return {
    type: 'message',
    direction,
    decision: envelope.decision ?? '',
    from: directory.short(from),
    kinds: kindsOf(envelope),
    bytes: envelope.frame.length,
    via,
    id: envelope.id.slice(0, 16)
  }
}

function kindsOf({ payload }: Envelope): Record<string, number> {
  return payload.type === 'words' ? countKinds(payload.words) : { [payload.type]: 1 }
}

function countKinds(words: readonly DecisionMessage[]): Record<string, number> {
  const kinds: Record<string, number> = {}
  for (const word of words) kinds[word.type] = (kinds[word.type] ?? 0) + 1
  return kinds
}

/** Where a decision stands here. */
export function progressFact(session: Session, directory: Directory): Extract<TraceFact, { type: 'progress' }> {
  const { stage, waitingFor, missing, cast } = progressOf(session.decision)
  return {
    type: 'progress',
    decision: session.id,
    stage,
    waitingFor,
    missing: directory.shorts(missing),
    cast: directory.shorts(cast)
  }
}

/** Whose ballots an outcome counts, and whose it does not. */
export function countedAndNot(outcome: Outcome, validatorCount: number): { counted: NodeId[]; notCounted: NodeId[] } {
  const counted = outcome.counted.map((entry) => entry.author)
  const inSet = new Set(counted)
  return { counted, notCounted: everyNode(validatorCount).filter((node) => !inSet.has(node)) }
}

/** An outcome is known and on disk. */
export function decidedFact(proposal: IdentifiedProposal, outcome: Outcome, directory: Directory): TraceFact {
  const { counted, notCounted } = countedAndNot(outcome, directory.peerIds.length)
  return {
    type: 'decided',
    decision: proposal.id,
    outcome: outcomeHash(outcome),
    result: resultInWords(outcome, proposal),
    counted: directory.shorts(counted),
    notCounted: directory.shorts(notCounted)
  }
}

/** A certificate is complete and on disk. */
export function certifiedFact(decision: DecisionId, certificate: Certificate, directory: Directory): TraceFact {
  return {
    type: 'certified',
    decision,
    outcome: outcomeHash(certificate.outcome),
    signers: directory.shorts(certificate.signatures.map(({ author }) => nodeId(author)))
  }
}
