/**
 * Binary-value broadcast: which bits are possible results, so that no bit that only liars hold is ever considered.
 *
 * Everyone says BVAL(v): "this bit is possible". Heard from f + 1, one of whom is correct, a bit is passed on. Heard from
 * 2f + 1 it is admitted to `bin`: the f + 1 correct ones among them make everyone pass it on, so everyone admits it. Hence:
 *
 * - *justification*: a bit in `bin` was the own bit of a correct validator, because f liars cannot start a relay;
 * - *uniformity*: a bit in the `bin` of one correct validator enters the `bin` of all;
 * - *obligation*: a bit that f + 1 correct validators hold enters every `bin`; with two bits and n >= 3f + 1 there is one.
 *
 * A validator may say both bits, so two BVALs of one sender contradict nothing. This is the inner half of an epoch of
 * binary agreement, not a machine of its own: it has no single output, `bin` grows.
 *
 * Source: Mostefaoui, Moumen, Raynal, PODC 2014, section 3, figure 1.
 *
 * @packageDocumentation
 */

import type { NodeId } from '../core/ids.ts'
import { enoughForAll, enoughToTrustOne } from '../core/quorum.ts'
import { VoteSet } from '../core/vote-set.ts'
import { type AnyBitSet, hasBit, only, union } from './bits.ts'
import type { Step } from './machine.ts'
import type { Bit } from './message.ts'
import { rule } from './rules.ts'
import { because, idle, join } from './step.ts'

/** What a binary-value broadcast needs to know. */
export interface BinaryValueBroadcastOptions<Message> {
  readonly self: NodeId
  readonly validatorCount: number
  /** How to say a bit. */
  readonly wrap: (bit: Bit) => Message
}

/** One binary-value broadcast at one validator. `Message` is what saying a bit looks like outside. */
export class BinaryValueBroadcast<Message> {
  readonly #options: BinaryValueBroadcastOptions<Message>
  /** Who said each bit, this validator included. */
  readonly #votes: readonly [VoteSet, VoteSet]
  /** The admitted bits. */
  #bin: AnyBitSet = 0
  /** The bit that was admitted first. */
  #first: Bit | undefined

  constructor(options: BinaryValueBroadcastOptions<Message>) {
    this.#options = options
    this.#votes = [new VoteSet(options.validatorCount), new VoteSet(options.validatorCount)]
  }

  /** The admitted bits. Grows, never shrinks. */
  get bin(): AnyBitSet {
    return this.#bin
  }

  /** The bit that was admitted first. */
  get first(): Bit | undefined {
    return this.#first
  }

  /** Says `bit`, unless that was done before. */
  say(bit: Bit): Step<Message, never> {
    const { self, wrap } = this.#options
    if (this.#votes[bit].has(self)) return idle
    return join({ effects: [{ type: 'broadcast', message: wrap(bit) }], rules: [] }, this.hear(self, bit))
  }

  /** Counts that `from` said `bit`. From this validator itself: it was said in some other way, e.g. as an own input. */
  hear(from: NodeId, bit: Bit): Step<Message, never> {
    return this.#votes[bit].add(from) ? join(this.#tryRelay(bit), this.#tryAdmit(bit)) : idle
  }

  /** Who said each bit, for pictures of the state. */
  inspect(): unknown {
    return { bin: this.#bin, votes: this.#votes.map((votes) => votes.toArray()) }
  }

  #tryRelay(bit: Bit): Step<Message, never> {
    const { self, validatorCount, wrap } = this.#options
    const votes = this.#votes[bit]
    if (votes.size < enoughToTrustOne(validatorCount) || !votes.add(self)) return idle
    return because(rule('bv/relay'), { type: 'broadcast', message: wrap(bit) })
  }

  #tryAdmit(bit: Bit): Step<Message, never> {
    if (hasBit(this.#bin, bit) || this.#votes[bit].size < enoughForAll(this.#options.validatorCount)) return idle
    this.#bin = union(this.#bin, only(bit))
    this.#first ??= bit
    return because(rule('bv/admit'))
  }
}
