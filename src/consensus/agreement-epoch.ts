/**
 * One epoch of binary agreement: what has been heard in it, and the two waits on it, as plain arithmetic.
 *
 * @packageDocumentation
 */

import type { Epoch, NodeId } from '../core/ids.ts'
import { enoughToProceed } from '../core/quorum.ts'
import { BinaryValueBroadcast } from './binary-value-broadcast.ts'
import { type AnyBitSet, bitsOf, isBit, isBitSet, isEpoch, isWithin, setOf, unionOf } from './bits.ts'
import { FirstWords } from './first-words.ts'
import type { AgreementMessage, Bit, BitSet } from './message.ts'

/** What is known of one epoch. Made when first heard of, which may be before this validator gets there. */
export interface EpochState {
  readonly epoch: Epoch
  readonly bval: BinaryValueBroadcast<AgreementMessage>
  /** AUX bit of each validator. */
  readonly aux: FirstWords<Bit>
  /** CONF set of each validator. */
  readonly conf: FirstWords<BitSet>
  /** The bit this validator entered the epoch with. In epoch 0 its input, if it had one in time. */
  estimate: Bit | undefined
  /** True once this validator has said AUX. */
  auxSent: boolean
  /** The bits that n - f AUX named: what this validator's CONF says. Empty until then. */
  named: AnyBitSet
}

/** An epoch of which nothing has been heard. */
export function emptyEpoch(epoch: Epoch, self: NodeId, validatorCount: number): EpochState {
  const wrap = (bit: Bit): AgreementMessage => ({ type: 'bval', epoch, bit, own: false })
  return {
    epoch,
    bval: new BinaryValueBroadcast({ self, validatorCount, wrap }),
    aux: new FirstWords(validatorCount),
    conf: new FirstWords(validatorCount),
    estimate: undefined,
    auxSent: false,
    named: 0
  }
}

/**
 * Step 3: the bits that AUX of n - f validators name, once that many name bits of the current `bin`; until then nothing.
 *
 * Why not simply `bin`: it may hold a bit that nobody among the n - f named, and then CONF would bind nobody.
 */
export function namedBits(state: EpochState, validatorCount: number): BitSet | undefined {
  const named = bitsOf(state.bval.bin).filter((bit) => state.aux.count(bit) > 0)
  const senders = named.reduce<number>((sum, bit) => sum + state.aux.count(bit), 0)
  if (senders < enoughToProceed(validatorCount)) return undefined
  return setOf(named) as BitSet
}

/** Step 4: the union of the CONF sets of n - f validators, once that many are inside the current `bin`. */
export function confirmedBits(state: EpochState, validatorCount: number): BitSet | undefined {
  const accepted = state.conf.words().filter((bits) => isWithin(bits, state.bval.bin))
  const senders = accepted.reduce((sum, bits) => sum + state.conf.count(bits), 0)
  if (senders < enoughToProceed(validatorCount)) return undefined
  return unionOf(accepted) as BitSet
}

/** A JSON-safe picture of an epoch. */
export function inspectEpoch({ epoch, bval, aux, conf, estimate, auxSent, named }: EpochState): unknown {
  const heard = { bval: bval.inspect(), aux: aux.toArray(), conf: conf.toArray() }
  return { epoch, estimate: estimate ?? null, ...heard, auxSent, named }
}

const TYPES: readonly string[] = ['bval', 'aux', 'conf', 'finish']

/** What makes a message one that no correct validator sends, or `undefined`. */
export function whatIsImpossible(message: AgreementMessage): string | undefined {
  if (!TYPES.includes(message.type)) return 'Unknown type of message.'
  if (message.type === 'conf' ? !isBitSet(message.bits) : !isBit(message.bit)) return 'A bit that is neither 0 nor 1.'
  if (message.type === 'finish') return undefined
  if (!isEpoch(message.epoch)) return 'An epoch that is no whole number from 0.'
  return message.type === 'bval' && message.own && message.epoch !== 0 ? 'An own input after epoch 0.' : undefined
}
