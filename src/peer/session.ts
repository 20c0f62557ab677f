/**
 * One open decision in a running peer: its machine, the words that wait, the inputs not yet on disk, its timers.
 *
 * A peer's memory of a decision is the list of inputs its machine has had. They go to disk in the same atomic batch as the
 * words they caused, just before those words are published; so after a crash the machine is rebuilt from its inputs and
 * says again exactly what it said. An input that caused nothing yet may be lost: the digest exchange brings it back.
 *
 * @packageDocumentation
 */

import type { Fault } from '../consensus/machine.ts'
import type { TraceFact } from '../consensus/trace.ts'
import { InvariantError } from '../core/errors.ts'
import type { DecisionId, Hash, NodeId, TimerName } from '../core/ids.ts'
import type { Certificate } from '../decision/certificate.ts'
import { Decision, type DecisionEffect, type DecisionInput, type DecisionOptions } from '../decision/decision.ts'
import { type DecisionMessage, wordKey } from '../decision/decision-message.ts'
import { findContradiction } from '../decision/evidence.ts'
import type { Outcome } from '../decision/outcome.ts'
import type { IdentifiedProposal } from '../decision/proposal.ts'
import { outcomeHash } from '../decision/signing.ts'
import type { StoredInput } from '../storage/store.ts'
import type { Cancel, Clock } from './clock.ts'
import { Outbox, quietMs } from './outbox.ts'

/** What a session tells its driver. */
export interface SessionHost {
  readonly clock: Clock
  /** A timer of this decision ran out. */
  onTimer(session: Session, timer: TimerName): void
  /** Patient words should leave now. */
  onDue(session: Session): void
  onFault(session: Session, fault: Fault): void
}

/** One open decision. */
export class Session {
  readonly id: DecisionId
  readonly decision: Decision
  readonly outbox: Outbox
  /** When somebody else last said something new about this decision, or it was opened. */
  heardAt: number
  /** Missing ballots that were looked for among the frames kept; see `missing-ballots.ts`. */
  readonly sought = new Set<Hash>()
  readonly #host: SessionHost
  readonly #timers = new Map<TimerName, { readonly cancel: Cancel; readonly endsAt: number }>()
  /** Inputs, and what was said, that are not on disk yet. */
  #records: StoredInput[] = []
  /** Facts to show once the records are on disk. */
  #facts: TraceFact[] = []
  #rules = new Map<string, number>()
  /** Position of the next message that this validator says. */
  #sequence = 0
  #outcome: Outcome | undefined
  #certificate: Certificate | undefined
  /** While the past is repeated: what the machine says again. */
  #repeated: DecisionMessage[] | undefined

  constructor(options: DecisionOptions, host: SessionHost) {
    this.id = options.proposal.id
    this.decision = new Decision(options)
    this.#host = host
    this.heardAt = host.clock.now()
    this.outbox = new Outbox({
      clock: host.clock,
      quietMs: quietMs(options.roster.members.length),
      onDue: () => host.onDue(this)
    })
  }

  get proposal(): IdentifiedProposal {
    return this.decision.proposal
  }

  /** The certificate, once the machine has completed it or the decision was closed with it. */
  get certificate(): Certificate | undefined {
    return this.#certificate
  }

  /** Until a timer runs out. Unit: milliseconds, 0 if it does not run. */
  timeLeftMs(timer: TimerName): number {
    const running = this.#timers.get(timer)
    return running === undefined ? 0 : Math.max(0, running.endsAt - this.#host.clock.now())
  }

  /** Hands an input to the machine and carries its effects out. `record` is how the input will be remembered. */
  take(input: DecisionInput, record?: StoredInput): void {
    if (record !== undefined) this.#records.push(record)
    const step = this.decision.step(input)
    for (const rule of step.rules) this.#rules.set(rule, (this.#rules.get(rule) ?? 0) + 1)
    for (const effect of step.effects) this.#carryOut(effect)
  }

  /** Hands over the words of one frame, in order. */
  takeWords(from: NodeId, words: readonly DecisionMessage[], record?: StoredInput): void {
    if (record !== undefined) this.#records.push(record)
    this.heardAt = this.#host.clock.now()
    this.outbox.heard()
    for (const message of words) this.take({ type: 'received', from, message })
  }

  /** Notes a message of this validator as said, in order. */
  nextSequence(): number {
    return this.#sequence++
  }

  /** Notes something that is not an input: a proposal that opened this, or a frame about to be said. */
  note(record: StoredInput): void {
    this.#records.push(record)
  }

  /** Shows a fact once everything up to now is on disk. */
  showLater(fact: TraceFact): void {
    this.#facts.push(fact)
  }

  takeRecords(): StoredInput[] {
    const records = this.#records
    this.#records = []
    return records
  }

  takeFacts(): TraceFact[] {
    const facts = this.#facts
    this.#facts = []
    return facts
  }

  /** The rules that fired since the last call, with how often. */
  takeRules(): Record<string, number> {
    const rules = Object.fromEntries(this.#rules)
    this.#rules.clear()
    return rules
  }

  /** The outcome, if it was derived since the last call. */
  takeOutcome(): Outcome | undefined {
    const outcome = this.#outcome
    this.#outcome = undefined
    return outcome
  }

  /**
   * Runs `repeatInputs`, which hands over the inputs on disk and answers what this validator had said by then; queues what
   * the machine says that was not said yet. False, and nothing is queued, if what was said is not what is said again.
   */
  restore(repeatInputs: () => { readonly words: readonly DecisionMessage[]; readonly messageCount: number }): boolean {
    const repeated: DecisionMessage[] = []
    this.#repeated = repeated
    const said = repeatInputs()
    this.#repeated = undefined
    this.#records = []
    this.#sequence = said.messageCount
    const again = new Set(repeated.map(wordKey))
    const agrees = said.words.every((word) => again.has(wordKey(word)))
    if (!agrees || findContradiction(said.words, repeated) !== undefined) return false
    const already = new Set(said.words.map(wordKey))
    for (const word of repeated) if (!already.has(wordKey(word))) this.outbox.say(word)
    return true
  }

  /** Throws InvariantError if this peer derived another outcome than the certificate's. */
  requireAgreement({ outcome }: Certificate): void {
    const mine = this.decision.outcome
    if (mine === undefined || outcomeHash(mine) === outcomeHash(outcome)) return
    throw new InvariantError(
      'broken promise: two certified outcomes for one decision; more than f members must be lying'
    )
  }

  /** The decision is over, with this certificate. */
  close(certificate: Certificate): void {
    this.#certificate = certificate
    this.stop()
  }

  /** Stops every timer. */
  stop(): void {
    for (const { cancel } of this.#timers.values()) cancel()
    this.#timers.clear()
    this.outbox.takeAll()
  }

  #carryOut(effect: DecisionEffect): void {
    switch (effect.type) {
      case 'broadcast':
        if (this.#repeated === undefined) this.outbox.say(effect.message)
        else this.#repeated.push(effect.message)
        break
      case 'start-timer':
        this.#startTimer(effect.timer, effect.afterMs)
        break
      case 'stop-timer':
        this.stopTimer(effect.timer)
        break
      case 'accuse':
        this.#host.onFault(this, effect.fault)
        break
      case 'decide':
        this.#outcome = effect.decision
        break
      case 'certify':
        this.#certificate = effect.certificate
        break
      case 'send':
        break
    }
  }

  #startTimer(timer: TimerName, afterMs: number): void {
    this.stopTimer(timer)
    const cancel = this.#host.clock.after(afterMs, () => {
      this.#timers.delete(timer)
      this.#host.onTimer(this, timer)
    })
    this.#timers.set(timer, { cancel, endsAt: this.#host.clock.now() + afterMs })
  }

  /** Stops a timer, if it runs. */
  stopTimer(timer: TimerName): void {
    this.#timers.get(timer)?.cancel()
    this.#timers.delete(timer)
  }
}
