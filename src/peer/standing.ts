/**
 * Whether this peer may speak in decisions, and why not.
 *
 * A correct peer never says two different things, and its store is how it remembers what it said. A store can be emptied,
 * put back from an old copy, or damaged; and a data directory can be copied, so that two processes speak with one key. The
 * peer cannot rule that out by itself, so every life of it begins by *asking*: it takes in everything, and says nothing in
 * any decision until it has completed an exchange with as many members as any decision needs. They give it what it lacks,
 * its own earlier words among it. If one of those is unknown to its store, or its store says itself that it has lost
 * something, or another process speaks with its key, it *observes*: it takes part in gossip, passes things on, adopts
 * certificates, and never votes again on this roster. It counts as one of the f that may fail. A new roster begins afresh, in
 * a data directory of its own.
 *
 * Asking costs nothing where all are there, because neighbours exchange on connecting anyway; and where fewer members are
 * there than it asks, no decision could end without it either.
 *
 * A limit: up to f of those asked may be liars that hide what they know, and words that reached nobody it asked stay
 * unknown. Then this peer is one of the f that misbehave, which the protocols survive.
 *
 * @packageDocumentation
 */

import type { TraceFact } from '../consensus/trace.ts'
import type { Hash, NodeId } from '../core/ids.ts'
import { enoughToProceed } from '../core/quorum.ts'
import type { Store } from '../storage/store.ts'
import type { Counters } from './counters.ts'

/** Why a peer observes, for people. */
export const OBSERVING = {
  behind: 'its store is older than what it has said: emptied, or put back from an old copy',
  damaged: 'its store has lost a part of what it has said',
  forgotten:
    'others hold words signed with its key that its store does not know: an old copy, or a second process with this key',
  twin: 'another process uses its key, or its store has forgotten a life that it had'
} as const

/** The name of a reason. */
export type WhyObserving = keyof typeof OBSERVING

/** What a peer may do. */
export type StandingState = 'asking' | 'voting' | 'observing'

/** What a standing needs. */
export interface StandingOptions {
  readonly validatorCount: number
  /** Hash of the roster on which it would vote. */
  readonly roster: Hash
  /** Links that this peer seeks: in a sparse community it asks no more members than that. */
  readonly linkTarget: number
  /** 32 hexadecimal digits that no other process has: random, once a process. */
  readonly session: string
  readonly store: Pick<Store, 'get' | 'put' | 'beginLife' | 'standing'>
  readonly counters: Counters
  readonly trace: (fact: TraceFact) => void
  readonly onFatal: (error: unknown) => void
}

/** Bytes of a session: so many that no two processes ever draw the same. */
export const SESSION_SIZE_BYTES = 16

/** Digits of the roster's hash in the name under which a standing is kept. */
const ROSTER_DIGITS = 16

/** Whether this peer may speak. */
export class Standing {
  readonly session: string
  readonly #options: StandingOptions
  readonly #asked = new Set<NodeId>()
  readonly #listeners: (() => void)[] = []
  #life = 0
  #state: StandingState = 'asking'
  #why: WhyObserving | undefined

  constructor(options: StandingOptions) {
    this.#options = options
    this.session = options.session
  }

  get state(): StandingState {
    return this.#state
  }

  /** One clause for people; empty if it votes. */
  get reason(): string {
    if (this.#state === 'voting') return ''
    if (this.#why !== undefined) return OBSERVING[this.#why]
    return `it has asked ${this.#asked.size} of ${this.#needed} members what they know of its earlier words`
  }

  /** How often this data directory has begun to live, from 1. Rises before anything is said. */
  get life(): number {
    return this.#life
  }

  get maySpeak(): boolean {
    return this.#state === 'voting'
  }

  get isObserving(): boolean {
    return this.#state === 'observing'
  }

  /** Calls `listener` whenever the state has changed. */
  onChange(listener: () => void): void {
    this.#listeners.push(listener)
  }

  /** Begins a life: on disk when the promise resolves, so that no two lives of one store have the same number. */
  async begin(): Promise<void> {
    const { store } = this.#options
    this.#life = await store.beginLife()
    // A damaged value says that there was one.
    const earlier = await store.get(this.#name).catch(() => 'damaged')
    if (earlier !== undefined) this.#become('observing', earlier in OBSERVING ? (earlier as WhyObserving) : 'forgotten')
    else if (store.standing.state !== 'sound') this.observe(store.standing.state)
    else this.#vote()
  }

  /** True if `member` has not been asked, and this peer would rather ask before it speaks. */
  lacksAnswerOf(member: NodeId): boolean {
    return this.#state === 'asking' && !this.#asked.has(member)
  }

  /** `member` has given everything it knows and this peer lacked. */
  asked(member: NodeId): void {
    if (!this.lacksAnswerOf(member)) return
    this.#asked.add(member)
    this.#vote()
  }

  /** From now on, and in every later life on this roster, this peer only observes. */
  observe(why: WhyObserving): void {
    if (this.#state === 'observing') return
    const { store, counters, onFatal } = this.#options
    counters.add(`observing-${why}`)
    store.put(this.#name, why).catch(onFatal)
    this.#become('observing', why)
  }

  /**
   * What this peer's own presence, said by somebody, means. `earlier`: it said so itself, in an earlier life. `twin`: no
   * earlier life of this store can have said it.
   */
  readOwnPresence(said: { readonly session: string; readonly life: number; readonly observing: boolean }) {
    if (said.session === this.session) return 'mine'
    const isImpossible = said.life >= this.#life || (said.observing && this.#state !== 'observing')
    return isImpossible ? 'twin' : 'earlier'
  }

  /** Members to ask before speaking: with oneself, as many as any decision needs. */
  get #needed(): number {
    const { validatorCount, linkTarget } = this.#options
    return Math.min(enoughToProceed(validatorCount) - 1, linkTarget)
  }

  get #name(): string {
    return `observing-${this.#options.roster.slice(0, ROSTER_DIGITS)}`
  }

  #vote(): void {
    if (this.#state === 'asking' && this.#asked.size >= this.#needed) this.#become('voting')
  }

  #become(state: StandingState, why?: WhyObserving): void {
    this.#state = state
    this.#why = why
    this.#options.trace({ type: 'standing', standing: state, reason: this.reason })
    for (const listener of this.#listeners) listener()
  }
}
