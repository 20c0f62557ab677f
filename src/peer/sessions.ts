/**
 * Which decisions are open here, and in which of them this peer says nothing.
 *
 * @packageDocumentation
 */

import type { DecisionId, NodeId } from '../core/ids.ts'
import type { Archive } from '../decision/delivery.ts'
import type { IdentifiedProposal } from '../decision/proposal.ts'
import type { Roster } from '../decision/roster.ts'
import { type MUTED, Muted, type MutedOptions } from './muted.ts'
import type { Session } from './session.ts'

/** What is needed. */
export interface SessionsOptions extends MutedOptions {
  readonly roster: Roster
  readonly archive: Archive
}

/** The open decisions of one peer. */
export class Sessions {
  readonly #options: SessionsOptions
  readonly #open = new Map<DecisionId, Session>()
  readonly #muted: Muted

  constructor(options: SessionsOptions) {
    this.#options = options
    this.#muted = new Muted(options)
  }

  /** Oldest first. */
  get all(): readonly Session[] {
    return [...this.#open.values()]
  }

  get(decision: DecisionId): Session | undefined {
    return this.#open.get(decision)
  }

  /** False once the decision is closed or muted: nothing is remembered of it or said in it any more. */
  isOpen(session: Session): boolean {
    return this.#open.get(session.id) === session
  }

  /** True if this peer says nothing in this decision. */
  isMuted(decision: DecisionId): boolean {
    return this.#muted.has(decision)
  }

  /** True if a ballot of this author is known to be delivered, and is not here. */
  isAwaiting(decision: DecisionId, author: NodeId): boolean {
    return this.#open.get(decision)?.decision.missing.has(author) ?? false
  }

  /** How many decisions of a member are open, those in which this peer says nothing included. */
  countBy(proposer: NodeId): number {
    const { key } = this.#options.roster.member(proposer)
    const proposals = [...this.all.map((session) => session.proposal), ...this.#muted.proposals]
    return proposals.filter((proposal) => proposal.proposer === key).length
  }

  add(session: Session): void {
    this.#open.set(session.id, session)
  }

  /** The decision is closed. */
  delete(decision: DecisionId): void {
    this.#open.delete(decision)
    this.#muted.delete(decision)
  }

  /** What is asked in the decisions in which this peer says nothing, as far as it knows. */
  get followed(): readonly IdentifiedProposal[] {
    return this.#muted.proposals
  }

  /** Says nothing more in this decision; the certificate of the others closes it. Frames are kept for them meanwhile. */
  mute(decision: DecisionId, why: keyof typeof MUTED, proposal?: IdentifiedProposal): void {
    const { archive } = this.#options
    if (archive.isClosed(decision)) return
    const session = this.#open.get(decision)
    archive.open(decision)
    this.#muted.add(decision, why, proposal ?? session?.proposal)
    session?.stop()
    this.#open.delete(decision)
  }
}
