/**
 * What `inspect()` of an agreement shows, typed for the tests that check lemmas on it.
 */

import type { BinaryAgreement, Bit } from '../../src/consensus/index.ts'

/** An epoch as inspected. Sets of bits are masks. */
export interface EpochPicture {
  readonly epoch: number
  readonly estimate: Bit | null
  readonly bval: { readonly bin: number }
  readonly aux: readonly (Bit | null)[]
  readonly conf: readonly (number | null)[]
  readonly named: number
}

/** The epochs a machine keeps. Empty once it has halted. */
export const epochsOf = (machine: BinaryAgreement): readonly EpochPicture[] =>
  (machine.inspect() as { epochs: readonly EpochPicture[] }).epochs

/** The mask of a set of bits. */
export const maskOf = (bits: Iterable<Bit>): number => [...bits].reduce<number>((mask, bit) => mask | (1 << bit), 0)
