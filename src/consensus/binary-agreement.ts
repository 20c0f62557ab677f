/**
 * Binary agreement: all correct validators decide the same bit, and it was the input of a correct one.
 *
 * A story in epochs. Each epoch starts with BVAL, "this bit is possible" (`binary-value-broadcast.ts`), which leaves in
 * `bin` only bits that correct validators hold. AUX names the first of them. Out of n - f AUX comes CONF, the set of bits
 * that were named. Out of n - f CONF comes V, their union, and only now is the coin looked at. One bit left and equal to
 * the coin: decide it. One bit left: keep it. Both left: take the coin's. Whoever decides says FINISH.
 *
 * Why CONF, which the paper does not have: without it a scheduler with one liar can let some validators see the coin and
 * then steer the others to the opposite bit, for ever. CONF makes a validator commit to what it saw before the coin can
 * be known, and it is the *union* of the n - f sets that counts: once one correct validator is past this point, either f +
 * 1 correct ones have said {0, 1}, and everybody's union will be {0, 1}, or one has said {v}, and nobody's can be only the
 * other bit. Taking one's own set instead of the union brings the stall back. `tests/paper/patient-manipulator.spec.ts`
 * replays it; the option `repair` exists for that lesson alone.
 *
 * Why no stop on deciding: others may still need n - f voices. FINISH from f + 1 proves that a correct validator decided,
 * so its bit is adopted; FINISH from 2f + 1 will make everyone adopt it, so this instance may stop.
 *
 * Our additions, with their arguments:
 *
 * - *Unanimity shortcut.* A validator marks the BVAL of epoch 0 that is its own input. Own inputs v from **all n** decide v
 *   at once. Proof: then every correct input is v, and by validity no correct validator can decide anything else. Relayed
 *   BVALs must not count: a correct validator with input 0 relays BVAL(0, 1) as well. All n are needed, because the one
 *   left out could be a correct validator with the other input.
 * - *No input yet.* A validator without an input takes part all the same: it relays, names and confirms what others hold
 *   possible. Every bit in its `bin` is still some correct validator's input, which is all the proofs ask of it.
 * - *Window.* Messages from epochs further ahead than `EPOCHS_AHEAD_MAX` are dropped, so memory stays bounded.
 *
 * Guarantee: agreement and validity under every schedule. Termination with probability 1 if nobody can know the coin of
 * an epoch before a correct validator has finished its CONF. With a coin known ahead, an adversary that controls the
 * order of delivery on the whole network *and* a validator can postpone the decision, never falsify it.
 *
 * Sources: Mostefaoui, Moumen, Raynal, "Signature-Free Asynchronous Byzantine Consensus with t < n/3 and O(n^2) Messages",
 * PODC 2014; the stall: HoneyBadgerBFT issue 59; the repair: MacBrough, "Cobalt", arXiv 1802.07240; see also Cachin,
 * Zanolini, arXiv 2005.08795.
 *
 * @packageDocumentation
 */

import type { Epoch, NodeId } from '../core/ids.ts'
import { enoughForAll, enoughToTrustOne } from '../core/quorum.ts'
import {
  confirmedBits,
  type EpochState,
  emptyEpoch,
  inspectEpoch,
  namedBits,
  whatIsImpossible
} from './agreement-epoch.ts'
import type { Coin } from './coin.ts'
import { accuseOfContradiction, accuseOfImpossible, isOtherValidator } from './faults.ts'
import { FirstWords } from './first-words.ts'
import type { Input, Machine, Step } from './machine.ts'
import type { AgreementMessage, Bit, BitSet } from './message.ts'
import { type RuleName, rule } from './rules.ts'
import { accuse, because, idle, join } from './step.ts'

/** How many epochs ahead of one's own a message may be. With a common coin, a correct peer is rarely two ahead. */
export const EPOCHS_AHEAD_MAX = 64

/**
 * How the published protocol is repaired. `union` is right. `own-values` (CONF is exchanged, but one's own set counts) and
 * `none` (no CONF, as published) are unsafe for termination: they exist to show the stall.
 */
export type Repair = 'union' | 'own-values' | 'none'

/** What a binary agreement needs to know. */
export interface BinaryAgreementOptions {
  readonly self: NodeId
  readonly validatorCount: number
  /** The same at every validator: agreement depends on it. */
  readonly coin: Coin
  /** Default: `union`. */
  readonly repair?: Repair
}

/** One instance of binary agreement at one validator. */
export type BinaryAgreement = Machine<Bit, AgreementMessage, Bit>

/** Starts an instance of binary agreement. */
export function createBinaryAgreement(options: BinaryAgreementOptions): BinaryAgreement {
  return new Agreement(options)
}

type AgreementStep = Step<AgreementMessage, Bit>

class Agreement implements BinaryAgreement {
  readonly #options: BinaryAgreementOptions
  /** Epochs heard of. Past ones are kept, because their BVALs are still relayed. */
  readonly #epochs = new Map<Epoch, EpochState>()
  /** Own input of each validator, by its marked BVAL. */
  readonly #inputs: FirstWords<Bit>
  /** FINISH bit of each validator. */
  readonly #finishes: FirstWords<Bit>
  /** The epoch this validator is in. */
  #current: EpochState
  /** True once this validator had its input. */
  #hasInput = false
  #decision: Bit | undefined
  /** True once 2f + 1 have said FINISH: everything is dropped and nothing is answered. */
  #halted = false

  constructor(options: BinaryAgreementOptions) {
    this.#options = options
    this.#inputs = new FirstWords(options.validatorCount)
    this.#finishes = new FirstWords(options.validatorCount)
    this.#current = this.#epochState(0 as Epoch)
  }

  get terminated(): boolean {
    return this.#halted
  }

  step(input: Input<Bit, AgreementMessage>): AgreementStep {
    if (this.#halted || input.type === 'timed-out') return idle
    if (input.type === 'proposed') return finishFirst(this.#onInput(input.proposal))
    if (!isOtherValidator(input.from, this.#options.self, this.#options.validatorCount)) return idle
    return finishFirst(this.#onMessage(input.from, input.message))
  }

  inspect(): unknown {
    return {
      epoch: this.#current.epoch,
      inputs: this.#inputs.toArray(),
      finishes: this.#finishes.toArray(),
      decision: this.#decision ?? null,
      halted: this.#halted,
      epochs: [...this.#epochs.values()].map(inspectEpoch)
    }
  }

  /**
   * Says the own input, marked as such, even if the same bit was relayed before: what others relay proves nothing about
   * their inputs. A validator that got further without an input keeps the estimate it reached.
   */
  #onInput(bit: Bit): AgreementStep {
    if (this.#hasInput) return idle
    this.#hasInput = true
    const { self } = this.#options
    const epoch = 0 as Epoch
    this.#inputs.hear(self, bit)
    const state = this.#epochState(epoch)
    state.estimate = bit
    return join<AgreementMessage, Bit>(
      because(rule('aba/input'), { type: 'broadcast', message: { type: 'bval', epoch, bit, own: true } }),
      state.bval.hear(self, bit),
      this.#tryUnanimity(bit),
      this.#advance()
    )
  }

  #onMessage(from: NodeId, message: AgreementMessage): AgreementStep {
    const problem = whatIsImpossible(message)
    if (problem !== undefined) return accuseOfImpossible(from, problem)
    if (message.type === 'finish') return this.#onFinish(from, message.bit)
    if (message.epoch > this.#current.epoch + EPOCHS_AHEAD_MAX) return accuse(tooFar(from, message.epoch))
    const state = this.#epochState(message.epoch)
    if (message.type === 'bval') return this.#onBval(from, message.bit, message.own, state)
    if (message.type === 'aux') return this.#onWord(from, state.aux.hear(from, message.bit), `aux/${message.epoch}`)
    return this.#onWord(from, state.conf.hear(from, message.bits), `conf/${message.epoch}`)
  }

  #onBval(from: NodeId, bit: Bit, own: boolean, state: EpochState): AgreementStep {
    if (own && this.#inputs.hear(from, bit) === 'contradicted') return accuseOfContradiction(from, 'input')
    const counted = state.bval.hear(from, bit)
    return join(counted, own ? this.#tryUnanimity(bit) : idle, this.#advance())
  }

  #onWord(from: NodeId, hearing: ReturnType<FirstWords<Bit>['hear']>, slot: string): AgreementStep {
    if (hearing === 'contradicted') return accuseOfContradiction(from, slot)
    return hearing === 'counted' ? this.#advance() : idle
  }

  /** The unanimity shortcut: own inputs from everyone without exception. */
  #tryUnanimity(bit: Bit): AgreementStep {
    const unanimous = this.#inputs.count(bit) === this.#options.validatorCount
    return unanimous ? this.#decide('aba/all-inputs-equal', bit) : idle
  }

  #onFinish(from: NodeId, bit: Bit): AgreementStep {
    const hearing = this.#finishes.hear(from, bit)
    if (hearing === 'contradicted') return accuseOfContradiction(from, 'finish')
    return hearing === 'counted' ? this.#afterFinish(bit) : idle
  }

  #afterFinish(bit: Bit): AgreementStep {
    const finishes = this.#finishes.count(bit)
    if (finishes < enoughToTrustOne(this.#options.validatorCount)) return idle
    if (this.#decision === undefined) return this.#decide('aba/adopt-finish', bit)
    return finishes >= enoughForAll(this.#options.validatorCount) ? this.#halt() : idle
  }

  /** Decides, says FINISH, and counts the own one. The first decision stands. */
  #decide(why: RuleName, bit: Bit): AgreementStep {
    if (this.#decision !== undefined) return idle
    this.#decision = bit
    this.#finishes.hear(this.#options.self, bit)
    return join<AgreementMessage, Bit>(
      because(rule(why), { type: 'decide', decision: bit }, { type: 'broadcast', message: { type: 'finish', bit } }),
      this.#afterFinish(bit)
    )
  }

  /** Everyone will decide without this validator's help: f + 1 correct FINISHes are on their way to all. */
  #halt(): AgreementStep {
    this.#halted = true
    this.#epochs.clear()
    return because(rule('aba/halt'))
  }

  /** Goes as far as what has been heard allows; buffered messages may carry it through several epochs at once. */
  #advance(): AgreementStep {
    let whole: AgreementStep = idle
    while (!this.#halted) {
      const next = this.#advanceOnce(this.#current)
      if (next === idle) break
      whole = join(whole, next)
    }
    return whole
  }

  #advanceOnce(state: EpochState): AgreementStep {
    if (!state.auxSent) return this.#tryAux(state)
    return state.named === 0 ? this.#tryConf(state) : this.#tryCoin(state)
  }

  /** Step 2: name the first admitted bit, once. */
  #tryAux(state: EpochState): AgreementStep {
    const bit = state.bval.first
    if (bit === undefined) return idle
    state.auxSent = true
    state.aux.hear(this.#options.self, bit)
    return because(rule('aba/aux'), { type: 'broadcast', message: { type: 'aux', epoch: state.epoch, bit } })
  }

  /** Step 3: confirm which bits n - f AUX name. The published protocol has no CONF and tosses the coin here. */
  #tryConf(state: EpochState): AgreementStep {
    const bits = namedBits(state, this.#options.validatorCount)
    if (bits === undefined) return idle
    state.named = bits
    if (this.#options.repair === 'none') return this.#tossCoin(state, bits)
    state.conf.hear(this.#options.self, bits)
    return because(rule('aba/conf'), { type: 'broadcast', message: { type: 'conf', epoch: state.epoch, bits } })
  }

  /** Step 4: what is left is the union of n - f CONF. It is frozen here, before the coin is looked at. */
  #tryCoin(state: EpochState): AgreementStep {
    const bits = confirmedBits(state, this.#options.validatorCount)
    if (bits === undefined) return idle
    return this.#tossCoin(state, this.#options.repair === 'own-values' ? (state.named as BitSet) : bits)
  }

  /** Step 5: compare what is left with the coin, and step 6: begin the next epoch. */
  #tossCoin(state: EpochState, left: BitSet): AgreementStep {
    const coin = this.#options.coin(state.epoch)
    const single = singleBit(left)
    const result = single === coin ? this.#decide('aba/coin-decides', coin) : idle
    if (this.#halted) return result
    const tossed = single === coin ? idle : afterToss(single)
    return join<AgreementMessage, Bit>(result, tossed, this.#begin((state.epoch + 1) as Epoch, single ?? coin))
  }

  #begin(epoch: Epoch, estimate: Bit): AgreementStep {
    this.#current = this.#epochState(epoch)
    this.#current.estimate = estimate
    return join<AgreementMessage, Bit>(because(rule('aba/estimate')), this.#current.bval.say(estimate))
  }

  #epochState(epoch: Epoch): EpochState {
    const known = this.#epochs.get(epoch)
    if (known !== undefined) return known
    const state = emptyEpoch(epoch, this.#options.self, this.#options.validatorCount)
    this.#epochs.set(epoch, state)
    return state
  }
}

/** The only member of a set, or `undefined` if it has two. */
const singleBit = (set: BitSet): Bit | undefined => (set === 1 ? 0 : set === 2 ? 1 : undefined)

/** What to report when the coin did not decide. */
const afterToss = (single: Bit | undefined): Step<never, never> =>
  because(rule(single === undefined ? 'aba/coin-sets-estimate' : 'aba/coin-differs'))

const tooFar = (peer: NodeId, epoch: Epoch) =>
  ({ peer, kind: 'epoch-too-far', explanation: `Epoch ${epoch} is too far ahead.` }) as const

/**
 * Moves FINISH to the front of a step: it spares whoever hears it the rest, so it should not wait behind it. The order of
 * broadcasts carries no meaning, because the network keeps none.
 */
function finishFirst(step: AgreementStep): AgreementStep {
  const at = step.effects.findIndex((effect) => effect.type === 'broadcast' && effect.message.type === 'finish')
  const finish = step.effects[at]
  if (at <= 0 || finish === undefined) return step
  return { effects: [finish, ...step.effects.slice(0, at), ...step.effects.slice(at + 1)], rules: step.rules }
}
