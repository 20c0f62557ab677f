/**
 * How readers of the wire say no: one place where "this cannot be read" becomes data.
 *
 * Inside a reader a refusal is thrown, because a frame is refused as a whole and from any depth; `attempt` is the only
 * way in, and turns it into a `WireFault`. A peer therefore never sees an exception of ours, and an `InvariantError`, which
 * is our own bug, still stops the node.
 *
 * @packageDocumentation
 */

import type { FaultKind } from '../consensus/machine.ts'

/** Why a frame was refused. Whose doing is not known before a signature is checked. */
export interface WireFault {
  readonly kind: FaultKind
  /** One sentence for people. */
  readonly explanation: string
}

/** What was read, or why not. */
export type Attempt<Value> =
  | { readonly ok: true; readonly value: Value }
  | { readonly ok: false; readonly fault: WireFault }

/** Thrown by readers, caught by `attempt`, seen by nobody else. */
class Refusal extends Error {
  override readonly name = 'Refusal'
  readonly fault: WireFault
  constructor(fault: WireFault) {
    super(fault.explanation)
    this.fault = fault
  }
}

/** Ends the reading of a frame. */
export function refuse(explanation: string, kind: FaultKind = 'unreadable-frame'): never {
  throw new Refusal({ kind, explanation })
}

/** Ends the reading of a frame unless `condition` holds. */
export function expecting(
  condition: boolean,
  explanation: string,
  kind: FaultKind = 'unreadable-frame'
): asserts condition {
  if (!condition) refuse(explanation, kind)
}

/** Runs a generated decoder: whatever it dislikes is a refusal. */
export function decoded<Message>(decode: () => Message, what: string): Message {
  try {
    return decode()
  } catch {
    return refuse(`${what} could not be decoded`)
  }
}

/** Runs a reader. */
export function attempt<Value>(read: () => Value): Attempt<Value> {
  try {
    return { ok: true, value: read() }
  } catch (error) {
    if (error instanceof Refusal) return { ok: false, fault: error.fault }
    throw error
  }
}
