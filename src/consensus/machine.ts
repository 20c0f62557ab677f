/**
 * The contract between a protocol and whoever runs it. Read this first.
 *
 * A *machine* is one protocol instance at one validator. It has one entrance, `step`, which takes one thing that has
 * happened and answers with one ordered list of things to do. It never waits, never reads a clock, never rolls dice of
 * its own and never touches a socket or a disk: a process (`peer/driver.ts`) or a simulator does that for it. So the same
 * code runs over TCP, in a test and in a million simulated schedules, and a run is repeated by repeating its inputs.
 *
 * The duties of the host:
 *
 * 1. Carry effects out in order. What a `broadcast` says is on disk before it is on the wire.
 * 2. `broadcast` means to every *other* validator. The machine has already counted its own copy; never loop it back.
 * 3. Hand over `received` only for messages whose author is proven, with the author's position in the roster as `from`.
 * 4. A broadcast may arrive late, twice, or in any order; between correct validators it must arrive in the end.
 * 5. An `accuse` is data about a peer. It is recorded and shown; nothing else changes.
 *
 * Machines are total: no input from a peer makes one throw. `InvariantError` means our own bug and stops the node.
 *
 * Source of the shape: etcd-io/raft (one sans-IO contract), poanetwork/hbbft (machines that nest, faults as data).
 *
 * @packageDocumentation
 */

import type { NodeId, RuleId, TimerName } from '../core/ids.ts'

/** Something that has happened. Named in the past tense. */
export type Input<Proposal, Message> =
  /** This validator's own input to the instance. Only the first counts. */
  | { readonly type: 'proposed'; readonly proposal: Proposal }
  /** A message of another validator, its author proven. */
  | { readonly type: 'received'; readonly from: NodeId; readonly message: Message }
  /** A timer this machine started has run out. */
  | { readonly type: 'timed-out'; readonly timer: TimerName }

/** Something the host must now do. Named in the imperative. */
export type Effect<Message, Decision> =
  /** Say this to every other validator. */
  | { readonly type: 'broadcast'; readonly message: Message }
  /** Say this to one validator. */
  | { readonly type: 'send'; readonly to: NodeId; readonly message: Message }
  /** Run a timer; starting one that runs already starts it anew. Unit: milliseconds. */
  | { readonly type: 'start-timer'; readonly timer: TimerName; readonly afterMs: number }
  | { readonly type: 'stop-timer'; readonly timer: TimerName }
  /** The output of this instance. At most one in its life. */
  | { readonly type: 'decide'; readonly decision: Decision }
  /** What a peer did wrong. Data, never an exception. */
  | { readonly type: 'accuse'; readonly fault: Fault }

/** What a validator can be seen to do wrong. */
export type FaultKind =
  /** It said two different things where it may say one. Two signed messages prove it. */
  | 'equivocated'
  /** It spoke in an epoch further ahead than the window. */
  | 'epoch-too-far'
  /** A message that no correct validator sends here, e.g. an INIT for somebody else's instance. */
  | 'impossible-message'
  /** A frame that could not be decoded, or broke a size limit. */
  | 'unreadable-frame'
  /** A signature that does not verify. */
  | 'bad-signature'
  /** An author off the roster, or a message bound to another roster or community. */
  | 'wrong-roster'
  /** More messages, proposals or open decisions than one member may have. */
  | 'over-quota'

/** What a peer did, in data. */
export interface Fault {
  /** Whose doing. */
  readonly peer: NodeId
  readonly kind: FaultKind
  /** One sentence for people. */
  readonly explanation: string
  /** The slot that was used twice, for `equivocated`; see `decision/evidence.ts`. */
  readonly slot?: string
}

/** The whole answer to one input. */
export interface Step<Message, Decision> {
  /** Carry these out in order. */
  readonly effects: readonly Effect<Message, Decision>[]
  /** The rules that fired, in order: which line of which paper. The page lights them up; tests assert them. */
  readonly rules: readonly RuleId[]
}

/** One running instance of a protocol at one validator. */
export interface Machine<Proposal, Message, Decision> {
  /** Advances by exactly one input, synchronously. Total: hostile input yields a step, never an exception. */
  step(input: Input<Proposal, Message>): Step<Message, Decision>
  /** True once no further input can change anything for anybody: the instance may be dropped. */
  readonly terminated: boolean
  /** A JSON-safe picture of the state, for people and for state hashes. */
  inspect(): unknown
}

/** Reads a rule's name as a `RuleId`. */
export const ruleId = (name: string): RuleId => name as RuleId

/** Reads a timer's name as a `TimerName`. */
export const timerName = (name: string): TimerName => name as TimerName
