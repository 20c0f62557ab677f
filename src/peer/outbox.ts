/**
 * Joins what one validator wants to say about one decision into as few gossip messages as possible.
 *
 * A gossip message wakes every process in the community and costs about ten times as much alone as in company, so the
 * number of messages is the main lever of speed. Two kinds of words:
 *
 * - *Prompt* words carry the decision forward when everyone is there. They leave at the end of the turn that produced
 *   them, and take everything else along.
 * - *Patient* words matter only when somebody is missing or lies: as long as messages keep coming in, unanimity may still
 *   make them needless. They leave when the decision has gone quiet, with the next prompt word, or at the latest after
 *   `PATIENCE_MS_MAX`.
 *
 * Safety does not depend on any of this: a delayed word is a slow network, which the protocols allow. Liveness needs only
 * that every word leaves in the end, or that a certificate has made it needless.
 *
 * @packageDocumentation
 */

import type { DecisionMessage } from '../decision/decision-message.ts'
import type { Cancel, Clock } from './clock.ts'

/** The longest a patient word waits. Unit: milliseconds. */
export const PATIENCE_MS_MAX = 1_000

/**
 * How long no message may have come before patient words leave. Unit: milliseconds.
 *
 * It grows with the community, because the messages of one step arrive spread over a time that does.
 */
export function quietMs(validatorCount: number): number {
  return 10 + 4 * validatorCount
}

type Haste = 'prompt' | 'patient'

const HASTE: Readonly<Record<DecisionMessage['type'], (message: DecisionMessage) => Haste>> = {
  init: () => 'prompt',
  echo: () => 'prompt',
  ready: () => 'patient',
  bval: (message) => (message.type === 'bval' && message.own ? 'prompt' : 'patient'),
  aux: () => 'patient',
  conf: () => 'patient',
  finish: () => 'patient',
  endorsement: () => 'prompt'
}

/** How urgent a word is. */
export const hasteOf = (message: DecisionMessage): Haste => HASTE[message.type](message)

/** What an outbox needs. */
export interface OutboxOptions {
  readonly clock: Clock
  /** Unit: milliseconds. */
  readonly quietMs: number
  /** Called when patient words should leave now. */
  readonly onDue: () => void
}

/** The words that wait to be said about one decision. */
export class Outbox {
  readonly #options: OutboxOptions
  #words: DecisionMessage[] = []
  #prompt = false
  #cancel: Cancel | undefined
  /** When the oldest waiting word was queued, and when the last message of others came. */
  #oldestAt = 0
  #heardAt = 0

  constructor(options: OutboxOptions) {
    this.#options = options
  }

  /** True if something waits that should leave at the end of this turn. */
  get prompt(): boolean {
    return this.#prompt
  }

  /** True if nothing waits. */
  get empty(): boolean {
    return this.#words.length === 0
  }

  /** Queues a word. */
  say(message: DecisionMessage): void {
    const now = this.#options.clock.now()
    if (this.#words.length === 0) this.#oldestAt = now
    this.#words.push(message)
    if (hasteOf(message) === 'prompt') this.#prompt = true
    else this.#arm(now)
  }

  /** Notes that somebody else has just said something about this decision. */
  heard(): void {
    this.#heardAt = this.#options.clock.now()
  }

  /** Takes everything that waits. */
  takeAll(): DecisionMessage[] {
    const words = this.#words
    this.#words = []
    this.#prompt = false
    this.#disarm()
    return words
  }

  /** Takes the prompt words and forgets the patient ones: the decision is certified and needs them no more. */
  takePrompt(): DecisionMessage[] {
    return this.takeAll().filter((word) => hasteOf(word) === 'prompt')
  }

  #arm(now: number): void {
    if (this.#cancel !== undefined) return
    const quietAt = Math.max(this.#heardAt, this.#oldestAt) + this.#options.quietMs
    const dueAt = Math.min(quietAt, this.#oldestAt + PATIENCE_MS_MAX)
    this.#cancel = this.#options.clock.after(Math.max(0, dueAt - now), () => this.#onTimer())
  }

  #onTimer(): void {
    this.#cancel = undefined
    if (this.empty) return
    const now = this.#options.clock.now()
    const quiet = now >= Math.max(this.#heardAt, this.#oldestAt) + this.#options.quietMs
    if (quiet || now >= this.#oldestAt + PATIENCE_MS_MAX) this.#options.onDue()
    else this.#arm(now)
  }

  #disarm(): void {
    this.#cancel?.()
    this.#cancel = undefined
  }
}
