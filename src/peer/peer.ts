/**
 * A peer: one identity, one store, one libp2p host, one ballot. Everything below meets here, and nothing is decided here.
 *
 * @packageDocumentation
 */

import '../network/runtime.ts'
import { randomBytes } from 'node:crypto'
import { mkdir, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { TraceEvent } from '../consensus/trace.ts'
import { toHex } from '../core/bytes.ts'
import { OperationError, OptionsError } from '../core/errors.ts'
import type { DecisionId, NodeId, PeerIdString } from '../core/ids.ts'
import { safeText } from '../core/text.ts'
import { answerFromWords } from '../decision/ballot.ts'
import type { Certificate } from '../decision/certificate.ts'
import { checkProposal, type IdentifiedProposal } from '../decision/proposal.ts'
import { type Roster, rosterOf } from '../decision/roster.ts'
import { type Identity, loadOrCreateIdentity } from '../storage/identity.ts'
import { createJournal, JOURNAL_FILE, type Journal } from '../storage/journal.ts'
import { verify } from '../storage/keys.ts'
import { openStore, type Store } from '../storage/store.ts'
import { autoAnswer } from './auto-vote.ts'
import { writeCertificateFile, writeMissingCertificateFiles } from './certificate-files.ts'
import type { ClosedDecision, OpenDecision, ProposeParams, Status } from './control-protocol.ts'
import { type ControlServer, serveControl } from './control-server.ts'
import { aboveZero, Counters } from './counters.ts'
import { Directory } from './directory.ts'
import { Driver } from './driver.ts'
import { findOpen } from './find-open.ts'
import { handlersOf } from './handlers.ts'
import { Links } from './links.ts'
import { type PeerOptions, type ResolvedPeerOptions, resolvePeerOptions } from './options.ts'
import type { DecisionHandle, Peer } from './peer-api.ts'
import { PresenceTable } from './presence.ts'
import { Pulse } from './pulse.ts'
import type { Session } from './session.ts'
import { describeClosed, describeOpen, statusOf } from './status.ts'
import { Story } from './story.ts'

export type { PeerOptions } from './options.ts'
export type { DecisionHandle, Peer } from './peer-api.ts'

/**
 * Starts a peer: reads its identity and store, joins the community's topic, and takes part until it is stopped.
 *
 * @throws OptionsError with every problem of the options; OperationError if the world does not let it start.
 */
export async function createPeer(options: PeerOptions): Promise<Peer> {
  const resolved = await resolvePeerOptions(options, verify)
  const { dataDirectory } = resolved
  await mkdir(join(dataDirectory, 'certificates'), { recursive: true, mode: 0o700 }).catch(
    (error: NodeJS.ErrnoException) => {
      const got = `${safeText(dataDirectory)}: ${error.code ?? 'unknown error'}`
      throw new OptionsError([{ path: 'data', got, expected: 'a directory that can be written' }])
    }
  )
  const identity = await loadOrCreateIdentity(dataDirectory)
  const roster = rosterOf(resolved.charter)
  const self = requireMember(roster, identity)
  const store = await openStore(dataDirectory)
  const peer = new RunningPeer(resolved, identity, roster, self, store)
  try {
    await peer.start()
  } catch (error) {
    await peer.stop('could not start').catch(() => undefined)
    throw error
  }
  return peer
}

function requireMember(roster: Roster, identity: Identity): NodeId {
  const self = roster.indexOf(identity.key)
  if (self !== undefined) return self
  const got = 'an identity that is not among its members'
  throw new OptionsError([
    { path: 'charter', got, expected: 'a charter that this data directory’s identity has signed' }
  ])
}

class RunningPeer implements Peer {
  readonly id: PeerIdString
  readonly stopped: Promise<string>
  readonly #options: ResolvedPeerOptions
  readonly #identity: Identity
  readonly #roster: Roster
  readonly #self: NodeId
  readonly #store: Store
  readonly #directory: Directory
  readonly #presence: PresenceTable
  readonly #counters = new Counters()
  readonly #journal: Journal
  readonly #story: Story
  readonly #driver: Driver
  #links: Links | undefined
  #pulse: Pulse | undefined
  #control: ControlServer | undefined
  #stopping: Promise<void> | undefined
  #onStopped!: (reason: string) => void
  #onFailed!: (error: unknown) => void

  constructor(options: ResolvedPeerOptions, identity: Identity, roster: Roster, self: NodeId, store: Store) {
    this.#options = options
    this.#identity = identity
    this.#roster = roster
    this.#self = self
    this.#store = store
    this.#directory = new Directory(roster)
    this.#presence = new PresenceTable(roster.members.length)
    this.id = this.#directory.peerId(self)
    this.#journal = createJournal(join(options.dataDirectory, JOURNAL_FILE))
    this.#story = new Story(options.clock, this.#directory.short(self), () => this.#counters.add('listener-failed'))
    this.#story.listen((event) => this.#journal.append(event))
    this.#story.listen(options.onTrace)
    this.stopped = new Promise((resolve, reject) => {
      this.#onStopped = resolve
      this.#onFailed = reject
    })
    this.stopped.catch(() => undefined)
    this.#driver = new Driver({
      self,
      roster,
      charter: options.charter.charter,
      key: identity.key,
      sign: identity.sign,
      verify,
      store,
      directory: this.#directory,
      presence: this.#presence,
      clock: options.clock,
      counters: this.#counters,
      publish: (frame) => this.#links?.publish(frame),
      trace: this.#story.tell,
      onOpened: (session) => this.#answerByItself(session),
      onCertified: (decision, text) => writeCertificateFile(options.dataDirectory, decision, text),
      onPresence: () => this.#links?.refresh(),
      onLaggard: (member) => this.#links?.help(member),
      onFatal: (error) => this.#fail(error)
    })
  }

  get openCount(): number {
    return this.#driver.open.length
  }

  addresses(): string[] {
    return this.#links?.addresses() ?? []
  }

  async start(): Promise<void> {
    const { dataDirectory } = this.#options
    await writeMissingCertificateFiles(dataDirectory, this.#store)
    await this.#driver.restore()
    this.#links = await this.#tie()
    this.#pulse = new Pulse({
      clock: this.#options.clock,
      counters: () => this.#counts(),
      mesh: () => this.#links?.mesh() ?? [],
      trace: this.#story.tell
    })
    const listen = this.addresses()
    this.#story.tell({ type: 'peer-started', id: this.id, name: this.#directory.who(this.#self).name, listen })
    this.#control = await serveControl(join(dataDirectory, 'control.sock'), handlersOf(this))
    await writeFile(join(dataDirectory, 'pid'), `${process.pid}\n`)
    await writeFile(join(dataDirectory, 'address'), `${listen.join('\n')}\n`)
    this.#links.announce()
    this.#links.refresh()
  }

  announce(): number {
    return this.#links?.announce() ?? 0
  }

  async propose(params: ProposeParams): Promise<DecisionHandle> {
    this.#requireRunning()
    const proposal: IdentifiedProposal = checkProposal({
      community: this.#roster.community,
      roster: this.#roster.hash,
      proposer: this.#identity.key,
      question: params.question,
      options: params.options,
      method: params.method ?? 'assembly',
      rule: params.rule ?? 'plurality',
      tie: params.tie ?? 'lot',
      deadlineMs: params.deadlineMs ?? 60_000,
      nonce: toHex(randomBytes(16))
    })
    const session = await this.#driver.propose(proposal)
    return this.follow(session.id)
  }

  async vote(
    decision: string,
    choices: string | readonly string[],
    { seal = false }: { readonly seal?: boolean } = {}
  ): Promise<OpenDecision> {
    this.#requireRunning()
    const session = findOpen(this.#driver.open, decision)
    const answer = answerFromWords(typeof choices === 'string' ? [choices] : choices, session.proposal)
    await this.#driver.answer(session, answer, seal)
    return describeOpen(session, this.#directory)
  }

  follow(decision: DecisionId): DecisionHandle {
    const decided = Promise.race([this.#driver.decided(decision), this.stopped.then(notAnymore)])
    decided.catch(() => undefined)
    const over = (): Promise<void> => this.#driver.over(decision)
    return { id: decision, decided, [Symbol.asyncIterator]: () => this.#story.eventsOf(decision, over) }
  }

  status(): Status {
    return statusOf({
      self: this.#self,
      charter: this.#options.charter,
      roster: this.#roster,
      directory: this.#directory,
      presence: this.#presence,
      open: this.#driver.open,
      decidedCount: this.#driver.archive.closedCount,
      listen: this.addresses(),
      connected: this.#links?.connected() ?? [],
      mesh: this.#links?.mesh() ?? [],
      counters: this.#counts(),
      uptimeMs: this.#story.uptimeMs
    })
  }

  async decisions(): Promise<{ readonly open: readonly OpenDecision[]; readonly closed: readonly ClosedDecision[] }> {
    const closed: ClosedDecision[] = []
    for await (const { text } of this.#store.certificates()) {
      closed.push(describeClosed(JSON.parse(text) as Certificate, this.#directory))
    }
    return { open: this.#driver.open.map((session) => describeOpen(session, this.#directory)), closed }
  }

  watch(listener: (event: TraceEvent) => void): () => void {
    return this.#story.watch(listener)
  }

  stop(reason: string): Promise<void> {
    this.#stopping ??= this.#stopNow(reason).then(() => this.#onStopped(reason))
    return this.#stopping
  }

  async #stopNow(reason: string): Promise<void> {
    const { dataDirectory } = this.#options
    this.#links?.quiet()
    this.#pulse?.stop()
    await this.#driver.stop()
    this.#story.tell({ type: 'peer-stopped', reason })
    await this.#control?.stop()
    await this.#links?.stop()
    await this.#store.close()
    this.#journal.close()
    await Promise.all(['address', 'pid'].map((name) => rm(join(dataDirectory, name), { force: true })))
  }

  #fail(error: unknown): void {
    const { message } = error as Error
    this.#onFailed(error)
    void this.stop(message)
  }

  #tie(): Promise<Links> {
    return Links.start({
      options: this.#options,
      identity: this.#identity,
      self: this.#self,
      roster: this.#roster,
      directory: this.#directory,
      presence: this.#presence,
      driver: this.#driver,
      store: this.#store,
      counters: this.#counters,
      trace: this.#story.tell
    })
  }

  #counts(): Record<string, number> {
    return aboveZero({ ...this.#links?.counters(), ...this.#counters.read() })
  }

  #answerByItself(session: Session): void {
    const answer = autoAnswer(this.#options.vote, session.proposal, this.#options.random)
    if (answer === undefined || session.decision.ownBallot !== undefined) return
    // An answer that came too late is nobody's mistake here.
    this.#driver.answer(session, answer, true).catch(() => undefined)
  }

  #requireRunning(): void {
    if (this.#stopping !== undefined) throw new OperationError('this peer has stopped', 'did-not-happen')
  }
}

function notAnymore(): never {
  throw new OperationError('the peer stopped before the decision was certified', 'unknown')
}
