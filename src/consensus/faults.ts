/**
 * The accusations the consensus machines make, and who counts as a sender.
 *
 * A *slot* names a place where a correct validator says one thing: `type`, or `type/epoch`, or `input` for an own input.
 * Inside a common subset it is prefixed with the instance: `instance/type` or `instance/type/epoch`.
 *
 * @packageDocumentation
 */

import type { NodeId } from '../core/ids.ts'
import type { Step } from './machine.ts'
import { accuse } from './step.ts'

/** True if `from` is another validator of this roster: the only ones whose messages count. */
export function isOtherValidator(from: NodeId, self: NodeId, validatorCount: number): boolean {
  return Number.isInteger(from) && from >= 0 && from < validatorCount && from !== self
}

/** Accuses `peer` of having said two different things in `slot`. */
export function accuseOfContradiction(peer: NodeId, slot: string): Step<never, never> {
  const explanation = `It said two different things where it may say one: ${slot}.`
  return accuse({ peer, kind: 'equivocated', explanation, slot })
}

/** Accuses `peer` of a message no correct validator sends here. */
export function accuseOfImpossible(peer: NodeId, explanation: string): Step<never, never> {
  return accuse({ peer, kind: 'impossible-message', explanation })
}
