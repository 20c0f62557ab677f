/**
 * Drives the machines of a real peer: the only caller of `step` outside the simulator.
 *
 * Everything that happens (a frame arrived, a person answered, a timer ran out) goes into an inbox and is worked off in one
 * *turn* at the end of the event loop's round, so that messages that came together are answered together. After a turn,
 * each decision that has something to say says it, in this order: inputs and message to disk, in one atomic batch; then
 * the message to the network; then the facts to whoever watches. Commits run one after the other.
 *
 * @packageDocumentation
 */

import type { Fault } from '../consensus/machine.ts'
import type { TraceFact } from '../consensus/trace.ts'
import { canonicalJson } from '../core/canonical.ts'
import { InvariantError, OptionsError } from '../core/errors.ts'
import type { DecisionId, NodeId, TimerName } from '../core/ids.ts'
import type { PublicKey, Sign, Verify } from '../core/keys.ts'
import type { Answer } from '../decision/ballot.ts'
import { type Certificate, certificateText, verifyCertificate } from '../decision/certificate.ts'
import type { Charter } from '../decision/charter.ts'
import type { DecisionMessage } from '../decision/decision-message.ts'
import { Archive } from '../decision/delivery.ts'
import type { Outcome } from '../decision/outcome.ts'
import type { IdentifiedProposal } from '../decision/proposal.ts'
import type { Roster } from '../decision/roster.ts'
import { outcomeHash } from '../decision/signing.ts'
import type { StoredInput, Store } from '../storage/store.ts'
import { type Envelope, encodeEnvelope } from '../wire/envelope.ts'
import { Accusations } from './accusations.ts'
import type { Clock } from './clock.ts'
import type { Counters } from './counters.ts'
import type { Directory } from './directory.ts'
import { ballotFact, certifiedFact, decidedFact, messageFact, progressFact, proposalFact } from './facts.ts'
import { type Arrival, Intake } from './intake.ts'
import type { PresenceTable } from './presence.ts'
import { readOpening, replay } from './replay.ts'
import { Session } from './session.ts'

/** Open decisions one member may have at a time. */
export const OPEN_DECISIONS_PER_PROPOSER_MAX = 8

/** What a driver needs. */
export interface DriverOptions {
  readonly self: NodeId
  readonly key: PublicKey
  readonly sign: Sign
  readonly verify: Verify
  readonly charter: Charter
  readonly roster: Roster
  readonly directory: Directory
  readonly presence: PresenceTable
  readonly store: Store
  readonly clock: Clock
  readonly counters: Counters
  /** Hands a frame to gossip. */
  readonly publish: (frame: Uint8Array) => void
  readonly trace: (fact: TraceFact) => void
  /** A decision was opened here; a scripted peer answers now. */
  readonly onOpened: (session: Session) => void
  /** `member` still works on a decision that is closed here: it needs the certificate. */
  readonly onLaggard: (member: NodeId) => void
  /** A certificate is in the store; it is also written as a file for people. */
  readonly onCertified: (decision: DecisionId, text: string) => Promise<void>
  /** A member said something new about itself. */
  readonly onPresence: () => void
  /** Our own bug or a disk that fails: the peer must stop. */
  readonly onFatal: (error: unknown) => void
}

/** What was decided, with its proof. */
export interface Decided {
  readonly outcome: Outcome
  readonly certificate: Certificate
}

/** All decisions of one running peer. */
export class Driver {
  readonly archive = new Archive()
  readonly #options: DriverOptions
  readonly #sessions = new Map<DecisionId, Session>()
  readonly #intake: Intake
  readonly #accusations: Accusations
  readonly #waiting = new Map<DecisionId, ((decided: Decided) => void)[]>()
  /** Decisions whose records are damaged: what this peer said in them is not known, so it says nothing more. */
  readonly #muted = new Set<DecisionId>()
  readonly #lastProgress = new Map<DecisionId, string>()
  #inbox: (() => void)[] = []
  #touched = new Set<Session>()
  #committing: Promise<void> = Promise.resolve()
  #stopped = false

  constructor(options: DriverOptions) {
    this.#options = options
    this.#intake = new Intake({ ...options, archive: this.archive, isOpen: (decision) => this.#sessions.has(decision) })
    this.#accusations = new Accusations({ ...options, archive: this.archive, say: (evidence) => this.#publishEvidence(evidence) })
  }

  /** The open decisions, oldest first. */
  get open(): readonly Session[] {
    return [...this.#sessions.values()]
  }

  session(decision: DecisionId): Session | undefined {
    return this.#sessions.get(decision)
  }

  /** Rebuilds what was open when this peer last ran, and says it again. */
  async restore(): Promise<void> {
    const { store, roster, counters, onOpened } = this.#options
    for (const decision of store.decided) this.archive.close(decision)
    for (const { decision, records, complete } of await store.openDecisions()) {
      const opened = complete ? readOpening(records, roster) : undefined
      if (opened === undefined) {
        this.#muted.add(decision)
        counters.add('muted-decision')
        continue
      }
      const session = this.#openSession(opened.proposal, opened.envelope, opened.from)
      replay({ session, records, roster, archive: this.archive })
      onOpened(session)
    }
  }

  /** Takes a frame in. The answer is for gossip: pass it on, forget it, or hold it against the sender. */
  receive(frame: Uint8Array, via: 'gossip' | 'sync'): 'accept' | 'ignore' | 'reject' {
    if (this.#stopped) return 'ignore'
    const { verdict, arrival } = this.#intake.check(frame)
    if (arrival !== undefined) this.#later(() => this.#onArrival(arrival, via))
    return verdict
  }

  /** Opens a decision of one's own. On disk before it is published. */
  async propose(proposal: IdentifiedProposal): Promise<Session> {
    const { roster, key, sign, self } = this.#options
    if (this.#openBy(self) >= OPEN_DECISIONS_PER_PROPOSER_MAX) {
      const got = `${OPEN_DECISIONS_PER_PROPOSER_MAX} open already`
      throw new OptionsError([{ path: 'proposal', got, expected: 'to wait until one of your open decisions is done' }])
    }
    const envelope = encodeEnvelope({
      roster,
      author: key,
      decision: proposal.id,
      payload: { type: 'proposal', proposal },
      sign
    })
    const session = this.#openSession(proposal, envelope, self)
    await this.#commitNow(session, () => this.#options.publish(envelope.frame))
    this.#options.onOpened(session)
    return session
  }

  /** One's own answer; on disk when the promise resolves. */
  async answer(session: Session, answer: Answer, seal: boolean): Promise<void> {
    const record: StoredInput = { type: 'answered', answer, seal }
    this.#takeOwn(session, () => session.take({ type: 'answered', answer, seal }, record))
    await this.#commitNow(session)
  }

  /** Resolves when the decision is certified here. */
  async decided(decision: DecisionId): Promise<Decided> {
    const text = await this.#options.store.certificate(decision)
    if (text !== undefined) {
      const certificate = JSON.parse(text) as Certificate
      return { outcome: certificate.outcome, certificate }
    }
    return new Promise((resolve) => {
      this.#waiting.set(decision, [...(this.#waiting.get(decision) ?? []), resolve])
    })
  }

  /** Believes a certificate that a neighbour sent, if it proves itself. */
  adopt(text: string): void {
    const checked = verifyCertificate(text, this.#options.verify)
    if (!checked.ok || checked.roster.hash !== this.#options.roster.hash) {
      this.#options.counters.add('certificate-refused')
      return
    }
    this.#later(() => this.#close(checked.decision, checked.certificate))
  }

  /** Waits until everything taken in so far is worked off and on disk. */
  async settled(): Promise<void> {
    await new Promise<void>((resolve) => this.#options.clock.soon(resolve))
    await this.#committing
  }

  /** Stops every timer and finishes what is being written. */
  async stop(): Promise<void> {
    this.#stopped = true
    for (const session of this.#sessions.values()) session.stop()
    await this.#committing
  }

  #later(run: () => void): void {
    if (this.#inbox.length === 0) this.#options.clock.soon(() => this.#turn())
    this.#inbox.push(run)
  }

  #turn(): void {
    if (this.#stopped) return
    const inbox = this.#inbox
    this.#inbox = []
    try {
      for (const run of inbox) run()
      const touched = this.#touched
      this.#touched = new Set()
      for (const session of touched) this.#settle(session)
    } catch (error) {
      this.#options.onFatal(error)
    }
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
        this.#accusations.onEvidence(payload.first, payload.second)
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
      if (!this.archive.isClosed(decision)) this.#intake.keepEarly({ from, envelope })
      else if (isBehind) this.#options.onLaggard(from)
      return
    }
    if (this.archive.has(decision, envelope.id)) return
    if (!this.archive.keep(decision, from, envelope.id, envelope.frame)) {
      this.#options.counters.add('over-quota')
      return
    }
    const known = session.decision.ballots.length
    session.takeWords(from, words, { type: 'frame', frame: envelope.frame })
    if (session.decision.ballots.length > known) this.#traceBallot(session, from)
    this.#touch(session)
  }

  #openBy(proposer: NodeId): number {
    const key = this.#options.roster.member(proposer).key
    return this.open.filter((session) => session.proposal.proposer === key).length
  }

  #openSession(proposal: IdentifiedProposal, envelope: Envelope, proposer: NodeId): Session {
    const { self, roster, charter, sign, trace, directory, clock } = this.#options
    const session = new Session(
      { self, roster, charter, proposal, sign },
      {
        clock,
        onTimer: (_, timer) => this.#onTimer(session, timer),
        onDue: () => this.#later(() => this.#flush(session, session.outbox.takeAll())),
        onFault: (_, fault) => this.#onFault(session, fault)
      }
    )
    this.#sessions.set(proposal.id, session)
    this.archive.open(proposal.id)
    this.archive.keep(proposal.id, proposer, envelope.id, envelope.frame)
    session.remember({ type: 'frame', frame: envelope.frame })
    trace(proposalFact(proposal, proposer, directory))
    session.take({ type: 'opened' })
    this.#touch(session)
    return session
  }

  #onTimer(session: Session, timer: TimerName): void {
    this.#takeOwn(session, () => session.take({ type: 'timed-out', timer }, { type: 'timed-out', timer }))
  }

  /** An input of one's own: whatever it makes this peer cast is shown. */
  #takeOwn(session: Session, take: () => void): void {
    this.#later(() => {
      const before = session.decision.ownBallot
      take()
      if (before === undefined && session.decision.ownBallot !== undefined) this.#traceBallot(session, this.#options.self)
      this.#touch(session)
    })
  }

  #traceBallot(session: Session, author: NodeId): void {
    const { trace, directory, self } = this.#options
    const ballot = session.decision.ballots.find((known) => known.author === author)
    if (ballot !== undefined) trace(ballotFact(ballot, session.proposal, directory, author === self))
  }

  #onFault(session: Session, fault: Fault): void {
    this.#accusations.onFault(session.id, fault)
  }

  #touch(session: Session): void {
    this.#touched.add(session)
    this.#later(() => undefined)
  }

  /** After a turn: says what should leave now, closes what is certified, shows what has changed. */
  #settle(session: Session): void {
    if (this.#sessions.get(session.id) !== session) return
    const { trace, directory } = this.#options
    const outcome = session.takeOutcome()
    if (outcome !== undefined) session.showLater(decidedFact(session.proposal, outcome, directory))
    const rules = session.takeRules()
    if (Object.keys(rules).length > 0) trace({ type: 'rule', decision: session.id, rules })
    this.#traceProgress(session)
    if (session.certificate !== undefined) this.#close(session.id, session.certificate)
    else if (session.outbox.prompt) this.#flush(session, session.outbox.takeAll())
  }

  #traceProgress(session: Session): void {
    const fact = progressFact(session, this.#options.directory)
    const text = JSON.stringify(fact)
    if (this.#lastProgress.get(session.id) === text) return
    this.#lastProgress.set(session.id, text)
    this.#options.trace(fact)
  }

  /** Says these words: to disk, then to the network, then to whoever watches. */
  #flush(session: Session, words: readonly DecisionMessage[]): void {
    if (words.length === 0 || this.#stopped) return
    const { roster, key, sign, self, directory, publish, trace } = this.#options
    const sequence = session.nextSequence()
    const envelope = encodeEnvelope({
      roster,
      author: key,
      decision: session.id,
      payload: { type: 'words', sequence, words },
      sign
    })
    session.remember({ type: 'said', frame: envelope.frame })
    this.#commit(session, () => {
      this.archive.keep(session.id, self, envelope.id, envelope.frame)
      publish(envelope.frame)
      trace(messageFact('sent', 'gossip', envelope, self, directory))
    })
  }

  /** Appends what the session remembers to the store; then `andThen`; then shows the facts that waited for it. */
  #commit(session: Session, andThen?: () => void): void {
    const { store, trace, onFatal } = this.#options
    const records = session.takeRecords()
    const facts = session.takeFacts()
    this.#committing = this.#committing
      .then(async () => {
        if (records.length > 0) await store.appendDecision(session.id, records)
        andThen?.()
        for (const fact of facts) trace(fact)
      })
      .catch(onFatal)
  }

  /** Works off the inbox and commits; resolves when that is on disk. */
  async #commitNow(session: Session, andThen?: () => void): Promise<void> {
    await new Promise<void>((resolve) => this.#later(resolve))
    this.#commit(session, andThen)
    await this.#committing
  }

  /** A certificate is here, my own or a neighbour's: the decision is over. */
  #close(decision: DecisionId, certificate: Certificate): void {
    if (this.archive.isClosed(decision)) return
    const session = this.#sessions.get(decision)
    const mine = session?.decision.outcome
    if (mine !== undefined && outcomeHash(mine) !== outcomeHash(certificate.outcome)) {
      throw new InvariantError('broken promise: two certified outcomes for one decision; more than f members must be lying')
    }
    if (session !== undefined) {
      this.#flush(session, session.outbox.takePrompt())
      session.stop()
      this.#sessions.delete(decision)
    }
    this.#lastProgress.delete(decision)
    this.archive.close(decision)
    this.#commitClose(decision, certificate, session, mine !== undefined)
  }

  #commitClose(id: DecisionId, certificate: Certificate, session: Session | undefined, wasDecided: boolean): void {
    const { store, trace, directory, onFatal, onCertified } = this.#options
    const facts = session?.takeFacts() ?? []
    const proposal = { ...certificate.proposal, id }
    const text = certificateText(certificate)
    this.#committing = this.#committing
      .then(async () => {
        await store.closeDecision(id, { outcome: canonicalJson(certificate.outcome), certificate: text })
        await onCertified(id, text)
        for (const fact of facts) trace(fact)
        if (!wasDecided) trace(decidedFact(proposal, certificate.outcome, directory))
        trace(certifiedFact(id, certificate, directory))
        for (const resolve of this.#waiting.get(id) ?? []) resolve({ outcome: certificate.outcome, certificate })
        this.#waiting.delete(id)
      })
      .catch(onFatal)
  }

  #publishEvidence(evidence: { readonly decision: DecisionId; readonly first: Uint8Array; readonly second: Uint8Array }): void {
    const { roster, key, sign, publish } = this.#options
    const { decision, first, second } = evidence
    const payload = { type: 'evidence', first, second } as const
    publish(encodeEnvelope({ roster, author: key, decision, payload, sign }).frame)
  }
}
