/**
 * A network of machines in one process, turned by hand: nothing arrives until a test says what.
 *
 * It keeps the host's duties of `consensus/machine.ts` and no more: broadcasts go to every other validator, nothing is
 * lost between correct ones unless a test takes it out of `inFlight`, and order is whatever the test makes it. A validator
 * without a machine is silent. `distort` makes a validator a liar: what its machine says passes through it, once for each
 * recipient. A second decision of one machine throws, so every run through a crank checks integrity.
 */

import type { Fault, Input, Machine, Step } from '../../src/consensus/machine.ts'
import { everyNode, type NodeId, type RuleId, type TimerName } from '../../src/core/ids.ts'
import { type Random, randomBelow } from '../../src/core/random.ts'

/** A message on its way. */
export interface Envelope<Message> {
  readonly from: NodeId
  readonly to: NodeId
  readonly message: Message
}

/** What a liar makes of a message that its machine wants to say to one recipient: any number of messages. */
export type Distort<Message> = (envelope: Envelope<Message>) => readonly Message[]

/** Who takes part. */
export interface CrankOptions<Message, Kind> {
  readonly validatorCount: number
  /** The machine of a validator, or `undefined` if it is silent. */
  readonly machineOf: (node: NodeId) => Kind | undefined
  /** Liars and how they lie. */
  readonly distort?: ReadonlyMap<NodeId, Distort<Message>>
}

/** The network. Everything a test may look at is public. */
export class Crank<Proposal, Message, Decision, Kind extends Machine<Proposal, Message, Decision>> {
  readonly validatorCount: number
  readonly machines = new Map<NodeId, Kind>()
  /** Messages on their way, oldest first. */
  inFlight: Envelope<Message>[] = []
  readonly decisions = new Map<NodeId, Decision>()
  readonly faults: { readonly by: NodeId; readonly fault: Fault }[] = []
  /** How often each rule fired, at validators that do not lie. */
  readonly rules = new Map<RuleId, number>()
  readonly #distort: ReadonlyMap<NodeId, Distort<Message>>
  /** Called after each step of a machine that does not lie. */
  onStep: (node: NodeId, machine: Kind, step: Step<Message, Decision>) => void = () => {}

  constructor(options: CrankOptions<Message, Kind>) {
    this.validatorCount = options.validatorCount
    this.#distort = options.distort ?? new Map()
    for (const node of everyNode(options.validatorCount)) {
      const machine = options.machineOf(node)
      if (machine !== undefined) this.machines.set(node, machine)
    }
  }

  /** Validators that have a machine and do not lie. */
  get correct(): NodeId[] {
    return [...this.machines.keys()].filter((node) => !this.#distort.has(node))
  }

  propose(node: NodeId, proposal: Proposal): void {
    this.#step(node, { type: 'proposed', proposal })
  }

  timeOut(node: NodeId, timer: TimerName): void {
    this.#step(node, { type: 'timed-out', timer })
  }

  /** Puts a message on its way that no machine said. */
  inject(from: NodeId, to: NodeId, message: Message): void {
    this.inFlight.push({ from, to, message })
  }

  /** Delivers what matches, oldest first, and leaves alone what those deliveries cause. */
  deliverWhere(matches: (envelope: Envelope<Message>) => boolean): number {
    const due = this.inFlight.filter(matches)
    this.inFlight = this.inFlight.filter((envelope) => !due.includes(envelope))
    for (const envelope of due) this.#deliver(envelope)
    return due.length
  }

  /** One delay of a network on which every message takes exactly one. */
  round(): void {
    const due = this.inFlight
    this.inFlight = []
    for (const envelope of due) this.#deliver(envelope)
  }

  /** Rounds until `done`, and how many that took. */
  roundsUntil(done: () => boolean, roundsMax = 100): number {
    for (let rounds = 0; rounds <= roundsMax; rounds++) {
      if (done()) return rounds
      this.round()
    }
    throw new Error(`not done after ${roundsMax} rounds`)
  }

  /** Delivers everything, `turbulence` messages in random order and the rest oldest first, until nothing is on its way. */
  run(random: Random, turbulence = Number.POSITIVE_INFINITY, deliveriesMax = 400_000): void {
    for (let delivered = 0; this.inFlight.length > 0; delivered++) {
      if (delivered > deliveriesMax) throw new Error(`not quiet after ${deliveriesMax} deliveries`)
      if (delivered >= turbulence) {
        this.round()
        continue
      }
      const at = randomBelow(random, this.inFlight.length)
      const envelope = this.inFlight[at]!
      this.inFlight[at] = this.inFlight[this.inFlight.length - 1]!
      this.inFlight.pop()
      this.#deliver(envelope)
    }
  }

  #deliver({ from, to, message }: Envelope<Message>): void {
    this.#step(to, { type: 'received', from, message })
  }

  #step(node: NodeId, input: Input<Proposal, Message>): void {
    const machine = this.machines.get(node)
    if (machine === undefined) return
    const step = machine.step(input)
    this.#carryOut(node, step)
    if (this.#distort.has(node)) return
    for (const rule of step.rules) this.rules.set(rule, (this.rules.get(rule) ?? 0) + 1)
    this.onStep(node, machine, step)
  }

  #carryOut(node: NodeId, step: Step<Message, Decision>): void {
    for (const effect of step.effects) {
      if (effect.type === 'broadcast') this.#broadcast(node, effect.message)
      else if (effect.type === 'accuse') this.faults.push({ by: node, fault: effect.fault })
      else if (effect.type === 'decide') this.#decide(node, effect.decision)
      else throw new Error(`unexpected effect ${effect.type}`)
    }
  }

  #broadcast(from: NodeId, message: Message): void {
    const distort = this.#distort.get(from)
    for (const to of everyNode(this.validatorCount)) {
      if (to === from) continue
      const envelope = { from, to, message }
      if (distort === undefined) this.inFlight.push(envelope)
      else for (const said of distort(envelope)) this.inFlight.push({ from, to, message: said })
    }
  }

  #decide(node: NodeId, decision: Decision): void {
    if (this.decisions.has(node)) throw new Error(`validator ${node} decided twice`)
    this.decisions.set(node, decision)
  }
}
