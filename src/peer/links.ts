/**
 * A peer's ties to the others: the host, gossip, the digest exchange, and the loop that keeps the roster connected.
 *
 * @packageDocumentation
 */

import '../network/runtime.ts'
import type { TraceFact } from '../consensus/trace.ts'
import type { NodeId, PeerIdString } from '../core/ids.ts'
import { maxFaulty } from '../core/quorum.ts'
import type { Roster } from '../decision/roster.ts'
import { type Connectivity, createConnectivity } from '../network/connectivity.ts'
import { createGossip, type Gossip } from '../network/gossip.ts'
import { createHost, type Host } from '../network/host.ts'
import { linkTarget } from '../network/settings.ts'
import { createExchange, type Exchange } from '../network/streams/exchange.ts'
import type { Identity } from '../storage/identity.ts'
import type { Store } from '../storage/store.ts'
import { LIMITS } from '../wire/limits.ts'
import { Announcer } from './announcer.ts'
import type { Counters } from './counters.ts'
import type { Directory } from './directory.ts'
import type { Driver } from './driver.ts'
import type { ResolvedPeerOptions } from './options.ts'
import type { PresenceTable } from './presence.ts'
import { Proofs } from './proofs.ts'
import { isRelayNeedless } from './relay.ts'
import type { Standing } from './standing.ts'
import { Sync } from './sync.ts'

/** What the ties are made from. */
export interface LinksOptions {
  readonly options: ResolvedPeerOptions
  readonly identity: Identity
  readonly self: NodeId
  readonly roster: Roster
  readonly directory: Directory
  readonly presence: PresenceTable
  readonly driver: Driver
  readonly store: Store
  readonly counters: Counters
  readonly trace: (fact: TraceFact) => void
  readonly standing: Standing
}

/** A running peer's ties. */
export class Links {
  readonly #parts: LinksOptions
  readonly #host: Host
  readonly #gossip: Gossip
  readonly #exchange: Exchange
  readonly #sync: Sync
  readonly #announcer: Announcer
  readonly #connectivity: Connectivity
  #isCut = false

  private constructor(parts: LinksOptions, host: Host, exchange: Exchange, sync: Sync) {
    this.#parts = parts
    this.#host = host
    this.#exchange = exchange
    this.#sync = sync
    this.#gossip = createGossip(host, {
      topic: topicOf(parts.roster),
      sizeMax: LIMITS.frameSizeBytesMax,
      validate: (bytes, from) => this.#judge(bytes, from),
      onMessage: () => undefined,
      onSubscribers: () => this.#announcer.changed()
    })
    this.#announcer = new Announcer({
      self: parts.self,
      key: parts.identity.key,
      sign: parts.identity.sign,
      roster: parts.roster,
      presence: parts.presence,
      clock: parts.options.clock,
      publish: (frame) => this.publish(frame),
      addresses: () => this.addresses(),
      neighbours: () => this.#neighbours(),
      standing: parts.standing
    })
    parts.standing.onChange(() => this.#announcer.changed())
    this.#connectivity = this.#connect()
  }

  /** Starts listening, joins the topic, and begins to call others. */
  static async start(parts: LinksOptions): Promise<Links> {
    const { options, identity, directory, self, roster } = parts
    const host = await createHost({
      seed: identity.seed,
      listen: options.listen,
      topic: topicOf(roster),
      rosterPeers: directory.peerIds.filter((peer) => peer !== directory.peerId(self)),
      ...(options.degree === undefined ? {} : { degree: options.degree })
    })
    try {
      const exchange: Exchange = await createExchange(host, {
        messageSizeMax: LIMITS.syncSizeBytesMax,
        onExchange: (peer, incoming) => (directory.node(peer) === undefined ? SILENCE : sync.exchange(peer, incoming))
      })
      const sync: Sync = new Sync({
        ...parts,
        clock: options.clock,
        random: options.random,
        proofs: new Proofs({ roster, key: identity.key, sign: identity.sign, shelf: parts.driver.shelf }),
        exchangeWith: (peer) => exchange.with(peer),
        neighbours: () => links.connected(),
        onExchanged: (peer) => links.#onExchanged(peer),
        isAwaited: (peer) => links.#ofMember(peer, (node) => [parts.standing.lacksAnswerOf(node)]).includes(true)
      })
      const links: Links = new Links(parts, host, exchange, sync)
      sync.start()
      return links
    } catch (error) {
      await host.stop()
      throw error
    }
  }

  /** Multiaddrs this peer listens on. */
  addresses(): string[] {
    return this.#host.addresses()
  }

  /** Members connected now. */
  connected(): PeerIdString[] {
    return this.#connectivity.links()
  }

  /** Neighbours in the gossip mesh. */
  mesh(): PeerIdString[] {
    return this.#gossip.mesh()
  }

  /** What the network has counted. */
  counters(): Readonly<Record<string, number>> {
    return { ...this.#host.counters }
  }

  /** Hands a frame to gossip. */
  publish(frame: Uint8Array): void {
    void this.#gossip.publish(frame)
  }

  /** Tells the community anew where this peer is. The answer is the number of what was said. */
  announce(): number {
    return this.#announcer.announce()
  }

  /** Something was learned of where others are: look for them. */
  refresh(): void {
    this.#announcer.catchUp()
    this.#connectivity.refresh()
  }

  /** Gives a member that is behind what it lacks. */
  help(member: NodeId): void {
    this.#sync.help(this.#parts.directory.peerId(member))
  }

  /** Refuses exactly these members, until `heal`. */
  cut(peers: readonly PeerIdString[]): void {
    const { directory, trace } = this.#parts
    const members = peers.filter((peer) => directory.node(peer) !== undefined)
    const shorts = directory.shorts(directory.nodes(members))
    this.#isCut = members.length > 0
    this.#host.cut(members)
    trace({ type: 'fault-injected', fault: 'cut', target: shorts.join(' ') })
  }

  /** Refuses nobody any more. */
  heal(): void {
    if (!this.#isCut) return
    this.#isCut = false
    this.#host.heal()
    this.#parts.trace({ type: 'fault-injected', fault: 'heal', target: '' })
  }

  /** Speaks and calls no more. */
  quiet(): void {
    this.#announcer.stop()
    this.#sync.stop()
    this.#connectivity.stop()
  }

  /** Closes every connection. */
  async stop(): Promise<void> {
    this.quiet()
    await this.#exchange.stop()
    this.#gossip.stop()
    await this.#host.stop()
  }

  #connect(): Connectivity {
    const { options, presence, directory } = this.#parts
    return createConnectivity(this.#host, {
      bootstrap: options.join,
      random: options.random,
      target: () => this.#linkTarget(),
      addressesOf: (peer) => this.#ofMember(peer, (node) => presence.addressesOf(node)),
      linksOf: (peer) =>
        this.#ofMember(peer, (node) => presence.neighboursOf(node).map((other) => directory.peerId(other))),
      onConnected: (peer) => this.#onLink('connected', peer),
      onDisconnected: (peer) => this.#onLink('disconnected', peer)
    })
  }

  /** While this peer asks, f more: those it has links with may be the ones that never answer. */
  #linkTarget(): number {
    const { roster, options, standing } = this.#parts
    const memberCount = roster.members.length
    const spare = standing.state === 'asking' ? maxFaulty(memberCount) : 0
    return Math.min(memberCount - 1, linkTarget(memberCount, options.degree) + spare)
  }

  /** What gossip should do with a message. What need not be passed on is taken in all the same. */
  #judge(bytes: Uint8Array, from: PeerIdString): 'accept' | 'ignore' | 'reject' {
    const { driver, options, directory, presence } = this.#parts
    const { verdict, arrival } = driver.receive(bytes, 'gossip')
    if (arrival === undefined || options.degree !== undefined) return verdict
    const author = arrival.from
    if (directory.peerId(author) !== from) return verdict
    return isRelayNeedless(author, presence.neighboursOf(author), this.#neighbours()) ? 'ignore' : verdict
  }

  /** Members that gossip reaches from here: connected, and known to be on the topic. */
  #neighbours(): NodeId[] {
    const links = new Set(this.#connectivity.links())
    return this.#parts.directory.nodes(this.#gossip.subscribers().filter((peer) => links.has(peer)))
  }

  #onLink(type: 'connected' | 'disconnected', peer: PeerIdString): void {
    const { directory, trace, self } = this.#parts
    const node = directory.node(peer)
    // Outsiders come and go as they please, and it is nobody's business.
    if (node === undefined) return
    trace({ type, to: directory.short(node) })
    this.#announcer.changed()
    if (type !== 'connected') return
    this.#sync.linked()
    // Both sides speak in an exchange, so one of the two begins it.
    if (self < node) this.#sync.with(peer)
  }

  /** What came in this exchange is worked off in the next turn; then this member has been asked. */
  #onExchanged(peer: PeerIdString): void {
    const { directory, driver, standing } = this.#parts
    const node = directory.node(peer)
    if (node !== undefined) driver.afterTurn(() => standing.asked(node))
  }

  #ofMember<Value>(peer: PeerIdString, read: (node: NodeId) => readonly Value[]): readonly Value[] {
    const node = this.#parts.directory.node(peer)
    return node === undefined ? [] : read(node)
  }
}

/** What a peer off the roster is told in an exchange. */
const SILENCE: AsyncIterable<Uint8Array> = {
  [Symbol.asyncIterator]: () => ({ next: async () => ({ done: true, value: undefined }) })
}

/** The community's one gossip topic. */
const topicOf = (roster: Roster): string => `equipotent/1/${roster.community}`
