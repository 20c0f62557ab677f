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
import { type Connectivity, createConnectivity } from '../network/connectivity.ts'
import { createGossip, type Gossip } from '../network/gossip.ts'
import { createHost, type Host } from '../network/host.ts'
import { createExchange, type Exchange } from '../network/streams/exchange.ts'
import { type Identity, loadOrCreateIdentity } from '../storage/identity.ts'
import { createJournal, JOURNAL_FILE, type Journal } from '../storage/journal.ts'
import { verify } from '../storage/keys.ts'
import { openStore, type Store } from '../storage/store.ts'
import { LIMITS } from '../wire/limits.ts'
import { Announcer } from './announcer.ts'
import { autoAnswer } from './auto-vote.ts'
import type { Decided } from './closing.ts'
import type { ClosedDecision, OpenDecision, ProposeParams, Status } from './control-protocol.ts'
import { type ControlServer, serveControl } from './control-server.ts'
import { Counters } from './counters.ts'
import { Directory } from './directory.ts'
import { Driver } from './driver.ts'
import { handlersOf } from './handlers.ts'
import { type PeerOptions, type ResolvedPeerOptions, resolvePeerOptions } from './options.ts'
import { PresenceTable } from './presence.ts'
import { isRelayNeedless } from './relay.ts'
import type { Session } from './session.ts'
import { describeClosed, describeOpen, statusOf } from './status.ts'
import { Story } from './story.ts'
import { Sync } from './sync.ts'

export type { PeerOptions } from './options.ts'

/** A decision as its proposer (or anyone) follows it. Iterating it gives what happens, until it is certified. */
export interface DecisionHandle extends AsyncIterable<TraceEvent> {
  readonly id: DecisionId
  /** Resolves when this peer holds the certificate. Waits as long as that takes; a peer that stops rejects it. */
  readonly decided: Promise<Decided>
}

/** A running peer. */
export interface Peer {
  readonly id: PeerIdString
  /** Multiaddrs it listens on. */
  addresses(): string[]
  /** Puts a question to the community. Throws OptionsError with every problem. */
  propose(proposal: ProposeParams): Promise<DecisionHandle>
  /** One's own ballot, by option names or `abstain`. Changeable until the deadline unless sealed. Throws OptionsError. */
  vote(
    decision: string,
    choices: string | readonly string[],
    options?: { readonly seal?: boolean }
  ): Promise<OpenDecision>
  /** Follows a decision by its id. */
  follow(decision: DecisionId): DecisionHandle
  status(): Status
  decisions(): Promise<{ readonly open: readonly OpenDecision[]; readonly closed: readonly ClosedDecision[] }>
  /** Calls `listener` for what matters of the past and everything to come. The answer ends it. */
  watch(listener: (event: TraceEvent) => void): () => void
  /** Tells the community anew where this peer is. The answer is the number of what was said. */
  announce(): number
  /** How many decisions are open here. */
  readonly openCount: number
  /** Stops cleanly; at most once. */
  stop(reason: string): Promise<void>
  /** Resolves with the reason when the peer has stopped; rejects if our own bug or the disk stopped it. */
  readonly stopped: Promise<string>
}

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
  #host: Host | undefined
  #gossip: Gossip | undefined
  #exchange: Exchange | undefined
  #connectivity: Connectivity | undefined
  #sync: Sync | undefined
  #announcer: Announcer | undefined
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
    this.#story = new Story(options.clock, this.#directory.short(self))
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
      publish: (frame) => void this.#gossip?.publish(frame),
      trace: this.#story.tell,
      onOpened: (session) => this.#answerByItself(session),
      onCertified: (decision, text) => this.#writeCertificate(decision, text),
      onPresence: () => this.#connectivity?.refresh(),
      onLaggard: (member) => this.#sync?.help(this.#directory.peerId(member)),
      onFatal: (error) => this.#fail(error)
    })
  }

  get openCount(): number {
    return this.#driver.open.length
  }

  addresses(): string[] {
    return this.#host?.addresses() ?? []
  }

  async start(): Promise<void> {
    const { dataDirectory, clock } = this.#options
    await this.#driver.restore()
    await this.#startNetwork()
    const listen = this.addresses()
    this.#story.tell({ type: 'peer-started', id: this.id, name: this.#directory.who(this.#self).name, listen })
    this.#control = await serveControl(join(dataDirectory, 'control.sock'), handlersOf(this))
    await writeFile(join(dataDirectory, 'pid'), `${process.pid}\n`)
    await writeFile(join(dataDirectory, 'address'), `${listen.join('\n')}\n`)
    this.#announcer?.announce()
    clock.soon(() => this.#connectivity?.refresh())
  }

  announce(): number {
    return this.#announcer?.announce() ?? 0
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
    const session = this.#findOpen(decision)
    const answer = answerFromWords(typeof choices === 'string' ? [choices] : choices, session.proposal)
    const own = session.decision.ownBallot
    if (own !== undefined) {
      const expected = 'a decision in which this peer has not cast its ballot yet'
      throw new OptionsError([{ path: 'decision', got: 'a ballot that is cast and cannot be changed', expected }])
    }
    await this.#driver.answer(session, answer, seal)
    return describeOpen(session, this.#directory)
  }

  follow(decision: DecisionId): DecisionHandle {
    const decided = Promise.race([this.#driver.decided(decision), this.stopped.then(notAnymore)])
    decided.catch(() => undefined)
    return { id: decision, decided, [Symbol.asyncIterator]: () => this.#eventsOf(decision) }
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
      connected: this.#connectivity?.links() ?? [],
      mesh: this.#gossip?.mesh() ?? [],
      counters: { ...aboveZero(this.#host?.counters ?? {}), ...this.#counters.read() },
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
    this.#announcer?.stop()
    this.#sync?.stop()
    this.#connectivity?.stop()
    await this.#driver.stop()
    this.#story.tell({ type: 'peer-stopped', reason })
    await this.#control?.stop()
    await this.#exchange?.stop()
    this.#gossip?.stop()
    await this.#host?.stop()
    await this.#store.close()
    this.#journal.close()
    await Promise.all(['address', 'pid'].map((name) => rm(join(dataDirectory, name), { force: true })))
  }

  #fail(error: unknown): void {
    const { message } = error as Error
    this.#onFailed(error)
    void this.stop(message)
  }

  async #startNetwork(): Promise<void> {
    const { listen, join: bootstrap, degree, random, clock } = this.#options
    const topic = `equipotent/1/${this.#roster.community}`
    const rosterPeers = this.#directory.peerIds.filter((peer) => peer !== this.id)
    const host = await createHost({
      seed: this.#identity.seed,
      listen,
      topic,
      rosterPeers,
      ...(degree === undefined ? {} : { degree })
    })
    this.#host = host
    this.#gossip = createGossip(host, {
      topic,
      sizeMax: LIMITS.frameSizeBytesMax,
      validate: (bytes, from) => this.#judge(bytes, from),
      onMessage: () => undefined,
      onSubscribers: () => this.#announcer?.changed()
    })
    this.#announcer = new Announcer({
      self: this.#self,
      key: this.#identity.key,
      sign: this.#identity.sign,
      roster: this.#roster,
      presence: this.#presence,
      clock,
      publish: (frame) => void this.#gossip?.publish(frame),
      addresses: () => host.addresses(),
      neighbours: () => this.#neighbours()
    })
    const exchange = await createExchange(host, {
      messageSizeMax: LIMITS.syncSizeBytesMax,
      onExchange: (_, incoming) => sync.exchange(incoming)
    })
    this.#exchange = exchange
    const sync = new Sync({
      roster: this.#roster,
      driver: this.#driver,
      presence: this.#presence,
      store: this.#store,
      clock,
      random,
      counters: this.#counters,
      exchangeWith: (peer) => exchange.with(peer),
      neighbours: () => this.#connectivity?.links() ?? []
    })
    this.#sync = sync
    this.#connectivity = createConnectivity(host, {
      bootstrap,
      random,
      addressesOf: (peer) => this.#ofMember(peer, (node) => this.#presence.addressesOf(node)),
      linksOf: (peer) =>
        this.#ofMember(peer, (node) => this.#presence.neighboursOf(node).map((other) => this.#directory.peerId(other))),
      onConnected: (peer) => this.#onLink('connected', peer),
      onDisconnected: (peer) => this.#onLink('disconnected', peer)
    })
    sync.start()
  }

  /** What gossip should do with a message. What need not be passed on is taken in all the same. */
  #judge(bytes: Uint8Array, from: PeerIdString): 'accept' | 'ignore' | 'reject' {
    const { verdict, arrival } = this.#driver.receive(bytes, 'gossip')
    if (arrival === undefined || this.#options.degree !== undefined) return verdict
    const author = arrival.from
    if (this.#directory.peerId(author) !== from) return verdict
    return isRelayNeedless(author, this.#presence.neighboursOf(author), this.#neighbours()) ? 'ignore' : verdict
  }

  /** Members that gossip reaches from here: connected, and known to be on the topic. */
  #neighbours(): NodeId[] {
    const links = new Set(this.#connectivity?.links())
    return this.#nodesOf((this.#gossip?.subscribers() ?? []).filter((peer) => links.has(peer)))
  }

  #onLink(type: 'connected' | 'disconnected', peer: PeerIdString): void {
    const node = this.#directory.node(peer)
    this.#story.tell({ type, to: node === undefined ? peer.slice(-8) : this.#directory.short(node) })
    this.#announcer?.changed()
    if (type === 'connected' && node !== undefined) this.#sync?.with(peer)
  }

  #ofMember<Value>(peer: PeerIdString, read: (node: NodeId) => readonly Value[]): readonly Value[] {
    const node = this.#directory.node(peer)
    return node === undefined ? [] : read(node)
  }

  #nodesOf(peers: readonly PeerIdString[]): NodeId[] {
    return peers.map((peer) => this.#directory.node(peer)).filter((node) => node !== undefined)
  }

  #answerByItself(session: Session): void {
    const answer = autoAnswer(this.#options.vote, session.proposal, this.#options.random)
    if (answer !== undefined && session.decision.ownBallot === undefined)
      void this.#driver.answer(session, answer, true)
  }

  #findOpen(decision: string): Session {
    const found = decision === '' ? [] : this.#driver.open.filter((session) => session.id.endsWith(decision))
    const [only] = found
    if (only !== undefined && found.length === 1) return only
    const got = found.length > 1 ? `${safeText(decision, 80)}, which fits ${found.length}` : safeText(decision, 80)
    throw new OptionsError([{ path: 'decision', got, expected: 'the id (or the end of the id) of one open decision' }])
  }

  #writeCertificate(decision: DecisionId, text: string): Promise<void> {
    return writeFile(join(this.#options.dataDirectory, 'certificates', `${decision}.json`), text)
  }

  async *#eventsOf(decision: DecisionId): AsyncGenerator<TraceEvent> {
    const waiting: TraceEvent[] = []
    let wake: () => void = () => undefined
    const stop = this.#story.watch((event) => {
      if (!('decision' in event) || event.decision !== decision) return
      waiting.push(event)
      wake()
    })
    try {
      for (;;) {
        const event = waiting.shift()
        if (event === undefined) await new Promise<void>((resolve) => (wake = resolve))
        else {
          yield event
          if (event.type === 'certified') return
        }
      }
    } finally {
      stop()
    }
  }

  #requireRunning(): void {
    if (this.#stopping !== undefined) throw new OperationError('this peer has stopped', 'did-not-happen')
  }
}

function notAnymore(): never {
  throw new OperationError('the peer stopped before the decision was certified', 'unknown')
}

const aboveZero = (counters: Readonly<Record<string, number>>): Record<string, number> =>
  Object.fromEntries(Object.entries(counters).filter(([, count]) => count > 0))
