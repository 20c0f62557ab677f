/**
 * Tells what a decision does here: its opening, each ballot, the rules that fired, and each change of where it stands.
 *
 * @packageDocumentation
 */

import type { TraceFact } from '../consensus/trace.ts'
import type { DecisionId, NodeId } from '../core/ids.ts'
import type { Directory } from './directory.ts'
import { ballotFact, decidedFact, progressFact, proposalFact } from './facts.ts'
import type { Session } from './session.ts'

/** What is needed. */
export interface NarratorOptions {
  readonly self: NodeId
  readonly directory: Directory
  readonly trace: (fact: TraceFact) => void
}

/** Tells the facts of open decisions. */
export class Narrator {
  readonly #options: NarratorOptions
  /** Where each decision that may be told stood when it was last told, so that nothing is told twice. */
  readonly #told = new Map<DecisionId, string>()

  constructor(options: NarratorOptions) {
    this.#options = options
  }

  /** A decision is open here, and may be told from now on. */
  opened(session: Session, proposer: NodeId): void {
    const { trace, directory } = this.#options
    trace(proposalFact(session.proposal, proposer, directory))
    this.#told.set(session.id, '')
    this.settled(session)
  }

  /** A ballot became known. One's own is shown once it is on disk. */
  ballot(session: Session, author: NodeId): void {
    const { trace, directory, self } = this.#options
    const ballot = session.decision.ballotOf(author)
    if (ballot === undefined) return
    const fact = ballotFact(ballot, session.proposal, directory, author === self)
    if (author === self) session.showLater(fact)
    else trace(fact)
  }

  /** A turn is over: what fired in it, and where the decision stands now. An outcome is shown once it is on disk. */
  settled(session: Session): void {
    const { trace, directory } = this.#options
    if (!this.#told.has(session.id)) return
    const outcome = session.takeOutcome()
    if (outcome !== undefined) session.showLater(decidedFact(session.proposal, outcome, directory))
    const rules = session.takeRules()
    if (Object.keys(rules).length > 0) trace({ type: 'rule', decision: session.id, rules })
    const fact = progressFact(session, directory)
    const text = JSON.stringify(fact)
    if (this.#told.get(session.id) === text) return
    this.#told.set(session.id, text)
    trace(fact)
  }

  /** A decision is closed and needs no more telling. */
  closed(decision: DecisionId): void {
    this.#told.delete(decision)
  }
}
