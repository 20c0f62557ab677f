/**
 * A member that speaks the wire protocol and is no peer: the layers up to the decision machine, and no store.
 *
 * It keeps what it hears, follows every decision with a real machine, and asks its *conduct* what to say in place of what
 * the machine says, to whom, and how to answer in exchanges. Honest conduct says the machine's words to everybody; so the
 * same program is a liar (`liar.ts`) or a witness that writes down every byte it is told (`witness.ts`).
 *
 * It has no memory: started anew it would contradict itself.
 *
 * @packageDocumentation
 */

import '../../src/network/runtime.ts'
import { randomBytes } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { DecisionId, NodeId, PeerIdString } from '../../src/core/ids.ts'
import type { Random } from '../../src/core/random.ts'
import { claimedDecision, verifyCertificate } from '../../src/decision/certificate.ts'
import { type CheckedCharter, checkCharter } from '../../src/decision/charter.ts'
import { Archive } from '../../src/decision/delivery.ts'
import type { IdentifiedProposal } from '../../src/decision/proposal.ts'
import { type Roster, rosterOf } from '../../src/decision/roster.ts'
import { type Connectivity, createConnectivity } from '../../src/network/connectivity.ts'
import { createGossip, type Gossip } from '../../src/network/gossip.ts'
import { createHost, type Host } from '../../src/network/host.ts'
import { createExchange, type Exchange } from '../../src/network/streams/exchange.ts'
import { Directory } from '../../src/peer/directory.ts'
import { PresenceTable } from '../../src/peer/presence.ts'
import { type Identity, readIdentity } from '../../src/storage/identity.ts'
import { verify } from '../../src/storage/keys.ts'
import { type Envelope, encodeEnvelope, openEnvelope, type Payload } from '../../src/wire/envelope.ts'
import { LIMITS } from '../../src/wire/limits.ts'
import type { SyncDigest } from '../../src/wire/sync.ts'
import { type Affair, type Conduct, castFirst, type ExchangeTalk, exchangeHonestly, PlayedAffair } from './affair.ts'

/** What a member is made of. */
export interface MemberOptions {
  readonly dataDirectory: string
  readonly join: readonly string[]
  readonly random: Random
  readonly conductIn: (proposal: IdentifiedProposal) => Conduct
  /** Hears every frame with its true author, before anything is done with it. Default: nobody. */
  readonly onFrame?: (envelope: Envelope, from: NodeId) => void
}

/** Part of gossipsub that its public type leaves out: one message to one neighbour. */
interface OneToOne {
  sendRpc(peer: PeerIdString, rpc: { subscriptions: []; messages: { topic: string; data: Uint8Array }[] }): boolean
}

/** Time between two exchanges with a random neighbour while anything is open, and between two presences. */
const PULSE_MS = 1_000

/** Frames about a decision that wait for its proposal. */
const EARLY_MAX = 1_000

/** A running member. */
export class Member {
  readonly identity: Identity
  readonly charter: CheckedCharter
  readonly roster: Roster
  readonly directory: Directory
  readonly self: NodeId
  readonly archive = new Archive()
  readonly presence: PresenceTable
  /** Certificates, by decision, in the order they came. */
  readonly certificates = new Map<DecisionId, string>()
  readonly affairs = new Map<DecisionId, Affair>()
  readonly #options: MemberOptions
  #early: Envelope[] = []
  readonly #host: Host
  #gossip!: Gossip
  #exchange!: Exchange
  #connectivity!: Connectivity
  readonly #session = randomBytes(16).toString('hex')
  readonly #timers = new Set<NodeJS.Timeout>()

  private constructor(options: MemberOptions, identity: Identity, charter: CheckedCharter, roster: Roster, host: Host) {
    this.#options = options
    this.identity = identity
    this.charter = charter
    this.roster = roster
    this.directory = new Directory(roster)
    this.self = roster.indexOf(identity.key) as NodeId
    this.presence = new PresenceTable(roster.members.length)
    this.#host = host
  }

  /** Reads identity and charter, listens, and begins to call others. */
  static async start(options: MemberOptions): Promise<Member> {
    const identity = (await readIdentity(options.dataDirectory)) as Identity
    const charter = checkCharter(JSON.parse(readFileSync(join(options.dataDirectory, 'charter.json'), 'utf8')), verify)
    const roster = rosterOf(charter)
    const { peerIds } = new Directory(roster)
    const host = await createHost({
      seed: identity.seed,
      listen: ['/ip4/127.0.0.1/tcp/0'],
      topic: topicOf(roster),
      rosterPeers: peerIds.filter((_, node) => node !== roster.indexOf(identity.key))
    })
    const member = new Member(options, identity, charter, roster, host)
    await member.#join()
    return member
  }

  /** Where others reach it. */
  addresses(): string[] {
    return this.#host.addresses()
  }

  /** Everybody else who is connected. */
  neighbours(): PeerIdString[] {
    return this.#connectivity.links()
  }

  /** One message to each of these neighbours; what is no frame may be said as well. False if one did not take it. */
  tell(bytes: Uint8Array, to: readonly PeerIdString[] = this.neighbours()): boolean {
    const pubsub = this.#host.node.services.pubsub as unknown as OneToOne
    const rpc = () => ({ subscriptions: [] as [], messages: [{ topic: topicOf(this.roster), data: bytes }] })
    return to.map((peer) => pubsub.sendRpc(peer, rpc())).every((taken) => taken)
  }

  /** Begins an exchange; what becomes of it is not asked. */
  exchangeWith(peer: PeerIdString): Promise<void> {
    return this.#exchange.with(peer).catch(() => undefined)
  }

  /** Signs anything that an envelope can hold. */
  sign(payload: Payload, decision?: DecisionId, roster: Roster = this.roster): Envelope {
    const { key, sign } = this.identity
    return encodeEnvelope({ roster, author: key, payload, sign, ...(decision === undefined ? {} : { decision }) })
  }

  /** What an honest member would say of itself now; `lies` replace parts of it. */
  presenceFrame(lies: Partial<Extract<Payload, { type: 'presence' }>> = {}): Uint8Array {
    const neighbours = this.neighbours().map((peer) => this.directory.node(peer) as NodeId)
    const payload: Payload = {
      type: 'presence',
      sequence: Date.now(),
      addresses: this.addresses(),
      neighbours: neighbours.sort((left, right) => left - right),
      session: this.#session,
      life: 1,
      observing: false,
      ...lies
    }
    return this.sign(payload).frame
  }

  /** What an honest member has. */
  digest(): SyncDigest {
    return { community: this.roster.community, ...this.archive.digest(), presence: this.presence.sequences() }
  }

  /** Opens a decision of its own, or one it was told of. */
  open(proposal: IdentifiedProposal, envelope: Envelope, from: NodeId): void {
    const { id } = proposal
    if (this.affairs.has(id) || this.archive.isClosed(id)) return
    const affair = new PlayedAffair(this, proposal, this.#options.conductIn(proposal))
    this.affairs.set(id, affair)
    this.archive.open(id)
    this.archive.keep(id, from, envelope.id, envelope.frame)
    affair.take({ type: 'opened' })
    const { opened = castFirst } = affair.conduct
    opened(affair)
    const [now, later] = [this.#early.filter(isAbout(id)), this.#early.filter((early) => !isAbout(id)(early))]
    this.#early = later
    for (const early of now) this.#onWords(early, this.roster.indexOf(early.author) as NodeId)
  }

  /** Does this later, unless it has stopped by then. */
  later(afterMs: number, act: () => void): void {
    const timer = setTimeout(() => {
      this.#timers.delete(timer)
      act()
    }, afterMs)
    this.#timers.add(timer)
  }

  async stop(): Promise<void> {
    for (const timer of this.#timers) clearTimeout(timer)
    this.#connectivity.stop()
    await this.#exchange.stop()
    this.#gossip.stop()
    await this.#host.stop()
  }

  async #join(): Promise<void> {
    this.#gossip = createGossip(this.#host, {
      topic: topicOf(this.roster),
      validate: (bytes) => {
        this.hear(bytes)
        return 'ignore'
      },
      onMessage: () => undefined
    })
    this.#exchange = await createExchange(this.#host, {
      messageSizeMax: LIMITS.syncSizeBytesMax,
      onExchange: (peer, incoming, saidAll) => this.#onExchange({ peer, incoming, saidAll })
    })
    this.#connectivity = createConnectivity(this.#host, {
      bootstrap: this.#options.join,
      random: this.#options.random,
      addressesOf: (peer) => this.presence.addressesOf(this.directory.node(peer) as NodeId),
      onConnected: (peer) => void this.exchangeWith(peer)
    })
    this.#pulse()
  }

  #pulse(): void {
    const { random } = this.#options
    const around = this.neighbours()
    const chosen = around[Math.floor(random() * around.length)]
    if (chosen !== undefined && this.affairs.size > 0) void this.exchangeWith(chosen)
    this.tell(this.presenceFrame())
    this.later(PULSE_MS, () => this.#pulse())
  }

  /** Takes a frame in, from whomever. */
  hear(bytes: Uint8Array): void {
    const opened = openEnvelope(bytes, this.roster, verify)
    if (!opened.ok || opened.from === this.self) return
    const { envelope, from } = opened
    this.#options.onFrame?.(envelope, from)
    const { payload } = envelope
    if (payload.type === 'presence' && this.presence.accept(from, envelope)) this.#connectivity.refresh()
    if (payload.type === 'proposal') this.open(payload.proposal, envelope, from)
    if (payload.type === 'words') this.#onWords(envelope, from)
  }

  #onWords(envelope: Envelope, from: NodeId): void {
    const { decision, payload, id, frame } = envelope
    if (decision === undefined || payload.type !== 'words' || this.archive.isClosed(decision)) return
    const affair = this.affairs.get(decision)
    if (affair === undefined) {
      if (this.#early.length < EARLY_MAX) this.#early.push(envelope)
      return
    }
    if (this.archive.has(decision, id) || !this.archive.keep(decision, from, id, frame)) return
    affair.conduct.heard?.(affair, envelope)
    for (const message of payload.words) affair.take({ type: 'received', from, message })
  }

  #close(decision: DecisionId, text: string): void {
    if (this.certificates.has(decision)) return
    this.certificates.set(decision, text)
    // The last words of this round are still to be said, and others may still ask for them.
    this.later(PULSE_MS, () => {
      this.archive.close(decision)
      this.affairs.delete(decision)
    })
  }

  #onExchange(talk: ExchangeTalk): AsyncIterable<Uint8Array> {
    for (const affair of this.affairs.values()) {
      if (affair.conduct.exchange !== undefined) return affair.conduct.exchange(affair, talk)
    }
    return exchangeHonestly(this, talk)
  }

  /** Takes a certificate in, from whomever. */
  adopt(text: string): void {
    const decision = claimedDecision(text)
    if (decision !== undefined && verifyCertificate(text, verify).ok) this.#close(decision, text)
  }
}

const isAbout =
  (decision: DecisionId) =>
  (envelope: Envelope): boolean =>
    envelope.decision === decision

const topicOf = (roster: Roster): string => `equipotent/1/${roster.community}`
