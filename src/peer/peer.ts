/**
 * A peer: one identity, one store, one libp2p host, one ballot. Everything below meets here, and nothing is decided here.
 *
 * @packageDocumentation
 */

import '../network/runtime.ts'
import { rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { TraceEvent } from '../consensus/trace.ts'
import { OperationError } from '../core/errors.ts'
import type { DecisionId, PeerIdString } from '../core/ids.ts'
import { answerFromWords } from '../decision/ballot.ts'
import type { Certificate } from '../decision/certificate.ts'
import { linkTarget } from '../network/settings.ts'
import { createJournal, JOURNAL_FILE, type Journal } from '../storage/journal.ts'
import { verify } from '../storage/keys.ts'
import { autoAnswer } from './auto-vote.ts'
import { CertificateFiles } from './certificate-files.ts'
import type { ClosedDecision, OpenDecision, ProposeParams, Status } from './control-protocol.ts'
import { type ControlServer, serveControl } from './control-server.ts'
import { aboveZero, Counters } from './counters.ts'
import { Directory } from './directory.ts'
import { Driver } from './driver.ts'
import { findOpen } from './find-open.ts'
import { handlersOf } from './handlers.ts'
import { Links } from './links.ts'
import { newProposal } from './new-proposal.ts'
import type { PeerOptions } from './options.ts'
import type { DecisionHandle, Peer } from './peer-api.ts'
import { type Prepared, prepare } from './preparation.ts'
import { PresenceTable } from './presence.ts'
import { Pulse } from './pulse.ts'
import { type Reach, reachOf } from './reach.ts'
import type { Session } from './session.ts'
import { Standing } from './standing.ts'
import { describeAllOpen, describeClosed, describeOpen, statusOf } from './status.ts'
import { Story } from './story.ts'

export type { PeerOptions } from './options.ts'
export type { DecisionHandle, Peer } from './peer-api.ts'

/**
 * Starts a peer: reads its identity and store, joins the community's topic, and takes part until it is stopped.
 *
 * @throws OptionsError with every problem of the options; OperationError if the world does not let it start.
 */
export async function createPeer(options: PeerOptions): Promise<Peer> {
  const prepared = await prepare(options)
  let peer: RunningPeer | undefined
  try {
    peer = new RunningPeer(prepared)
    await peer.start()
    return peer
  } catch (error) {
    await (peer === undefined ? prepared.store.close() : peer.stop('could not start')).catch(() => undefined)
    throw error
  }
}

class RunningPeer implements Peer {
  readonly id: PeerIdString
  readonly #end = Promise.withResolvers<string>()
  readonly stopped = this.#end.promise
  readonly #parts: Prepared
  readonly #directory: Directory
  readonly #presence: PresenceTable
  readonly #standing: Standing
  readonly #counters = new Counters()
  readonly #certificates: CertificateFiles
  readonly #journal: Journal
  readonly #story: Story
  readonly #driver: Driver
  #links: Links | undefined
  #pulse: Pulse | undefined
  #control: ControlServer | undefined
  #stopping: Promise<void> | undefined

  constructor(parts: Prepared) {
    this.#parts = parts
    const { options, identity, roster, self, session, disk, store } = parts
    this.#directory = new Directory(roster)
    this.#presence = new PresenceTable(roster.members.length)
    this.id = this.#directory.peerId(self)
    this.#certificates = new CertificateFiles(options.dataDirectory, store)
    this.#journal = createJournal(join(options.dataDirectory, JOURNAL_FILE))
    this.#story = new Story(options.clock, this.#directory.short(self), () => this.#counters.add('listener-failed'))
    this.#story.listen((event) => this.#journal.append(event))
    this.#story.listen(options.onTrace)
    this.stopped.catch(() => undefined)
    disk.tellTo(this.#story.tell, () => this.#resume())
    this.#standing = new Standing({
      validatorCount: roster.members.length,
      roster: roster.hash,
      linkTarget: linkTarget(roster.members.length, options.degree),
      session,
      store,
      counters: this.#counters,
      trace: this.#story.tell,
      onFatal: (error) => this.#fail(error)
    })
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
      standing: this.#standing,
      disk,
      clock: options.clock,
      counters: this.#counters,
      publish: (frame) => this.#links?.publish(frame),
      trace: this.#story.tell,
      onOpened: (session) => this.#answerByItself(session),
      onCertified: (decision, text) => this.#certificates.write(decision, text),
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
    const { dataDirectory } = this.#parts.options
    await this.#certificates.catchUp()
    await this.#standing.begin()
    await this.#driver.restore()
    this.#links = await this.#tie()
    this.#pulse = new Pulse({
      clock: this.#parts.options.clock,
      counters: () => this.#counts(),
      mesh: () => this.#links?.mesh() ?? [],
      reach: () => this.#reach(),
      trace: this.#story.tell
    })
    const listen = this.addresses()
    this.#story.tell({ type: 'peer-started', id: this.id, name: this.#directory.who(this.#parts.self).name, listen })
    this.#control = await serveControl(join(dataDirectory, 'control.sock'), handlersOf(this))
    await writeFile(join(dataDirectory, 'pid'), `${process.pid}\n`)
    await writeFile(join(dataDirectory, 'address'), `${listen.join('\n')}\n`)
    this.#links.announce()
    this.#links.refresh()
  }

  announce(): number {
    return this.#links?.announce() ?? 0
  }

  cut(peers: readonly PeerIdString[]): void {
    this.#links?.cut(peers)
  }

  heal(): void {
    this.#links?.heal()
  }

  async propose(params: ProposeParams): Promise<DecisionHandle> {
    this.#requireRunning()
    const session = await this.#driver.propose(newProposal(params, this.#parts.roster, this.#parts.identity.key))
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
      self: this.#parts.self,
      charter: this.#parts.options.charter,
      roster: this.#parts.roster,
      directory: this.#directory,
      presence: this.#presence,
      standing: this.#standing,
      disk: this.#parts.disk,
      reach: this.#reach(),
      open: this.#driver.open,
      followed: this.#driver.followed,
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
    for await (const { text } of this.#parts.store.certificates()) {
      closed.push(describeClosed(JSON.parse(text) as Certificate, this.#directory))
    }
    return { open: describeAllOpen(this.#driver, this.#directory), closed }
  }

  watch(listener: (event: TraceEvent) => void): () => void {
    return this.#story.watch(listener)
  }

  stop(reason: string): Promise<void> {
    this.#stopping ??= this.#stopNow(reason).then(() => this.#end.resolve(reason))
    return this.#stopping
  }

  async #stopNow(reason: string): Promise<void> {
    const { dataDirectory } = this.#parts.options
    this.#links?.quiet()
    this.#pulse?.stop()
    await this.#driver.stop()
    this.#story.tell({ type: 'peer-stopped', reason })
    await this.#control?.stop()
    await this.#links?.stop()
    await this.#parts.store.close()
    this.#journal.close()
    await Promise.all(['address', 'pid'].map((name) => rm(join(dataDirectory, name), { force: true })))
  }

  #fail(error: unknown): void {
    // What the end itself gives up, such as writes that a full disk has held back, is no failure.
    if (this.#stopping !== undefined) return
    const { message } = error as Error
    this.#end.reject(error)
    void this.stop(message)
  }

  #tie(): Promise<Links> {
    return Links.start({
      options: this.#parts.options,
      identity: this.#parts.identity,
      self: this.#parts.self,
      roster: this.#parts.roster,
      directory: this.#directory,
      presence: this.#presence,
      driver: this.#driver,
      store: this.#parts.store,
      counters: this.#counters,
      trace: this.#story.tell,
      standing: this.#standing
    })
  }

  #reach(): Reach {
    const connected = this.#directory.nodes(this.#links?.connected() ?? [])
    const validatorCount = this.#parts.roster.members.length
    return reachOf({ self: this.#parts.self, validatorCount, connected, links: this.#presence.links() })
  }

  #counts(): Record<string, number> {
    return aboveZero({
      ...this.#links?.counters(),
      ...this.#counters.read(),
      'journal-lines-lost': this.#journal.lostCount,
      'certificate-files-missing': this.#certificates.missingCount
    })
  }

  /** The disk takes things again: what was left out meanwhile is made up for. */
  #resume(): void {
    void this.#certificates.writeMissing()
    for (const session of this.#driver.open) this.#answerByItself(session)
  }

  #answerByItself(session: Session): void {
    const answer = autoAnswer(this.#parts.options.vote, session.proposal, this.#parts.options.random)
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
