/**
 * Evidence: two signed messages in which one author says two different things where a correct validator says one.
 *
 * Everything a validator may say only once has a *slot*, e.g. "my echo about the ballot of validator 3". A correct
 * validator signs at most one value a slot in its life, restarts included. So two signed messages of one author with
 * equal slot and different values prove that the author is faulty, to anyone, for ever. What a correct validator may say
 * both ways has no slot: relaying a bit is no statement of one's own.
 *
 * | word | slot | value |
 * |---|---|---|
 * | `init` | `3/init` | the ballot's hash |
 * | `echo`, `ready` | `3/echo`, `3/ready` | the hash |
 * | `bval` with `own` | `3/input` | the bit |
 * | `bval` without | none | |
 * | `aux`, `conf` | `3/aux/0`, `3/conf/0` | the bit, the set of bits |
 * | `finish` | `3/finish` | the bit |
 * | `endorsement` | `endorsement` | the outcome's hash |
 *
 * The slots are those that the consensus core names in `Fault.slot`.
 *
 * @packageDocumentation
 */

import { ballotHash } from './ballot.ts'
import type { DecisionMessage } from './decision-message.ts'

/** A message of one type. */
type MessageOf<Type extends DecisionMessage['type']> = Extract<DecisionMessage, { readonly type: Type }>

/** Where a message stands and what it says there. */
interface Words<Type extends DecisionMessage['type']> {
  readonly slot: (message: MessageOf<Type>) => string | undefined
  readonly value: (message: MessageOf<Type>) => string
}

const once = ({ instance, type }: { readonly instance: number; readonly type: string }): string => `${instance}/${type}`

const onceAnEpoch = (message: { readonly instance: number; readonly type: string; readonly epoch: number }): string =>
  `${message.instance}/${message.type}/${message.epoch}`

const WORDS: { readonly [Type in DecisionMessage['type']]: Words<Type> } = {
  init: { slot: once, value: (message) => ballotHash(message.value) },
  echo: { slot: once, value: (message) => message.hash },
  ready: { slot: once, value: (message) => message.hash },
  bval: {
    slot: (message) => (message.own ? `${message.instance}/input` : undefined),
    value: (message) => String(message.bit)
  },
  aux: { slot: onceAnEpoch, value: (message) => String(message.bit) },
  conf: { slot: onceAnEpoch, value: (message) => String(message.bits) },
  finish: { slot: once, value: (message) => String(message.bit) },
  endorsement: { slot: () => 'endorsement', value: (message) => message.outcome }
}

/** The slot a message fills, or `undefined` if a correct validator may say this and its opposite. */
export function slotOf(message: DecisionMessage): string | undefined {
  return wordsFor(message).slot(message)
}

/** What the message says in its slot. */
export function slotValueOf(message: DecisionMessage): string {
  return wordsFor(message).value(message)
}

/** One slot, filled twice. */
export interface Contradiction {
  readonly slot: string
  /** What the first message says there. */
  readonly first: string
  /** What the second message says there. */
  readonly second: string
}

/**
 * The first slot in which `second` says something else than `first`, both being words of one author about one decision.
 *
 * Handing in the same words twice finds a message that contradicts itself.
 */
export function findContradiction(
  first: readonly DecisionMessage[],
  second: readonly DecisionMessage[]
): Contradiction | undefined {
  const said = valuesBySlot(first)
  for (const message of second) {
    const slot = slotOf(message)
    if (slot === undefined) continue
    const value = slotValueOf(message)
    const other = said.get(slot)?.find((candidate) => candidate !== value)
    if (other !== undefined) return { slot, first: other, second: value }
  }
  return undefined
}

function valuesBySlot(messages: readonly DecisionMessage[]): Map<string, string[]> {
  const said = new Map<string, string[]>()
  for (const message of messages) {
    const slot = slotOf(message)
    if (slot === undefined) continue
    const values = said.get(slot)
    if (values === undefined) said.set(slot, [slotValueOf(message)])
    else values.push(slotValueOf(message))
  }
  return said
}

/** The table's row for a message; the cast says what the table's type ensures: each row fits its own type. */
function wordsFor(message: DecisionMessage): Words<DecisionMessage['type']> {
  return WORDS[message.type] as unknown as Words<DecisionMessage['type']>
}
