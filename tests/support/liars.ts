/**
 * Liars for properties: validators that run the protocol and then say something else.
 *
 * Powers: a liar hears everything that is sent to it, knows the protocol, and may tell every recipient something
 * different: the truth, nothing, the opposite, both, or an invention for any epoch. Limits: it cannot speak in another's
 * name (`from` is always its own), cannot undo what correct validators say to each other, and invents at most a few
 * messages for each of its own, so that runs end.
 */

import type { AgreementMessage, Bit, BitSet, BroadcastMessage, SubsetMessage } from '../../src/consensus/index.ts'
import { type Epoch, everyNode, type NodeId } from '../../src/core/ids.ts'
import { type Random, randomBelow } from '../../src/core/random.ts'
import { hashOfText } from './committee.ts'
import type { Distort } from './crank.ts'

const pick = <Item>(random: Random, items: readonly Item[]): Item => items[randomBelow(random, items.length)] as Item
const randomBit = (random: Random): Bit => randomBelow(random, 2) as Bit

/** Another message in the same slot. */
function oppositeOf<Message extends AgreementMessage | BroadcastMessage<string>>(
  random: Random,
  message: Message
): Message {
  const other: AgreementMessage | BroadcastMessage<string> = message
  switch (other.type) {
    case 'init':
      return { ...message, value: pick(random, VALUES) }
    case 'echo':
    case 'ready':
      return { ...message, hash: hashOfText(pick(random, VALUES)) }
    case 'conf':
      return { ...message, bits: pick<BitSet>(random, [1, 2, 3]) }
    default:
      return { ...message, bit: (1 - other.bit) as Bit }
  }
}

/** Values that liars make up. */
const VALUES = ['lie-1', 'lie-2', 'lie-3', 'lie-4', 'lie-5', 'lie-6']

/** Something that has nothing to do with what the liar was about to say. */
export function inventAgreementMessage(random: Random): AgreementMessage {
  const epoch = randomBelow(random, 4) as Epoch
  return pick<() => AgreementMessage>(random, [
    () => ({ type: 'bval', epoch, bit: randomBit(random), own: epoch === 0 && random() < 0.5 }),
    () => ({ type: 'aux', epoch, bit: randomBit(random) }),
    () => ({ type: 'conf', epoch, bits: pick<BitSet>(random, [1, 2, 3]) }),
    () => ({ type: 'finish', bit: randomBit(random) })
  ])()
}

function inventBroadcastMessage(random: Random): BroadcastMessage<string> {
  const value = pick(random, VALUES)
  return pick<BroadcastMessage<string>>(random, [
    { type: 'init', value },
    { type: 'echo', hash: hashOfText(value) },
    { type: 'ready', hash: hashOfText(value) }
  ])
}

/** The truth, nothing, the opposite, both, or an invention on top. */
function lie<Message extends AgreementMessage | BroadcastMessage<string>>(
  random: Random,
  message: Message,
  invent: () => Message
): readonly Message[] {
  const dice = random()
  if (dice < 0.4) return [message]
  if (dice < 0.5) return []
  if (dice < 0.75) return [oppositeOf(random, message)]
  if (dice < 0.85) return [message, oppositeOf(random, message)]
  return [invent(), message]
}

/** A liar in an agreement. */
export const agreementLiar =
  (random: Random): Distort<AgreementMessage> =>
  ({ message }) =>
    lie(random, message, () => inventAgreementMessage(random))

/** A liar in a broadcast. */
export const broadcastLiar =
  (random: Random): Distort<BroadcastMessage<string>> =>
  ({ message }) =>
    lie(random, message, () => inventBroadcastMessage(random))

/** A liar in a common subset: it lies in every instance. */
export const subsetLiar =
  (random: Random, validatorCount: number): Distort<SubsetMessage<string>> =>
  ({ message }) =>
    lie<SubsetMessage<string>>(random, message, () => ({
      ...(random() < 0.5 ? inventAgreementMessage(random) : inventBroadcastMessage(random)),
      instance: pick(random, everyNode(validatorCount))
    }))

/** The same liar for each of these validators. */
export const liars = <Message>(
  nodes: readonly NodeId[],
  distort: Distort<Message>
): ReadonlyMap<NodeId, Distort<Message>> => new Map(nodes.map((node) => [node, distort]))
