/**
 * Reliable broadcast: if one correct validator delivers a value, every correct one delivers that same value.
 *
 * A story in three kinds of message. The author says INIT: "this is my value". Whoever sees it says ECHO: "I saw this
 * value from its author, and no other". Once so many echo one value that no other can get as many, or once a correct
 * validator is known to have reached that point, a validator says READY. When 2f + 1 are ready, f + 1 correct ones are,
 * and those f + 1 pull everyone else along, so the value can be delivered. An author that tells different people
 * different things is either delivered nowhere or with one value everywhere.
 *
 * Departures from the paper:
 *
 * - *Hashes.* ECHO and READY carry the hash of the value. A validator that learns from READYs which hash wins but lacks
 *   the value says so in `missing`; the host asks any peer for the author's signed INIT.
 * - *Unanimity shortcut.* ECHO(h) from **all n** validators delivers at once, one delay earlier. Proof: every correct
 *   validator then has echoed h, and echoes once. So every correct one will receive at least n - f echoes of h, which is
 *   enough to intersect, and will say READY(h), unless it says READY(g) for another g first. It cannot: g has at most f
 *   echoes (those of validators that also echoed h), too few to start the first correct READY(g), and at most f false
 *   READY(g), too few to be joined. So every correct one gets READY(h) from n - f >= 2f + 1 and delivers h as well.
 *   The argument needs all n: it must leave out no correct echo, and nobody knows which f to leave out.
 * - *Held echo.* With `holdsEcho` the ECHO waits until `release()`. That is a delay of one message, which an asynchronous
 *   protocol allows; READY is never held.
 *
 * Source: G. Bracha, "Asynchronous Byzantine Agreement Protocols", Information and Computation 75, 1987, section 3.
 *
 * @packageDocumentation
 */

import { invariant } from '../core/errors.ts'
import type { Hash, NodeId } from '../core/ids.ts'
import { enoughForAll, enoughToIntersect, enoughToTrustOne } from '../core/quorum.ts'
import { accuseOfContradiction, accuseOfImpossible, isOtherValidator } from './faults.ts'
import { FirstWords } from './first-words.ts'
import type { Input, Machine, Step } from './machine.ts'
import type { BroadcastMessage } from './message.ts'
import { rule } from './rules.ts'
import { because, idle, join } from './step.ts'

/** How many different INIT values of one equivocating author are kept. */
export const INIT_VALUES_MAX = 4

/** What a reliable broadcast needs to know. */
export interface ReliableBroadcastOptions<Value> {
  readonly self: NodeId
  readonly validatorCount: number
  /** Whose value this instance carries. */
  readonly broadcaster: NodeId
  /** A collision-free name for a value. Total: it is given whatever a peer sent. */
  readonly hashOf: (value: Value) => Hash
  /** Keeps the ECHO back until `release()`. Default: false. */
  readonly holdsEcho?: boolean
}

/** One instance of reliable broadcast at one validator. */
export interface ReliableBroadcast<Value> extends Machine<Value, BroadcastMessage<Value>, Value> {
  /** Lets a held ECHO go, now or when the INIT comes. Only the first call counts. */
  release(): Step<BroadcastMessage<Value>, Value>
  /** The hash that will be delivered here once its value is: READY from 2f + 1, but no such INIT in hand. */
  readonly missing: Hash | undefined
}

/** Starts an instance of reliable broadcast. */
export function createReliableBroadcast<Value>(options: ReliableBroadcastOptions<Value>): ReliableBroadcast<Value> {
  return new Broadcast(options)
}

type BroadcastStep<Value> = Step<BroadcastMessage<Value>, Value>

class Broadcast<Value> implements ReliableBroadcast<Value> {
  readonly #options: ReliableBroadcastOptions<Value>
  /** INIT values in hand, by hash; one, unless the author equivocates. */
  readonly #values = new Map<Hash, Value>()
  /** ECHO hash of each validator, this one included. */
  readonly #echoes: FirstWords<Hash>
  /** READY hash of each validator, this one included. */
  readonly #readies: FirstWords<Hash>
  /** Hash of the first INIT: the one to echo. */
  #first: Hash | undefined
  /** True while the ECHO must wait. */
  #holding: boolean
  /** True once the author was seen to say two INITs. */
  #accused = false
  #echoSent = false
  #readySent = false
  /** Hash of the delivered value. */
  #delivered: Hash | undefined

  constructor(options: ReliableBroadcastOptions<Value>) {
    this.#options = options
    this.#echoes = new FirstWords(options.validatorCount)
    this.#readies = new FirstWords(options.validatorCount)
    this.#holding = options.holdsEcho ?? false
  }

  step(input: Input<Value, BroadcastMessage<Value>>): BroadcastStep<Value> {
    if (input.type === 'proposed') return this.#onProposed(input.proposal)
    if (input.type === 'timed-out') return idle
    const { from, message } = input
    if (!isOtherValidator(from, this.#options.self, this.#options.validatorCount)) return idle
    if (message.type === 'init') return this.#onInit(from, message.value)
    if (message.type !== 'echo' && message.type !== 'ready') return accuseOfImpossible(from, 'Unknown type of message.')
    if (typeof message.hash !== 'string') return accuseOfImpossible(from, 'A hash that is none.')
    return message.type === 'echo' ? this.#onEcho(from, message.hash) : this.#onReady(from, message.hash)
  }

  release(): BroadcastStep<Value> {
    this.#holding = false
    return this.#tryEcho()
  }

  /**
   * Delivered, and by READYs. Whoever has 2f + 1 of them knows that f + 1 correct validators are ready, which makes every
   * other correct one ready, so nothing that this validator could still say is needed by anybody.
   */
  get terminated(): boolean {
    return this.#delivered !== undefined && this.#isReadyEverywhere(this.#delivered)
  }

  get missing(): Hash | undefined {
    if (this.#delivered !== undefined) return undefined
    return this.#readies.words().find((hash) => this.#isReadyEverywhere(hash))
  }

  inspect(): unknown {
    return {
      values: [...this.#values.keys()],
      echoes: this.#echoes.toArray(),
      readies: this.#readies.toArray(),
      echoSent: this.#echoSent,
      readySent: this.#readySent,
      holding: this.#holding,
      delivered: this.#delivered ?? null
    }
  }

  /** Rule 1: the author says its value, once. */
  #onProposed(value: Value): BroadcastStep<Value> {
    invariant(this.#options.self === this.#options.broadcaster, 'only its broadcaster proposes to a broadcast')
    if (this.#first !== undefined) return idle
    return join<BroadcastMessage<Value>, Value>(
      because(rule('rbc/init'), { type: 'broadcast', message: { type: 'init', value } }),
      this.#accept(this.#options.hashOf(value), value)
    )
  }

  #onInit(from: NodeId, value: Value): BroadcastStep<Value> {
    if (from !== this.#options.broadcaster) return accuseOfImpossible(from, 'An INIT for the value of somebody else.')
    const hash = this.#options.hashOf(value)
    if (this.#values.has(hash)) return idle
    return join(this.#noteSecondInit(from, hash), this.#accept(hash, value))
  }

  #noteSecondInit(from: NodeId, hash: Hash): Step<never, never> {
    if (this.#first === undefined || this.#first === hash || this.#accused) return idle
    this.#accused = true
    return accuseOfContradiction(from, 'init')
  }

  /** A value is in hand: echo it if it is the first, deliver it if only the value was missing. */
  #accept(hash: Hash, value: Value): BroadcastStep<Value> {
    this.#first ??= hash
    this.#keep(hash, value)
    return join(this.#tryEcho(), this.#tryDeliver(hash))
  }

  /**
   * Keeps a value. Memory for an equivocating author is bounded, so a newcomer takes the place of the value with the
   * least support, if its own is greater. A hash with READYs from 2f + 1 has more support than any rival can get.
   */
  #keep(hash: Hash, value: Value): void {
    if (this.#values.size >= INIT_VALUES_MAX) {
      const weakest = [...this.#values.keys()].reduce((a, b) => (this.#support(b) < this.#support(a) ? b : a))
      if (this.#support(hash) <= this.#support(weakest)) return
      this.#values.delete(weakest)
    }
    this.#values.set(hash, value)
  }

  #support(hash: Hash): number {
    return this.#echoes.count(hash) + this.#readies.count(hash) * this.#options.validatorCount
  }

  /** Rule 2: echo the first INIT, once. */
  #tryEcho(): BroadcastStep<Value> {
    if (this.#holding || this.#echoSent || this.#first === undefined) return idle
    this.#echoSent = true
    const hash = this.#first
    return join<BroadcastMessage<Value>, Value>(
      because(rule('rbc/echo-on-init'), { type: 'broadcast', message: { type: 'echo', hash } }),
      this.#onEcho(this.#options.self, hash)
    )
  }

  #onEcho(from: NodeId, hash: Hash): BroadcastStep<Value> {
    const hearing = this.#echoes.hear(from, hash)
    if (hearing === 'contradicted') return accuseOfContradiction(from, 'echo')
    return hearing === 'counted' ? join(this.#tryReady(hash), this.#tryDeliver(hash)) : idle
  }

  #onReady(from: NodeId, hash: Hash): BroadcastStep<Value> {
    const hearing = this.#readies.hear(from, hash)
    if (hearing === 'contradicted') return accuseOfContradiction(from, 'ready')
    return hearing === 'counted' ? join(this.#tryReady(hash), this.#tryDeliver(hash)) : idle
  }

  /** Rule 3: say READY, once in total and not once for each value. */
  #tryReady(hash: Hash): BroadcastStep<Value> {
    if (this.#readySent) return idle
    const { self, validatorCount } = this.#options
    const byEchoes = this.#echoes.count(hash) >= enoughToIntersect(validatorCount)
    if (!byEchoes && this.#readies.count(hash) < enoughToTrustOne(validatorCount)) return idle
    this.#readySent = true
    const why = byEchoes ? 'rbc/ready-on-echoes' : 'rbc/ready-on-readies'
    return join<BroadcastMessage<Value>, Value>(
      because(rule(why), { type: 'broadcast', message: { type: 'ready', hash } }),
      this.#onReady(self, hash)
    )
  }

  /** Rule 4, and the unanimity shortcut: deliver, once, with the value in hand. */
  #tryDeliver(hash: Hash): BroadcastStep<Value> {
    if (this.#delivered !== undefined || !this.#values.has(hash)) return idle
    const byReadies = this.#isReadyEverywhere(hash)
    if (!byReadies && this.#echoes.count(hash) < this.#options.validatorCount) return idle
    this.#delivered = hash
    const decision = this.#values.get(hash) as Value
    return because(rule(byReadies ? 'rbc/deliver-on-readies' : 'rbc/deliver-on-all-echoes'), {
      type: 'decide',
      decision
    })
  }

  #isReadyEverywhere(hash: Hash): boolean {
    return this.#readies.count(hash) >= enoughForAll(this.#options.validatorCount)
  }
}
