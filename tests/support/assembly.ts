/**
 * A community of decision machines on a network where every message takes exactly one delay.
 *
 * In each round everyone works off what arrived, and then says all it wants to say as one batch, as the outbox of a real
 * peer does when nothing is held back. Timers run out when the test says so.
 */

import type { Fault } from '../../src/consensus/machine.ts'
import { everyNode, type NodeId, type TimerName } from '../../src/core/ids.ts'
import type { Answer } from '../../src/decision/ballot.ts'
import type { Certificate } from '../../src/decision/certificate.ts'
import { Decision, type DecisionInput } from '../../src/decision/decision.ts'
import type { DecisionMessage } from '../../src/decision/decision-message.ts'
import type { Outcome } from '../../src/decision/outcome.ts'
import type { IdentifiedProposal } from '../../src/decision/proposal.ts'
import { type Community, communityOf, proposalTo } from '../decision/sample.ts'

interface Batch {
  readonly from: NodeId
  readonly words: readonly DecisionMessage[]
}

/** What happened at one validator, and in which round. */
interface Seat {
  readonly decision: Decision
  words: DecisionMessage[]
  batchCount: number
  outcome?: { readonly value: Outcome; readonly round: number }
  certificate?: { readonly value: Certificate; readonly round: number }
}

/** The community. `present` are the validators that run; the others are silent from the start. */
export class Assembly {
  readonly community: Community
  readonly proposal: IdentifiedProposal
  readonly seats = new Map<NodeId, Seat>()
  readonly faults: { readonly by: NodeId; readonly fault: Fault }[] = []
  readonly timers = new Map<NodeId, Set<TimerName>>()
  round = 0
  #inFlight: Batch[] = []

  constructor(size: number, present: readonly NodeId[] = everyNode(size), changes: Partial<IdentifiedProposal> = {}) {
    this.community = communityOf(size)
    this.proposal = proposalTo(this.community, changes)
    for (const self of present) {
      const { checked, roster, keys } = this.community
      const decision = new Decision({
        self,
        roster,
        charter: checked.charter,
        proposal: this.proposal,
        sign: keys[self]!.sign
      })
      this.seats.set(self, { decision, words: [], batchCount: 0 })
      this.timers.set(self, new Set())
      this.give(self, { type: 'opened' })
    }
  }

  seat(node: NodeId): Seat {
    return this.seats.get(node)!
  }

  answer(node: NodeId, answer: Answer, seal = true): void {
    this.give(node, { type: 'answered', answer, seal })
  }

  /** Runs a timer out at everyone at whom it runs. */
  timeOut(timer: TimerName): void {
    for (const node of this.seats.keys()) {
      if (this.timers.get(node)?.delete(timer) === true) this.give(node, { type: 'timed-out', timer })
    }
  }

  /** Makes a validator disappear: what it said so far is on its way. */
  crash(node: NodeId): void {
    this.#send(node)
    this.seats.delete(node)
  }

  give(node: NodeId, input: DecisionInput): void {
    const seat = this.seat(node)
    for (const effect of seat.decision.step(input).effects) {
      if (effect.type === 'broadcast') seat.words.push(effect.message)
      else if (effect.type === 'accuse') this.faults.push({ by: node, fault: effect.fault })
      else if (effect.type === 'start-timer') this.timers.get(node)?.add(effect.timer)
      else if (effect.type === 'stop-timer') this.timers.get(node)?.delete(effect.timer)
      else if (effect.type === 'decide') seat.outcome = { value: effect.decision, round: this.round }
      else if (effect.type === 'certify') seat.certificate = { value: effect.certificate, round: this.round }
    }
  }

  /** One delay. False if nothing was on its way. */
  step(): boolean {
    for (const node of this.seats.keys()) this.#send(node)
    const arriving = this.#inFlight
    this.#inFlight = []
    this.round++
    for (const { from, words } of arriving) {
      for (const node of this.seats.keys()) {
        if (node !== from) for (const message of words) this.give(node, { type: 'received', from, message })
      }
    }
    return arriving.length > 0
  }

  /** Delays until nothing is on its way. */
  run(roundsMax = 200): void {
    while (this.step()) if (this.round > roundsMax) throw new Error(`not quiet after ${roundsMax} rounds`)
  }

  #send(node: NodeId): void {
    const seat = this.seats.get(node)
    // Once certified nothing more needs saying, except what is in the same breath as the endorsement.
    if (seat === undefined || seat.words.length === 0) return
    this.#inFlight.push({ from: node, words: seat.words })
    seat.words = []
    seat.batchCount++
  }
}
