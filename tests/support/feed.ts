/**
 * One machine alone, fed by hand: what it answers, as short text that a test can compare.
 */

import type { Input, Machine, Step } from '../../src/consensus/machine.ts'
import { type NodeId, nodeId } from '../../src/core/ids.ts'

/** The rules that fired. */
export const rulesOf = (step: Step<unknown, unknown>): readonly string[] => step.rules

/** The messages that were broadcast, in order. */
export const saidIn = <Message>(step: Step<Message, unknown>): Message[] =>
  step.effects.flatMap((effect) => (effect.type === 'broadcast' ? [effect.message] : []))

/** What was decided, or `undefined`. */
export const decidedIn = <Decision>(step: Step<unknown, Decision>): Decision | undefined =>
  step.effects.flatMap((effect) => (effect.type === 'decide' ? [effect.decision] : []))[0]

/** Who was accused of what, and the slot. */
export const accusedIn = (step: Step<unknown, unknown>): string[] =>
  step.effects.flatMap((effect) =>
    effect.type === 'accuse' ? [[effect.fault.peer, effect.fault.kind, effect.fault.slot].join(' ').trim()] : []
  )

/** Hands a message over. */
export function hear<Proposal, Message, Decision>(
  machine: Machine<Proposal, Message, Decision>,
  from: number,
  message: Message
): Step<Message, Decision> {
  const input: Input<Proposal, Message> = { type: 'received', from: nodeId(from), message }
  return machine.step(input)
}

/** Hands the same message over from each of these. The answers, joined. */
export function hearAll<Proposal, Message, Decision>(
  machine: Machine<Proposal, Message, Decision>,
  from: readonly number[],
  message: Message
): Step<Message, Decision> {
  const steps = from.map((sender) => hear(machine, sender, message))
  return { effects: steps.flatMap((step) => step.effects), rules: steps.flatMap((step) => step.rules) }
}

/** Positions 1 to `count`: the others, as seen from position 0. */
export const others = (count: number): NodeId[] => Array.from({ length: count }, (_, index) => nodeId(index + 1))
