/**
 * Arithmetic of binary values and of sets of them.
 *
 * A set of bits is a mask: 0 is {}, 1 is {0}, 2 is {1}, 3 is {0, 1}. Union is `|`.
 *
 * @packageDocumentation
 */

import type { Epoch } from '../core/ids.ts'
import type { Bit, BitSet } from './message.ts'

/** A set of bits that may be empty. */
export type AnyBitSet = 0 | BitSet

/** True for 0 and 1, and for nothing else a peer may have put there. */
export const isBit = (value: unknown): value is Bit => value === 0 || value === 1

/** True for the mask of a non-empty set. */
export const isBitSet = (value: unknown): value is BitSet => value === 1 || value === 2 || value === 3

/** True for a whole number from 0. */
export const isEpoch = (value: unknown): value is Epoch => Number.isSafeInteger(value) && (value as number) >= 0

/** The set {bit}. */
export const only = (bit: Bit): BitSet => (bit === 0 ? 1 : 2)

/** The union of two sets. */
export const union = (left: AnyBitSet, right: AnyBitSet): AnyBitSet => (left | right) as AnyBitSet

/** True if every member of `inner` is in `outer`. */
export const isWithin = (inner: AnyBitSet, outer: AnyBitSet): boolean => (inner & ~outer) === 0

/** True if `bit` is in `set`. */
export const hasBit = (set: AnyBitSet, bit: Bit): boolean => (set & only(bit)) !== 0

/** The members, ascending. */
export const bitsOf = (set: AnyBitSet): Bit[] => ([0, 1] as const).filter((bit) => hasBit(set, bit))

/** The set of these bits. */
export const setOf = (bits: readonly Bit[]): AnyBitSet => unionOf(bits.map((bit) => only(bit)))

/** The union of all these sets. */
export const unionOf = (sets: readonly AnyBitSet[]): AnyBitSet =>
  sets.reduce<AnyBitSet>((all, one) => union(all, one), 0)
