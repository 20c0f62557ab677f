/**
 * Common subset: all correct validators output the same set of values, with at least n - f in it, and nobody chairs.
 *
 * A story: everyone broadcasts a value reliably (`reliable-broadcast.ts`). About each value there is one agreement
 * (`binary-agreement.ts`) on "do we count it?". Whoever delivers a value says 1 to its agreement. Once n - f agreements
 * have ended on 1 and this validator waits for no more values, it says 0 to the rest. When all n have ended, those that
 * ended on 1 are the set, and their values are here or on their way. Up to f correct but slow values can be left out.
 *
 * Our addition, the gate: people need minutes, so values trickle in. A validator holds all its ECHOs back until its
 * *closing rule* holds, and then sends them as one batch. The rule holds when
 *
 * 1. the INITs of all n are here (`acs/open-all-here`), or
 * 2. the host says that this validator's deadline has passed: `timed-out` with `CLOSE` (`acs/open-deadline`), or
 * 3. ECHO, READY or agreement messages came from f + 1 others, so a correct one has closed (`acs/open-others-closed`).
 *
 * The gate delays ECHOs, as a slow network might, so no proof changes; READY is not held. Every correct validator has a
 * deadline, so every gate opens. The same rule guards the zeros: nobody is voted out while all are still waited for.
 *
 * With everyone present and correct, the output is there after 3 one-way delays (INIT, ECHO, input), thanks to the
 * unanimity shortcuts of the two parts.
 *
 * Sources: Ben-Or, Kelmer, Rabin, "Asynchronous Secure Computations with Optimal Resilience", PODC 1994, section 4; Miller,
 * Xia, Croman, Shi, Song, "The Honey Badger of BFT Protocols", CCS 2016, section 4.4.
 *
 * @packageDocumentation
 */

import { everyNode, type Hash, type NodeId } from '../core/ids.ts'
import { enoughToProceed, enoughToTrustOne } from '../core/quorum.ts'
import { VoteSet } from '../core/vote-set.ts'
import { type BinaryAgreement, createBinaryAgreement } from './binary-agreement.ts'
import type { Coin } from './coin.ts'
import { accuseOfImpossible, isOtherValidator } from './faults.ts'
import { type Fault, type Input, type Machine, type Step, timerName } from './machine.ts'
import type { AgreementMessage, Bit, BroadcastMessage, SubsetMessage } from './message.ts'
import { createReliableBroadcast, type ReliableBroadcast } from './reliable-broadcast.ts'
import { type RuleName, rule } from './rules.ts'
import { because, idle, join, lift } from './step.ts'

/** The timer whose running out means: wait for no more values. The host starts it; the machine only hears of it. */
export const CLOSE = timerName('close')

/** One member of the output: whose value, and the value. */
export interface SubsetEntry<Value> {
  readonly node: NodeId
  readonly value: Value
}

/** What a common subset needs to know. */
export interface CommonSubsetOptions<Value> {
  readonly self: NodeId
  readonly validatorCount: number
  /** A collision-free name for a value. Total: it is given whatever a peer sent. */
  readonly hashOf: (value: Value) => Hash
  /** The coin of each agreement: the same at every validator, and different between instances. */
  readonly coinOf: (instance: NodeId) => Coin
}

/** The output: sorted by node, the same at every correct validator. */
export type Subset<Value> = readonly SubsetEntry<Value>[]

/** One common subset at one validator, with what a progress screen shows. Lists are in roster order. */
export interface CommonSubset<Value> extends Machine<Value, SubsetMessage<Value>, Subset<Value>> {
  /** True once the closing rule holds here. */
  readonly opened: boolean
  /** Whose value is known here, this validator included. */
  readonly cast: NodeId[]
  /** Who is known to have closed: ECHO, READY or agreement messages came from them. */
  readonly closed: NodeId[]
  /** Who has said at least one ECHO. */
  readonly echoed: NodeId[]
  /** Who has said an input of its own to at least one agreement. */
  readonly entered: NodeId[]
  /** Whose value was delivered here. */
  readonly delivered: NodeId[]
  /** The agreements that have ended here: 1 for "counts". */
  readonly agreed: ReadonlyMap<NodeId, Bit>
  /** Values that will be delivered once somebody hands over the author's INIT with this hash. */
  readonly missing: ReadonlyMap<NodeId, Hash>
}

/** Starts a common subset. */
export function createCommonSubset<Value>(options: CommonSubsetOptions<Value>): CommonSubset<Value> {
  return new CommonSubsetMachine(options)
}

type SubsetStep<Value> = Step<SubsetMessage<Value>, Subset<Value>>

class CommonSubsetMachine<Value> implements CommonSubset<Value> {
  readonly #options: CommonSubsetOptions<Value>
  readonly #nodes: readonly NodeId[]
  /** One broadcast for each validator's value. */
  readonly #broadcasts: readonly ReliableBroadcast<Value>[]
  /** One agreement on counting each validator's value. */
  readonly #agreements: readonly BinaryAgreement[]
  /** What is known of the others, as the interface says. */
  readonly #seen: Readonly<Record<'cast' | 'closed' | 'echoed' | 'entered', VoteSet>>
  /** Agreements that have this validator's input. */
  readonly #inputs: VoteSet
  readonly #values = new Map<NodeId, Value>()
  readonly #agreed = new Map<NodeId, Bit>()
  /** How many agreements have ended on 1. */
  #onesCount = 0
  #opened = false
  #proposed = false
  #decided = false

  constructor(options: CommonSubsetOptions<Value>) {
    const { self, validatorCount, hashOf, coinOf } = options
    this.#options = options
    this.#nodes = everyNode(validatorCount)
    this.#broadcasts = this.#nodes.map((broadcaster) =>
      createReliableBroadcast({ self, validatorCount, broadcaster, hashOf, holdsEcho: true })
    )
    this.#agreements = this.#nodes.map((instance) =>
      createBinaryAgreement({ self, validatorCount, coin: coinOf(instance) })
    )
    const nobody = (): VoteSet => new VoteSet(validatorCount)
    this.#seen = { cast: nobody(), closed: nobody(), echoed: nobody(), entered: nobody() }
    this.#inputs = nobody()
  }

  step(input: Input<Value, SubsetMessage<Value>>): SubsetStep<Value> {
    if (input.type === 'received') return this.#onMessage(input.from, input.message)
    if (input.type === 'proposed') return this.#onProposed(input.proposal)
    return input.timer === CLOSE ? join(this.#open('acs/open-deadline'), this.#settle()) : idle
  }

  get opened(): boolean {
    return this.#opened
  }
  get cast(): NodeId[] {
    return this.#seen.cast.toArray()
  }
  get closed(): NodeId[] {
    return this.#seen.closed.toArray()
  }
  get echoed(): NodeId[] {
    return this.#seen.echoed.toArray()
  }
  get entered(): NodeId[] {
    return this.#seen.entered.toArray()
  }
  get delivered(): NodeId[] {
    return this.#nodes.filter((node) => this.#values.has(node))
  }
  get agreed(): ReadonlyMap<NodeId, Bit> {
    return this.#agreed
  }
  get missing(): ReadonlyMap<NodeId, Hash> {
    const wanted = this.#nodes.map((node) => [node, this.#broadcasts[node]?.missing] as const)
    return new Map(wanted.filter((entry): entry is readonly [NodeId, Hash] => entry[1] !== undefined))
  }

  /**
   * Output here, and nobody needs this validator any more: every agreement has halted, and so has the broadcast of every
   * value that counts. The broadcast of a value that does not count may stay unfinished for ever (its author may be
   * down), and nobody waits for it.
   */
  get terminated(): boolean {
    return this.#decided && this.#nodes.every((node) => this.#isFinished(node))
  }

  inspect(): unknown {
    return {
      opened: this.#opened,
      cast: this.cast,
      closed: this.closed,
      delivered: this.delivered,
      agreed: Object.fromEntries(this.#agreed),
      broadcasts: this.#broadcasts.map((broadcast) => broadcast.inspect()),
      agreements: this.#agreements.map((agreement) => agreement.inspect())
    }
  }

  /** Rule 1: broadcasts this validator's value. */
  #onProposed(value: Value): SubsetStep<Value> {
    if (this.#proposed) return idle
    this.#proposed = true
    const { self } = this.#options
    this.#seen.cast.add(self)
    const said = this.#broadcasts[self]?.step({ type: 'proposed', proposal: value }) ?? idle
    return join(this.#fromBroadcast(self, said), this.#tryOpen(), this.#settle())
  }

  #onMessage(from: NodeId, message: SubsetMessage<Value>): SubsetStep<Value> {
    const { self, validatorCount } = this.#options
    if (!isOtherValidator(from, self, validatorCount)) return idle
    if (this.#broadcasts[message.instance] === undefined) return accuseOfImpossible(from, 'A value of nobody here.')
    this.#note(from, message)
    const gate = this.#opened ? idle : this.#tryOpen()
    const routed = this.#route(from, message)
    return gate === idle && routed === idle ? idle : join(gate, routed, this.#settle())
  }

  /** Keeps track of who has got how far. */
  #note(from: NodeId, message: SubsetMessage<Value>): void {
    if (message.type === 'init') {
      if (from === message.instance) this.#seen.cast.add(from)
      return
    }
    this.#seen.closed.add(from)
    if (message.type === 'echo') this.#seen.echoed.add(from)
    else if (message.type === 'bval' && message.own) this.#seen.entered.add(from)
  }

  #route(from: NodeId, message: SubsetMessage<Value>): SubsetStep<Value> {
    const { instance, type } = message
    if (type === 'init' || type === 'echo' || type === 'ready') {
      const broadcast = this.#broadcasts[instance]
      return this.#fromBroadcast(instance, broadcast?.step({ type: 'received', from, message }) ?? idle)
    }
    const agreement = this.#agreements[instance]
    return this.#fromAgreement(instance, agreement?.step({ type: 'received', from, message }) ?? idle)
  }

  /** The gate, when it may open without the host: everyone's value is here, or a correct validator has closed. */
  #tryOpen(): SubsetStep<Value> {
    const { validatorCount } = this.#options
    if (this.#seen.cast.size === validatorCount) return this.#open('acs/open-all-here')
    return this.#seen.closed.size >= enoughToTrustOne(validatorCount) ? this.#open('acs/open-others-closed') : idle
  }

  /** Lets all held ECHOs go, at once and for good. */
  #open(why: RuleName): SubsetStep<Value> {
    if (this.#opened) return idle
    this.#opened = true
    this.#seen.echoed.add(this.#options.self)
    const echoes = this.#nodes.map((node) => this.#fromBroadcast(node, this.#broadcasts[node]?.release() ?? idle))
    return join<SubsetMessage<Value>, Subset<Value>>(because(rule(why)), ...echoes)
  }

  #fromBroadcast(instance: NodeId, child: Step<BroadcastMessage<Value>, Value>): SubsetStep<Value> {
    return this.#fromChild(instance, child, (value) => this.#onDelivered(instance, value))
  }

  #fromAgreement(instance: NodeId, child: Step<AgreementMessage, Bit>): SubsetStep<Value> {
    return this.#fromChild(instance, child, (bit) => this.#onAgreed(instance, bit))
  }

  #fromChild<Message extends BroadcastMessage<Value> | AgreementMessage, Result>(
    instance: NodeId,
    child: Step<Message, Result>,
    onDecision: (result: Result) => SubsetStep<Value>
  ): SubsetStep<Value> {
    const wrap = (message: Message): SubsetMessage<Value> => ({ ...message, instance })
    return lift(child, wrap, onDecision, (fault) => inInstance(instance, fault))
  }

  /** Rule 2: a value that is here for good should count. */
  #onDelivered(instance: NodeId, value: Value): SubsetStep<Value> {
    this.#values.set(instance, value)
    return this.#input('acs/input-one', instance, 1)
  }

  #onAgreed(instance: NodeId, bit: Bit): SubsetStep<Value> {
    this.#agreed.set(instance, bit)
    this.#onesCount += bit
    return idle
  }

  #input(why: RuleName, instance: NodeId, bit: Bit): SubsetStep<Value> {
    if (!this.#inputs.add(instance)) return idle
    this.#seen.entered.add(this.#options.self)
    const said = this.#agreements[instance]?.step({ type: 'proposed', proposal: bit }) ?? idle
    return join(because(rule(why)), this.#fromAgreement(instance, said))
  }

  #settle(): SubsetStep<Value> {
    return join(this.#tryZeros(), this.#tryOutput())
  }

  /** Rule 3: enough values count and no more are waited for, so the rest should not. */
  #tryZeros(): SubsetStep<Value> {
    const { validatorCount } = this.#options
    if (!this.#opened || this.#inputs.size === validatorCount) return idle
    if (this.#onesCount < enoughToProceed(validatorCount)) return idle
    return join(...this.#nodes.map((node) => this.#input('acs/input-zero', node, 0)))
  }

  /** Rule 4: all agreements have ended and every value that counts is here. */
  #tryOutput(): SubsetStep<Value> {
    if (this.#decided || this.#agreed.size < this.#options.validatorCount) return idle
    const counted = this.#nodes.filter((node) => this.#agreed.get(node) === 1)
    if (!counted.every((node) => this.#values.has(node))) return idle
    this.#decided = true
    const decision = counted.map((node) => ({ node, value: this.#values.get(node) as Value }))
    return because(rule('acs/output'), { type: 'decide', decision })
  }

  #isFinished(node: NodeId): boolean {
    if (this.#agreements[node]?.terminated !== true) return false
    return this.#agreed.get(node) === 0 || this.#broadcasts[node]?.terminated === true
  }
}

/** A child's accusation as the subset's: the slot says which instance. */
const inInstance = (instance: NodeId, fault: Fault): Fault =>
  fault.slot === undefined ? fault : { ...fault, slot: `${instance}/${fault.slot}` }
