/**
 * What validators say to each other, in plain English.
 *
 * | message | it means |
 * |---|---|
 * | `init` | "This is my value." |
 * | `echo` | "I have seen this value (by its hash) from its author, and no other." |
 * | `ready` | "Enough of us have seen this value that no other can be delivered." |
 * | `bval` | "This bit is a possible result." With `own`: "It is my own input." |
 * | `aux` | "This is the first bit I know to be possible." |
 * | `conf` | "Enough of us named bits, and these are the bits they named." |
 * | `finish` | "I have decided this bit." |
 *
 * @packageDocumentation
 */

import type { Epoch, Hash, NodeId } from '../core/ids.ts'

/** A binary value. */
export type Bit = 0 | 1

/** A non-empty set of bits as a mask: 1 is {0}, 2 is {1}, 3 is {0, 1}. */
export type BitSet = 1 | 2 | 3

/** What reliable broadcast says. */
export type BroadcastMessage<Value> =
  | { readonly type: 'init'; readonly value: Value }
  | { readonly type: 'echo'; readonly hash: Hash }
  | { readonly type: 'ready'; readonly hash: Hash }

/** What binary agreement says. */
export type AgreementMessage =
  | {
      readonly type: 'bval'
      readonly epoch: Epoch
      readonly bit: Bit
      /** True only in epoch 0, on the bit that is the sender's own input; what the unanimity shortcut counts. */
      readonly own: boolean
    }
  | { readonly type: 'aux'; readonly epoch: Epoch; readonly bit: Bit }
  | { readonly type: 'conf'; readonly epoch: Epoch; readonly bits: BitSet }
  | { readonly type: 'finish'; readonly bit: Bit }

/** What common subset says: a message of one of its `n` broadcasts or `n` agreements. Type tags do not overlap. */
export type SubsetMessage<Value> = (BroadcastMessage<Value> | AgreementMessage) & {
  /** Whose value it is about: the position of that validator in the roster. */
  readonly instance: NodeId
}
