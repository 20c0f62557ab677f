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

import { OperationError } from '../core/errors.ts'
import type { DecisionId, NodeId } from '../core/ids.ts'
import type { Answer } from '../decision/ballot.ts'
import type { Certificate } from '../decision/certificate.ts'
import type { DecisionMessage } from '../decision/decision-message.ts'
import { Archive, type Digest } from '../decision/delivery.ts'
import type { IdentifiedProposal } from '../decision/proposal.ts'
import { crashPoint } from '../storage/crash-points.ts'
import type { StoredInput } from '../storage/store.ts'
import type { Envelope } from '../wire/envelope.ts'
import { Accusations } from './accusations.ts'
import { checkForAdoption } from './adoption.ts'
import { Arrivals, OPEN_DECISIONS_PER_PROPOSER_MAX } from './arrivals.ts'
import { Closing, type Decided } from './closing.ts'
import type { DriverOptions } from './driver-options.ts'
import { EvidenceShelf } from './evidence-shelf.ts'
import { type Checked, Intake } from './intake.ts'
import { Ledger } from './ledger.ts'
import { handOverMissing } from './missing-ballots.ts'
import { Narrator } from './narrator.ts'
import { refusedAnswer, requireRoom, requireVoice } from './refusals.ts'
import { readOpening, replay } from './replay.ts'
import { Session } from './session.ts'
import { Sessions } from './sessions.ts'
import { Turns } from './turns.ts'
import { Voice } from './voice.ts'

/** All decisions of one running peer. */
export class Driver {
  readonly archive = new Archive()
  readonly shelf: EvidenceShelf
  readonly #options: DriverOptions
  readonly #sessions: Sessions
  readonly #intake: Intake
  readonly #accusations: Accusations
  readonly #ledger: Ledger
  readonly #voice: Voice
  readonly #closing: Closing
  readonly #narrator: Narrator
  readonly #arrivals: Arrivals
  readonly #turns: Turns
  readonly #stopping = Promise.withResolvers<never>()
  #stopped = false

  constructor(options: DriverOptions) {
    this.#options = options
    this.#stopping.promise.catch(() => undefined)
    const { archive } = this
    this.#turns = new Turns({ ...options, settle: (session) => this.#settle(session) })
    this.#sessions = new Sessions({ ...options, archive })
    this.#intake = new Intake({
      ...options,
      archive,
      isMuted: (decision) => this.#sessions.isMuted(decision),
      onOwnKeyElsewhere: (why) => this.#turns.later(() => options.standing.observe(why))
    })
    options.standing.onChange(() => this.#onStanding())
    const ledger = new Ledger(options.onFatal)
    this.#ledger = ledger
    this.shelf = new EvidenceShelf({ ...options, ledger })
    this.#voice = new Voice({ ...options, archive, ledger, isMuted: (decision) => this.#sessions.isMuted(decision) })
    this.#closing = new Closing({ ...options, ledger })
    this.#narrator = new Narrator(options)
    this.#accusations = new Accusations({
      ...options,
      archive,
      shelf: this.shelf,
      say: (decision, evidence) => this.#voice.showEvidence(decision, evidence)
    })
    this.#arrivals = new Arrivals({
      ...options,
      archive,
      sessions: this.#sessions,
      intake: this.#intake,
      accusations: this.#accusations,
      narrator: this.#narrator,
      turns: this.#turns,
      openSession: (proposal, envelope, proposer) => {
        const session = this.#openSession(proposal, envelope)
        this.#introduce(session, envelope, proposer)
        return session
      }
    })
  }

  /** The open decisions, oldest first. */
  get open(): readonly Session[] {
    return this.#sessions.all
  }

  /** What is asked in the decisions in which this peer says nothing, as far as it knows. */
  get followed(): readonly IdentifiedProposal[] {
    return this.#sessions.followed
  }

  /** Rebuilds what was open when this peer last ran, and says it again. */
  async restore(): Promise<void> {
    const { store, roster, onOpened, standing } = this.#options
    for (const decision of store.decided) this.archive.close(decision)
    await this.#accusations.restore()
    for (const { decision, records, complete } of await store.openDecisions()) {
      const opened = complete ? readOpening(records, roster) : undefined
      if (opened === undefined || standing.isObserving) {
        this.#sessions.mute(decision, standing.isObserving ? 'observing' : 'damaged', opened?.proposal)
        continue
      }
      const session = this.#openSession(opened.proposal, opened.envelope)
      this.#introduce(session, opened.envelope, opened.from)
      if (replay({ session, records, roster, archive: this.archive })) onOpened(session)
      else this.#sessions.mute(decision, 'otherwise')
    }
  }

  /** Takes a frame in. The verdict is for gossip: pass it on, forget it, or hold it against the sender. */
  receive(frame: Uint8Array, via: 'gossip' | 'sync'): Checked {
    return this.#stopped || this.isBusy ? { verdict: 'ignore' } : this.#arrivals.receive(frame, via)
  }

  /** Resolves when everything received so far has been worked off and is on disk. Throws if it will never be. */
  async written(): Promise<void> {
    await new Promise<void>((resolve) => this.#turns.later(resolve))
    await this.#ledger.written()
  }

  /** True while nothing more should be taken in, for the disk's sake; the digest exchange brings it again. */
  get isBusy(): boolean {
    return this.#ledger.isBusy
  }

  /** What this peer has, and what it would not take. */
  digest(): Digest {
    return this.archive.digest((decision, author) => this.#sessions.isAwaiting(decision, author))
  }

  /** Runs this when everything received so far has been worked off. */
  afterTurn(run: () => void): void {
    this.#turns.later(run)
  }

  /** Opens a decision of one's own. On disk before it is published. */
  async propose(proposal: IdentifiedProposal): Promise<Session> {
    const { self } = this.#options
    requireVoice(this.#options)
    requireRoom(this.#sessions.countBy(self), OPEN_DECISIONS_PER_PROPOSER_MAX)
    const envelope = this.#voice.envelope(proposal.id, { type: 'proposal', proposal })
    const session = this.#openSession(proposal, envelope)
    await this.#commitNow(session, () => {
      this.#introduce(session, envelope, self)
      crashPoint('before-proposal')
      this.#options.publish(envelope.frame)
      crashPoint('after-proposal')
    })
    this.#options.onOpened(session)
    return session
  }

  /** One's own answer; on disk when the promise resolves. Throws OptionsError if it comes too late to count. */
  async answer(session: Session, answer: Answer, seal: boolean): Promise<void> {
    requireVoice(this.#options)
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
    const checked = checkForAdoption(text, { ...this.#options, archive: this.archive })
    if (checked === 'refused') this.#options.counters.add('certificate-refused')
    if (typeof checked === 'string') return checked === 'known'
    this.#turns.later(() => this.#close(checked.decision, checked.certificate))
    return true
  }

  /** Stops every timer and finishes what is being written. */
  async stop(): Promise<void> {
    this.#stopped = true
    this.#turns.stop()
    this.#stopping.reject(new OperationError('this peer has stopped', 'unknown'))
    for (const session of this.open) session.stop()
    const ended = this.#ledger.end()
    // What a disk does not take would be waited for without end; closing the store gives it up.
    await this.#options.disk.kept(ended).catch(() => this.#options.store.close())
    await ended
  }

  /** This peer may speak now, or may not speak any more. */
  #onStanding(): void {
    const { standing } = this.#options
    for (const session of this.open) {
      if (standing.isObserving) this.#sessions.mute(session.id, 'observing')
      else {
        this.#turns.later(() => this.#say(session))
        this.#turns.touch(session)
      }
    }
  }

  #openSession(proposal: IdentifiedProposal, envelope: Envelope): Session {
    const { self, roster, charter, sign, clock } = this.#options
    const session = new Session(
      { self, roster, charter, proposal, sign },
      {
        clock,
        onTimer: (_, timer) => {
          this.#takeOwn(session, () => session.take({ type: 'timed-out', timer }, { type: 'timed-out', timer }))
        },
        onDue: () => this.#turns.later(() => this.#say(session)),
        onFault: (_, fault) => this.#accusations.onFault(session.id, fault)
      }
    )
    this.#sessions.add(session)
    this.archive.open(proposal.id)
    session.note({ type: 'frame', frame: envelope.frame })
    session.take({ type: 'opened' })
    this.#turns.touch(session)
    return session
  }

  /** From now on the decision may be told and its proposal given to others: one's own only once it is on disk. */
  #introduce(session: Session, envelope: Envelope, proposer: NodeId): void {
    this.archive.keep(session.id, proposer, envelope.id, envelope.frame)
    this.#narrator.opened(session, proposer)
  }

  /** An input of one's own: whatever it makes this peer cast is shown. */
  #takeOwn(session: Session, take: () => void): void {
    this.#turns.later(() => {
      if (!this.#sessions.isOpen(session)) return
      const before = session.decision.ownBallot
      take()
      if (before === undefined) this.#narrator.ballot(session, this.#options.self)
      this.#turns.touch(session)
    })
  }

  /** After a turn: says what should leave now, closes what is certified, shows what has changed. */
  #settle(session: Session): void {
    if (!this.#sessions.isOpen(session)) return
    handOverMissing(session, this.archive, this.#options.roster)
    this.#narrator.settled(session)
    // A certificate of one's own making holds one's own signature, and is something said.
    const own = this.#options.standing.maySpeak ? session.certificate : undefined
    if (own !== undefined) this.#close(session.id, own)
    else if (session.outbox.prompt) this.#say(session)
  }

  /** Says what waits, if this peer may speak; else it goes on waiting. */
  #say(session: Session, take: () => readonly DecisionMessage[] = () => session.outbox.takeAll()): void {
    if (this.#stopped || !this.#options.standing.maySpeak || !this.#sessions.isOpen(session)) return
    const words = take()
    if (words.length > 0) this.#voice.say(session, words)
  }

  /** Works off the inbox and commits; resolves when that is on disk. */
  async #commitNow(session: Session, andThen?: () => void): Promise<void> {
    await Promise.race([new Promise<void>((resolve) => this.#turns.later(resolve)), this.#stopping.promise])
    if (this.#sessions.isOpen(session)) this.#voice.remember(session, andThen)
    await this.#options.disk.kept(this.#ledger.written())
  }

  /** A certificate is here, my own or a neighbour's: the decision is over. */
  #close(decision: DecisionId, certificate: Certificate): void {
    if (this.archive.isClosed(decision)) return
    const session = this.#sessions.get(decision)
    const wasDecided = session?.decision.outcome !== undefined
    if (session !== undefined) {
      session.requireAgreement(certificate)
      this.#say(session, () => session.outbox.takePrompt())
      session.close(certificate)
    }
    this.#sessions.delete(decision)
    this.#narrator.closed(decision)
    this.#intake.takeEarly(decision)
    this.archive.close(decision)
    this.#closing.close(decision, certificate, session?.takeFacts() ?? [], wasDecided)
  }
}
