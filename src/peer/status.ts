/**
 * What a running peer tells about itself and the community as it sees it.
 *
 * @packageDocumentation
 */

import { articulationPoints } from '../core/graph.ts'
import { type DecisionId, everyNode, type NodeId, type PeerIdString } from '../core/ids.ts'
import { maxFaulty } from '../core/quorum.ts'
import { safeText } from '../core/text.ts'
import { answerInWords } from '../decision/ballot.ts'
import type { Certificate } from '../decision/certificate.ts'
import type { CheckedCharter } from '../decision/charter.ts'
import { DEADLINE } from '../decision/decision.ts'
import { resultInWords } from '../decision/outcome.ts'
import { progressOf } from '../decision/progress.ts'
import { type IdentifiedProposal, proposalId } from '../decision/proposal.ts'
import type { Roster } from '../decision/roster.ts'
import { outcomeHash } from '../decision/signing.ts'
import type { ClosedDecision, MemberStatus, OpenDecision, Status } from './control-protocol.ts'
import type { Directory } from './directory.ts'
import type { Disk } from './disk.ts'
import { countedAndNot } from './facts.ts'
import type { PresenceTable } from './presence.ts'
import type { Reach } from './reach.ts'
import type { Session } from './session.ts'
import type { Standing } from './standing.ts'

/** Code points of a community's name on a screen. */
const COMMUNITY_NAME_CODE_POINTS_MAX = 80

/** What a status is made from. */
export interface StatusSource {
  readonly self: NodeId
  readonly charter: CheckedCharter
  readonly roster: Roster
  readonly directory: Directory
  readonly presence: PresenceTable
  readonly standing: Pick<Standing, 'state' | 'reason'>
  readonly disk: Pick<Disk, 'trouble'>
  readonly reach: Reach
  readonly open: readonly Session[]
  /** What is asked in decisions in which it says nothing. */
  readonly followed: readonly IdentifiedProposal[]
  readonly decidedCount: number
  readonly listen: readonly string[]
  /** Peer ids connected now, and those in the gossip mesh. */
  readonly connected: readonly PeerIdString[]
  readonly mesh: readonly PeerIdString[]
  readonly counters: Readonly<Record<string, number>>
  readonly uptimeMs: number
}

/** The answer to `status`. */
export function statusOf(source: StatusSource): Status {
  const { self, charter, roster, directory, standing, disk } = source
  const validatorCount = roster.members.length
  return {
    pid: process.pid,
    peer: { ...directory.who(self), id: directory.peerId(self) },
    community: { id: charter.id, name: safeText(charter.charter.name, COMMUNITY_NAME_CODE_POINTS_MAX) },
    validatorCount,
    maxFaulty: maxFaulty(validatorCount),
    listen: source.listen,
    members: everyNode(validatorCount).map((node) => memberStatus(node, source)),
    graph: graphOf(source),
    standing: { state: standing.state, reason: standing.reason },
    disk: { state: disk.trouble === undefined ? 'well' : 'failing', reason: disk.trouble ?? '' },
    reach: source.reach,
    open: describeAllOpen(source, directory),
    decidedCount: source.decidedCount,
    counters: source.counters,
    uptimeMs: Math.round(source.uptimeMs)
  }
}

function memberStatus(node: NodeId, { self, directory, presence, connected, mesh }: StatusSource): MemberStatus {
  const peerId = directory.peerId(node)
  return {
    ...directory.who(node),
    self: node === self,
    connected: node === self || connected.includes(peerId),
    mesh: mesh.includes(peerId),
    observing: presence.isObserving(node),
    links: directory.shorts(presence.neighboursOf(node))
  }
}

/** Members without a link are no part of the graph: they are down, or nobody has heard of them. */
function graphOf({ presence, directory }: StatusSource): Status['graph'] {
  const links = presence.links()
  const nodes = [...new Set(links.flat())]
  return {
    peers: nodes.length,
    links: links.length,
    articulationPoints: articulationPoints(nodes, links).map((node) => directory.who(node))
  }
}

/** Every decision that is open here, those in which this peer says nothing at the end. */
export function describeAllOpen(
  { open, followed }: Pick<StatusSource, 'open' | 'followed'>,
  directory: Directory
): OpenDecision[] {
  return [
    ...open.map((session) => describeOpen(session, directory)),
    ...followed.map((proposal) => describeFollowed(proposal, directory))
  ]
}

/** A decision in which this peer says nothing. */
function describeFollowed(proposal: IdentifiedProposal, directory: Directory): OpenDecision {
  return {
    ...describeQuestion(proposal, directory),
    stage: 'observing',
    waitingFor: 'the certificate of the others',
    missing: [],
    cast: [],
    mine: { state: 'none', answer: '' },
    deadlineLeftMs: 0
  }
}

function describeQuestion(proposal: IdentifiedProposal, directory: Directory) {
  return {
    decision: proposal.id,
    question: safeText(proposal.question, 500),
    options: proposal.options.map((option) => safeText(option)),
    rule: proposal.rule,
    by: directory.whoHas(proposal.proposer)
  }
}

/** Where an open decision stands here. */
export function describeOpen(session: Session, directory: Directory): OpenDecision {
  const { stage, waitingFor, missing, cast } = progressOf(session.decision)
  return {
    ...describeQuestion(session.proposal, directory),
    stage,
    waitingFor,
    missing: missing.map((node) => directory.who(node)),
    cast: cast.map((node) => directory.who(node)),
    mine: ownAnswer(session),
    deadlineLeftMs: Math.round(session.timeLeftMs(DEADLINE))
  }
}

function ownAnswer({ decision, proposal }: Session): OpenDecision['mine'] {
  if (decision.ownBallot !== undefined) {
    return { state: 'cast', answer: answerInWords(decision.ownBallot.answer, proposal) }
  }
  if (decision.draft !== undefined) return { state: 'draft', answer: answerInWords(decision.draft, proposal) }
  return { state: 'none', answer: '' }
}

/** A certified decision, from its certificate. */
export function describeClosed(certificate: Certificate, directory: Directory): ClosedDecision {
  const { proposal, outcome, signatures } = certificate
  const { counted, notCounted } = countedAndNot(outcome, directory.peerIds.length)
  const decision: DecisionId = proposalId(proposal)
  return {
    decision,
    question: safeText(proposal.question, 500),
    options: proposal.options.map((option) => safeText(option)),
    result: resultInWords(outcome, proposal),
    outcome: outcomeHash(outcome),
    counted: counted.map((node) => directory.who(node)),
    notCounted: notCounted.map((node) => directory.who(node)),
    signers: signatures.map(({ author }) => directory.who(author)),
    certified: true
  }
}
