/**
 * Drives the machines of a real peer: nothing else outside the simulator lets a machine `step`.
 *
 * Everything that happens (a frame arrived, a person answered, a timer ran out) goes into an inbox and is worked off in one
 * *turn* at the end of the event loop's round, so that messages that came together are answered together. After a turn,
 * each decision that has something to say says it, in this order: inputs and message to disk, in one atomic batch; then
 * the message to the network; then the facts to whoever watches. Commits run one after the other.
 *
 * @packageDocumentation
 */

import type { DecisionId, NodeId } from '../core/ids.ts'
import type { Answer } from '../decision/ballot.ts'
import { type Certificate, claimedDecision, verifyCertificate } from '../decision/certificate.ts'
import type { DecisionMessage } from '../decision/decision-message.ts'
import { Archive } from '../decision/delivery.ts'
import type { IdentifiedProposal } from '../decision/proposal.ts'
import type { StoredInput } from '../storage/store.ts'
import type { Envelope } from '../wire/envelope.ts'
import { Accusations } from './accusations.ts'
import { Closing, type Decided } from './closing.ts'
import type { DriverOptions } from './driver-options.ts'
import { EvidenceShelf } from './evidence-shelf.ts'
import { messageFact } from './facts.ts'
import { type Arrival, type Checked, Intake } from './intake.ts'
import { Ledger } from './ledger.ts'
import { bringsMissing, handOverMissing } from './missing-ballots.ts'
import { Muted } from './muted.ts'
import { Narrator } from './narrator.ts'
import { refusedAnswer, tooManyOpen } from './refusals.ts'
import { readOpening, replay } from './replay.ts'
import { Session } from './session.ts'
import { Turns } from './turns.ts'
import { Voice } from './voice.ts'

/** Open decisions one member may have at a time. */
export const OPEN_DECISIONS_PER_PROPOSER_MAX = 8

/** All decisions of one running peer. */
export class Driver {
  readonly archive = new Archive()
  readonly #options: DriverOptions
  readonly #sessions = new Map<DecisionId, Session>()
  readonly #intake: Intake
  readonly #accusations: Accusations
  readonly #ledger: Ledger
  readonly #voice: Voice
  readonly #closing: Closing
  readonly #narrator: Narrator
  readonly #muted: Muted
  readonly #turns: Turns
  #stopped = false

  constructor(options: DriverOptions) {
    this.#options = options
    const { archive } = this
    this.#turns = new Turns({ ...options, settle: (session) => this.#settle(session) })
    this.#muted = new Muted(options)
    this.#intake = new Intake({
      ...options,
      archive,
      isMuted: (decision) => this.#muted.has(decision),
      onOwnKeyElsewhere: (decision) => this.#turns.later(() => this.#mute(decision, 'elsewhere'))
    })
    const ledger = new Ledger(options.onFatal)
    this.#ledger = ledger
    this.#voice = new Voice({ ...options, archive, ledger })
    this.#closing = new Closing({ ...options, ledger })
    this.#narrator = new Narrator(options)
    this.#accusations = new Accusations({
      ...options,
      archive,
      shelf: new EvidenceShelf({ ...options, ledger }),
      say: (decision, evidence) => this.#voice.showEvidence(decision, evidence)
    })
  }

  /** The open decisions, oldest first. */
  get open(): readonly Session[] {
    return [...this.#sessions.values()]
  }

  /** Rebuilds what was open when this peer last ran, and says it again. */
  async restore(): Promise<void> {
    const { store, roster, onOpened } = this.#options
    for (const decision of store.decided) this.archive.close(decision)
    await this.#accusations.restore()
    for (const { decision, records, complete } of await store.openDecisions()) {
      const opened = complete ? readOpening(records, roster) : undefined
      if (opened === undefined) {
        this.#muted.add(decision, 'damaged')
        continue
      }
      const session = this.#openSession(opened.proposal, opened.envelope, opened.from)
      if (replay({ session, records, roster, archive: this.archive })) onOpened(session)
      else this.#mute(decision, 'otherwise')
    }
  }

  /** Takes a frame in. The verdict is for gossip: pass it on, forget it, or hold it against the sender. */
  receive(frame: Uint8Array, via: 'gossip' | 'sync'): Checked {
    if (this.#stopped) return { verdict: 'ignore' }
    const checked = this.#intake.check(frame)
    if (checked.arrival !== undefined) this.#turns.later(() => this.#onArrival(checked.arrival as Arrival, via))
    return checked
  }

  /** Opens a decision of one's own. On disk before it is published. */
  async propose(proposal: IdentifiedProposal): Promise<Session> {
    const { self } = this.#options
    if (this.#openBy(self) >= OPEN_DECISIONS_PER_PROPOSER_MAX) throw tooManyOpen(OPEN_DECISIONS_PER_PROPOSER_MAX)
    const envelope = this.#voice.envelope(proposal.id, { type: 'proposal', proposal })
    const session = this.#openSession(proposal, envelope, self)
    await this.#commitNow(session, () => this.#options.publish(envelope.frame))
    this.#options.onOpened(session)
    return session
  }

  /** One's own answer; on disk when the promise resolves. Throws OptionsError if it comes too late to count. */
  async answer(session: Session, answer: Answer, seal: boolean): Promise<void> {
    const record: StoredInput = { type: 'answered', answer, seal }
    let taken = false
    this.#takeOwn(session, () => {
      taken = session.decision.ownBallot === undefined
      if (taken) session.take(record, record)
    })
    await this.#commitNow(session)
    const refused = refusedAnswer(session, this.#options.self, taken)
    if (refused !== undefined) throw refused
  }

  /** Resolves when the decision is certified here. */
  decided(decision: DecisionId): Promise<Decided> {
    return this.#closing.decided(decision)
  }

  /** Resolves when the decision is certified here and all facts about it have been told. */
  async over(decision: DecisionId): Promise<void> {
    await this.decided(decision)
    await this.#ledger.written()
  }

  /** Believes a certificate that a neighbour sent, if it proves itself. False if it is refused. */
  adopt(text: string): boolean {
    const claimed = claimedDecision(text)
    if (claimed !== undefined && this.archive.isClosed(claimed)) return true
    const checked = verifyCertificate(text, this.#options.verify)
    if (!checked.ok || checked.roster.hash !== this.#options.roster.hash) {
      this.#options.counters.add('certificate-refused')
      return false
    }
    this.#turns.later(() => this.#close(checked.decision, checked.certificate))
    return true
  }

  /** Stops every timer and finishes what is being written. */
  async stop(): Promise<void> {
    this.#stopped = true
    this.#turns.stop()
    for (const session of this.#sessions.values()) session.stop()
    await this.#ledger.written()
  }

  #onArrival({ from, envelope }: Arrival, via: 'gossip' | 'sync'): void {
    const { payload, decision } = envelope
    const { presence, trace, directory } = this.#options
    switch (payload.type) {
      case 'presence':
        if (!presence.accept(from, envelope)) return
        trace({ type: 'presence', of: directory.short(from), sequence: payload.sequence })
        this.#options.onPresence()
        return
      case 'evidence':
        this.#accusations.onEvidence(decision as DecisionId, payload)
        return
      case 'proposal':
        this.#onProposal(from, payload.proposal, envelope)
        break
      case 'words':
        this.#onWords(from, decision as DecisionId, payload.words, envelope)
    }
    trace(messageFact('received', via, envelope, from, directory))
  }

  #onProposal(from: NodeId, proposal: IdentifiedProposal, envelope: Envelope): void {
    if (this.archive.isClosed(proposal.id) || this.#sessions.has(proposal.id) || this.#muted.has(proposal.id)) return
    if (this.#openBy(from) >= OPEN_DECISIONS_PER_PROPOSER_MAX) {
      this.#options.counters.add('over-quota')
      return
    }
    const session = this.#openSession(proposal, envelope, from)
    for (const early of this.#intake.takeEarly(proposal.id)) this.#onArrival(early, 'gossip')
    this.#options.onOpened(session)
  }

  #onWords(from: NodeId, decision: DecisionId, words: readonly DecisionMessage[], envelope: Envelope): void {
    const session = this.#sessions.get(decision)
    if (session === undefined) {
      const isBehind = !words.some((word) => word.type === 'endorsement')
      if (this.#muted.has(decision)) this.archive.keep(decision, from, envelope.id, envelope.frame)
      else if (!this.archive.isClosed(decision)) this.#intake.keepEarly({ from, envelope })
      else if (isBehind) this.#options.onLaggard(from)
      return
    }
    if (this.archive.has(decision, envelope.id)) return
    const isNeeded = bringsMissing(session.decision, from, words)
    if (!this.archive.keep(decision, from, envelope.id, envelope.frame, isNeeded)) {
      this.#options.counters.add('over-quota')
      return
    }
    const before = session.decision.ballotOf(from)
    session.takeWords(from, words, { type: 'frame', frame: envelope.frame })
    if (before === undefined) this.#narrator.ballot(session, from)
    this.#turns.touch(session)
  }

  /** Says nothing more in this decision; the certificate of the others closes it. */
  #mute(decision: DecisionId, why: Parameters<Muted['add']>[1]): void {
    if (this.archive.isClosed(decision)) return
    this.#muted.add(decision, why)
    this.#intake.takeEarly(decision)
    this.#sessions.get(decision)?.stop()
    this.#sessions.delete(decision)
  }

  /** False once the decision is closed: nothing is remembered of it or said in it any more. */
  #isOpen(session: Session): boolean {
    return this.#sessions.get(session.id) === session
  }

  #openBy(proposer: NodeId): number {
    const key = this.#options.roster.member(proposer).key
    return this.open.filter((session) => session.proposal.proposer === key).length
  }

  #openSession(proposal: IdentifiedProposal, envelope: Envelope, proposer: NodeId): Session {
    const { self, roster, charter, sign, clock } = this.#options
    const session = new Session(
      { self, roster, charter, proposal, sign },
      {
        clock,
        onTimer: (_, timer) => {
          this.#takeOwn(session, () => session.take({ type: 'timed-out', timer }, { type: 'timed-out', timer }))
        },
        onDue: () => this.#turns.later(() => this.#say(session, session.outbox.takeAll())),
        onFault: (_, fault) => this.#accusations.onFault(session.id, fault)
      }
    )
    this.#sessions.set(proposal.id, session)
    this.archive.open(proposal.id)
    this.archive.keep(proposal.id, proposer, envelope.id, envelope.frame)
    session.note({ type: 'frame', frame: envelope.frame })
    this.#narrator.opened(session, proposer)
    session.take({ type: 'opened' })
    this.#turns.touch(session)
    return session
  }

  /** An input of one's own: whatever it makes this peer cast is shown. */
  #takeOwn(session: Session, take: () => void): void {
    this.#turns.later(() => {
      if (!this.#isOpen(session)) return
      const before = session.decision.ownBallot
      take()
      if (before === undefined) this.#narrator.ballot(session, this.#options.self)
      this.#turns.touch(session)
    })
  }

  /** After a turn: says what should leave now, closes what is certified, shows what has changed. */
  #settle(session: Session): void {
    if (!this.#isOpen(session)) return
    handOverMissing(session, this.archive, this.#options.roster)
    this.#narrator.settled(session)
    if (session.certificate !== undefined) this.#close(session.id, session.certificate)
    else if (session.outbox.prompt) this.#say(session, session.outbox.takeAll())
  }

  #say(session: Session, words: readonly DecisionMessage[]): void {
    if (words.length > 0 && !this.#stopped && this.#isOpen(session)) this.#voice.say(session, words)
  }

  /** Works off the inbox and commits; resolves when that is on disk. */
  async #commitNow(session: Session, andThen?: () => void): Promise<void> {
    await new Promise<void>((resolve) => this.#turns.later(resolve))
    if (this.#isOpen(session)) this.#voice.remember(session, andThen)
    await this.#ledger.written()
  }

  /** A certificate is here, my own or a neighbour's: the decision is over. */
  #close(decision: DecisionId, certificate: Certificate): void {
    if (this.archive.isClosed(decision)) return
    const session = this.#sessions.get(decision)
    const wasDecided = session?.decision.outcome !== undefined
    if (session !== undefined) {
      session.requireAgreement(certificate)
      this.#say(session, session.outbox.takePrompt())
      session.close(certificate)
      this.#sessions.delete(decision)
    }
    this.#narrator.closed(decision)
    this.#muted.delete(decision)
    this.#intake.takeEarly(decision)
    this.archive.close(decision)
    this.#closing.close(decision, certificate, session?.takeFacts() ?? [], wasDecided)
  }
}
