/**
 * Equipotent as a library: peers that decide together with nobody in charge.
 *
 * ```ts
 * import { createPeer } from 'equipotent'
 *
 * const peer = await createPeer({ dataDirectory, charter, join })
 * const decision = await peer.propose({ question: 'Where do we meet?', options: ['lake', 'forest'] })
 * await peer.vote(decision.id, 'lake', { seal: true })
 * const { outcome, certificate } = await decision.decided
 * ```
 *
 * The consensus core alone, without any dependency, is `equipotent/consensus`.
 *
 * @packageDocumentation
 */

export type { TraceEvent, TraceFact } from './consensus/trace.ts'
export { InvariantError, OperationError, OptionsError, type Problem } from './core/errors.ts'
export type { CommunityId, DecisionId, Hash, NodeId, PeerIdString } from './core/ids.ts'
export type { PublicKey, Sign, Signature, Verify } from './core/keys.ts'
export type { Answer, Ballot } from './decision/ballot.ts'
export { type Certificate, certificateText, verifyCertificate } from './decision/certificate.ts'
export {
  type Charter,
  type CheckedCharter,
  checkCharter,
  type Member,
  newCharterTerms,
  signCharter
} from './decision/charter.ts'
export { type Outcome, type Result, resultInWords } from './decision/outcome.ts'
export type { Method, Proposal, Rule, TieRule } from './decision/proposal.ts'
export type { Decided } from './peer/closing.ts'
export type {
  ClosedDecision,
  MemberStatus,
  OpenDecision,
  ProposeParams,
  Status,
  VoteParams,
  Who
} from './peer/control-protocol.ts'
export type { AutoVote, PeerOptions } from './peer/options.ts'
export { createPeer, type DecisionHandle, type Peer } from './peer/peer.ts'
export { type Identity, loadOrCreateIdentity } from './storage/identity.ts'
export { verify } from './storage/keys.ts'
