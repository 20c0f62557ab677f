/**
 * Four helpers that are enough to build steps and to nest machines: `idle`, `join`, `because`, `lift`.
 *
 * Most messages only move a counter, so the helpers make that case cheap: the idle step is one shared object, and
 * joining or lifting idle steps allocates nothing.
 *
 * @packageDocumentation
 */

import type { RuleId } from '../core/ids.ts'
import type { Effect, Fault, Step } from './machine.ts'

const IDLE: Step<never, never> = { effects: [], rules: [] }

/** The step that does nothing: most messages only move a counter. */
export const idle: Step<never, never> = IDLE

const isIdle = (step: Step<unknown, unknown>): boolean => step.effects.length === 0 && step.rules.length === 0

/** One step after another, as one. */
export function join<Message, Decision>(...steps: readonly Step<Message, Decision>[]): Step<Message, Decision> {
  let only: Step<Message, Decision> = IDLE
  let busy = 0
  for (const step of steps) {
    if (isIdle(step)) continue
    only = step
    busy++
  }
  if (busy < 2) return only
  const effects: Effect<Message, Decision>[] = []
  const rules: RuleId[] = []
  for (const step of steps) append(effects, rules, step)
  return { effects, rules }
}

function append<Message, Decision>(
  effects: Effect<Message, Decision>[],
  rules: RuleId[],
  step: Step<Message, Decision>
): void {
  for (const effect of step.effects) effects.push(effect)
  for (const rule of step.rules) rules.push(rule)
}

/** These effects, because this rule fired. */
export function because<Message, Decision>(
  rule: RuleId,
  ...effects: readonly Effect<Message, Decision>[]
): Step<Message, Decision> {
  return { effects, rules: [rule] }
}

/** The step that only accuses. */
export function accuse(fault: Fault): Step<never, never> {
  return { effects: [{ type: 'accuse', fault }], rules: [] }
}

const unchanged = (fault: Fault): Fault => fault

/**
 * A child's step as its parent's: messages are wrapped so that the parent of the receiving validator can route them back
 * down, timers pass through, accusations too (renamed by `renameFault`, if given), and the child's decision is not the
 * parent's effect but a call.
 */
export function lift<ChildMessage, ChildDecision, Message, Decision>(
  child: Step<ChildMessage, ChildDecision>,
  wrap: (message: ChildMessage) => Message,
  onDecision: (decision: ChildDecision) => Step<Message, Decision>,
  renameFault: (fault: Fault) => Fault = unchanged
): Step<Message, Decision> {
  if (child.effects.length === 0) return child.rules.length === 0 ? IDLE : { effects: [], rules: child.rules }
  const effects: Effect<Message, Decision>[] = []
  const rules: RuleId[] = [...child.rules]
  for (const effect of child.effects) {
    switch (effect.type) {
      case 'broadcast':
        effects.push({ type: 'broadcast', message: wrap(effect.message) })
        break
      case 'send':
        effects.push({ type: 'send', to: effect.to, message: wrap(effect.message) })
        break
      case 'accuse':
        effects.push({ type: 'accuse', fault: renameFault(effect.fault) })
        break
      case 'decide':
        append(effects, rules, onDecision(effect.decision))
        break
      default:
        effects.push(effect)
    }
  }
  return { effects, rules }
}
