/**
 * What a peer does with a verified frame: where each kind of payload goes.
 *
 * @packageDocumentation
 */

import type { TraceFact } from '../consensus/trace.ts'
import type { DecisionId, NodeId } from '../core/ids.ts'
import type { DecisionMessage } from '../decision/decision-message.ts'
import type { Archive } from '../decision/delivery.ts'
import type { IdentifiedProposal } from '../decision/proposal.ts'
import type { Roster } from '../decision/roster.ts'
import type { Envelope } from '../wire/envelope.ts'
import type { Accusations } from './accusations.ts'
import { createAuthorRate } from './author-rate.ts'
import type { Clock } from './clock.ts'
import type { Counters } from './counters.ts'
import type { Directory } from './directory.ts'
import { messageFact } from './facts.ts'
import type { Arrival, Checked, Intake } from './intake.ts'
import { bringsMissing } from './missing-ballots.ts'
import type { Narrator } from './narrator.ts'
import type { PresenceTable } from './presence.ts'
import type { Session } from './session.ts'
import type { Sessions } from './sessions.ts'
import type { Standing } from './standing.ts'
import type { Turns } from './turns.ts'

/** Open decisions one member may have at a time. */
export const OPEN_DECISIONS_PER_PROPOSER_MAX = 8

/** What is needed. */
export interface ArrivalsOptions {
  readonly archive: Archive
  readonly sessions: Sessions
  readonly intake: Intake
  readonly accusations: Accusations
  readonly narrator: Narrator
  readonly turns: Turns
  readonly roster: Roster
  readonly clock: Clock
  readonly presence: PresenceTable
  readonly standing: Standing
  readonly directory: Directory
  readonly counters: Counters
  readonly trace: (fact: TraceFact) => void
  readonly openSession: (proposal: IdentifiedProposal, envelope: Envelope, proposer: NodeId) => Session
  readonly onOpened: (session: Session) => void
  readonly onLaggard: (member: NodeId) => void
  readonly onPresence: () => void
}

/** Hands frames on. */
export class Arrivals {
  readonly #options: ArrivalsOptions
  readonly #isWithinRate: (author: NodeId) => boolean

  constructor(options: ArrivalsOptions) {
    this.#options = options
    this.#isWithinRate = createAuthorRate(options.roster.members.length, options.clock)
  }

  /** Checks a frame, and takes it in in the next turn. The verdict is for gossip. */
  receive(frame: Uint8Array, via: 'gossip' | 'sync'): Checked {
    const { intake, counters, turns } = this.#options
    const checked = intake.check(frame)
    const { arrival, verdict } = checked
    if (arrival === undefined) return checked
    // Only what is passed on counts: anybody can repeat what an author said long ago.
    if (via === 'gossip' && verdict === 'accept' && !this.#isWithinRate(arrival.from)) {
      counters.add('author-over-rate')
      return { verdict: 'ignore' }
    }
    turns.later(() => this.#take(arrival, via))
    return checked
  }

  /** Takes one frame in. */
  #take({ from, envelope }: Arrival, via: 'gossip' | 'sync'): void {
    const { payload, decision } = envelope
    const { trace, directory, accusations, archive } = this.#options
    // What is closed for long is told to nobody: anybody can repeat it for ever.
    const isWorthTelling = decision === undefined || !archive.isPast(decision)
    switch (payload.type) {
      case 'presence':
        this.#onPresence(from, envelope, payload.sequence)
        return
      case 'evidence':
        accusations.onEvidence(decision as DecisionId, payload)
        return
      case 'proposal':
        this.#onProposal(from, payload.proposal, envelope)
        break
      case 'words':
        this.#onWords(from, decision as DecisionId, payload.words, envelope, via)
    }
    if (isWorthTelling) trace(messageFact('received', via, envelope, from, directory))
  }

  #onPresence(from: NodeId, envelope: Envelope, sequence: number): void {
    const { presence, trace, directory, onPresence } = this.#options
    if (!presence.accept(from, envelope)) return
    trace({ type: 'presence', of: directory.short(from), sequence })
    onPresence()
  }

  #onProposal(from: NodeId, proposal: IdentifiedProposal, envelope: Envelope): void {
    const { archive, sessions, standing, counters, intake, openSession, onOpened } = this.#options
    if (archive.isClosed(proposal.id) || sessions.get(proposal.id) !== undefined) return
    const isFollowed = sessions.isMuted(proposal.id)
    if (!isFollowed && sessions.countBy(from) >= OPEN_DECISIONS_PER_PROPOSER_MAX) {
      counters.add('over-quota')
      return
    }
    if (isFollowed || standing.isObserving) {
      this.#followSilently(proposal, from, envelope)
      return
    }
    const session = openSession(proposal, envelope, from)
    for (const early of intake.takeEarly(proposal.id)) this.#take(early, 'gossip')
    onOpened(session)
  }

  /** A decision in which this peer says nothing: what others say is kept for others, until a certificate closes it. */
  #followSilently(proposal: IdentifiedProposal, proposer: NodeId, { id, frame }: Envelope): void {
    const { archive, sessions, intake } = this.#options
    sessions.mute(proposal.id, 'observing', proposal)
    archive.keep(proposal.id, proposer, id, frame)
    for (const { from, envelope } of intake.takeEarly(proposal.id)) {
      archive.keep(proposal.id, from, envelope.id, envelope.frame)
    }
  }

  #onWords(
    from: NodeId,
    decision: DecisionId,
    words: readonly DecisionMessage[],
    envelope: Envelope,
    via: 'gossip' | 'sync'
  ): void {
    const { archive, sessions, counters, narrator, turns } = this.#options
    const session = sessions.get(decision)
    if (session === undefined) {
      const isBehind = via === 'gossip' && !words.some((word) => word.type === 'endorsement')
      this.#onWordsUnheard({ from, envelope }, decision, isBehind)
      return
    }
    if (archive.has(decision, envelope.id)) return
    const isNeeded = bringsMissing(session.decision, from, words)
    if (!archive.keep(decision, from, envelope.id, envelope.frame, isNeeded)) {
      counters.add('over-quota')
      return
    }
    const before = session.decision.ballotOf(from)
    session.takeWords(from, words, { type: 'frame', frame: envelope.frame })
    if (before === undefined) narrator.ballot(session, from)
    turns.touch(session)
  }

  /**
   * Words about a decision that is not open here: muted, not heard of yet, or closed. If it is closed, an author that
   * `isBehind` needs the certificate.
   */
  #onWordsUnheard({ from, envelope }: Arrival, decision: DecisionId, isBehind: boolean): void {
    const { archive, sessions, intake, onLaggard, accusations } = this.#options
    if (sessions.isMuted(decision)) archive.keep(decision, from, envelope.id, envelope.frame)
    else if (!archive.isClosed(decision)) intake.keepEarly({ from, envelope })
    else {
      if (archive.keepLate(decision, from, envelope.id, envelope.frame)) accusations.onLate(decision, from, envelope)
      if (isBehind) onLaggard(from)
    }
  }
}
