/**
 * The words of one turn as bytes, and back.
 *
 * Everything one validator says in one turn travels as one batch, and most of it is the same word about many ballots: "I
 * have seen the ballots of 0, 1, 2, 4 and 6". So words are grouped, and each group names its instances with one bit a
 * validator. A batch of a hundred bits is 20 bytes long instead of 600.
 *
 * A batch has one form: ballot, echoes, readies, bits by epoch, kind and value, endorsement; within a group in roster
 * order. FINISH has the lowest kind and epoch 0, so every FINISH is read before any other bit: whoever reads it need not
 * work through an agreement that is over. Reading a batch and grouping it again gives the same bytes; whatever else comes is refused.
 *
 * @packageDocumentation
 */

import type { AgreementMessage, Bit, BitSet } from '../consensus/message.ts'
import { concatBytes, fromBitmap, fromHex, toBitmap, toHex } from '../core/bytes.ts'
import { invariant } from '../core/errors.ts'
import type { DecisionId, Epoch, Hash, NodeId } from '../core/ids.ts'
import { SIGNATURE_SIZE_BYTES } from '../core/keys.ts'
import type { Answer, Ballot } from '../decision/ballot.ts'
import type { DecisionMessage, EndorsementMessage } from '../decision/decision-message.ts'
import { findContradiction } from '../decision/evidence.ts'
import { LIMITS } from './limits.ts'
import type { BallotWord, BitWords, EndorsementWord, HashWords, WordsPayload } from './messages.ts'
import { expecting, refuse } from './refusal.ts'

/** Bytes of a hash. */
export const HASH_SIZE_BYTES = 32

type HashMessage = Extract<DecisionMessage, { readonly type: 'echo' | 'ready' }>
type BitMessage = AgreementMessage & { readonly instance: NodeId }

/** Who says a batch, and about what. */
export interface WordsContext {
  readonly decision: DecisionId
  readonly author: NodeId
  readonly validatorCount: number
}

/** One kind of bit word: the values it may have, and the word it stands for. Its code is its place in `BIT_KINDS`. */
interface BitKind {
  readonly valueMin: number
  readonly valueMax: number
  /** False for words that exist in epoch 0 only. */
  readonly everyEpoch: boolean
  readonly toWord: (epoch: Epoch, value: number) => AgreementMessage
}

const FINISH = 0
const OWN_BVAL = 1
const RELAYED_BVAL = 2
const AUX = 3
const CONF = 4

const BIT_KINDS: readonly BitKind[] = [
  { valueMin: 0, valueMax: 1, everyEpoch: false, toWord: (_, bit) => ({ type: 'finish', bit: bit as Bit }) },
  {
    valueMin: 0,
    valueMax: 1,
    everyEpoch: false,
    toWord: (epoch, bit) => ({ type: 'bval', epoch, bit: bit as Bit, own: true })
  },
  {
    valueMin: 0,
    valueMax: 1,
    everyEpoch: true,
    toWord: (epoch, bit) => ({ type: 'bval', epoch, bit: bit as Bit, own: false })
  },
  { valueMin: 0, valueMax: 1, everyEpoch: true, toWord: (epoch, bit) => ({ type: 'aux', epoch, bit: bit as Bit }) },
  {
    valueMin: 1,
    valueMax: 3,
    everyEpoch: true,
    toWord: (epoch, bits) => ({ type: 'conf', epoch, bits: bits as BitSet })
  }
]

const HASH_KINDS = ['echo', 'ready'] as const
const ANSWER_TYPES = ['choice', 'abstain', 'no-answer'] as const

/** The place of a bit word in a batch: kind, epoch, value. */
type BitSlot = Omit<BitWords, 'instances'>

const BIT_SLOTS: {
  readonly [Type in AgreementMessage['type']]: (word: Extract<AgreementMessage, { readonly type: Type }>) => BitSlot
} = {
  finish: ({ bit }) => ({ kind: FINISH, epoch: 0, value: bit }),
  bval: ({ epoch, bit, own }) => ({ kind: own ? OWN_BVAL : RELAYED_BVAL, epoch, value: bit }),
  aux: ({ epoch, bit }) => ({ kind: AUX, epoch, value: bit }),
  conf: ({ epoch, bits }) => ({ kind: CONF, epoch, value: bits })
}

/**
 * The words of one turn, in as few batches as the limits allow: one, unless a validator has worked through dozens of epochs
 * at once. Only groups of bits can be too many; with the most of everything a batch is still smaller than it may be.
 */
export function splitWords(words: readonly DecisionMessage[]): DecisionMessage[][] {
  const others = words.filter((word) => !isBitMessage(word))
  const groups = bitsBySlot(words.filter(isBitMessage))
  const batches: DecisionMessage[][] = others.length === 0 ? [] : [others]
  for (let start = 0; start < groups.length; start += LIMITS.bitGroupsMax) {
    const bits = groups.slice(start, start + LIMITS.bitGroupsMax).flatMap((group) => group.words)
    if (start === 0 && batches[0] !== undefined) batches[0].push(...bits)
    else batches.push(bits)
  }
  return batches
}

/**
 * A batch in its one form. Words that say the same twice are said once.
 *
 * The words are our own: one ballot and one endorsement at most, and no slot filled in two ways. A validator that wants
 * to contradict itself has to say so in two batches.
 */
export function wordsToPayload(
  words: readonly DecisionMessage[],
  sequence: number,
  validatorCount: number
): WordsPayload {
  invariant(findContradiction(words, words) === undefined, 'one turn does not contradict itself')
  const ballot = words.find((word) => word.type === 'init')
  const endorsement = words.find((word) => word.type === 'endorsement')
  const payload: WordsPayload = {
    sequence,
    hashes: HASH_KINDS.flatMap((type, kind) => hashGroup(words, type, kind, validatorCount)),
    bits: bitGroups(words.filter(isBitMessage), validatorCount)
  }
  invariant(payload.bits.length <= LIMITS.bitGroupsMax, 'words are split before they are written')
  if (ballot !== undefined) payload.ballot = ballotToWord(ballot.value)
  if (endorsement !== undefined) payload.endorsement = endorsementToWord(endorsement)
  return payload
}

/** The words of a batch, in the batch's order. Refuses what no correct validator sends. */
export function payloadToWords(payload: WordsPayload, context: WordsContext): DecisionMessage[] {
  expecting(payload.sequence <= LIMITS.wordsSequenceMax, 'the number of the batch is too high')
  expectOneForm(payload)
  const words: DecisionMessage[] = []
  if (payload.ballot !== undefined) {
    words.push({ type: 'init', instance: context.author, value: wordToBallot(payload.ballot, context) })
  }
  for (const group of payload.hashes) words.push(...hashMessages(group, context.validatorCount))
  for (const group of payload.bits) words.push(...bitMessages(group, context.validatorCount))
  if (payload.endorsement !== undefined) words.push(wordToEndorsement(payload.endorsement))
  expecting(words.length > 0, 'the batch says nothing')
  return words
}

/** Refuses groups out of order, groups said in two parts, and two values for one slot. */
function expectOneForm({ hashes, bits }: WordsPayload): void {
  const ascending = <Group>(groups: readonly Group[], order: (left: Group, right: Group) => number): boolean =>
    groups.every((group, index) => index === 0 || order(groups[index - 1] as Group, group) < 0)
  expecting(
    ascending(hashes, (left, right) => left.kind - right.kind),
    'the hashes are not in their one form'
  )
  expecting(ascending(bits, bitOrder), 'the bits are not in their one form')
  bits.forEach((group, index) => {
    if (group.kind === RELAYED_BVAL) return
    // At most two groups before this one share its epoch and kind: a conf has three values, a bit two.
    for (const before of bits.slice(Math.max(0, index - 2), index)) {
      const apart = before.epoch !== group.epoch || before.kind !== group.kind || areDisjoint(before, group)
      expecting(apart, 'the batch contradicts itself', 'impossible-message')
    }
  })
}

const bitOrder = (left: BitSlot, right: BitSlot): number =>
  left.epoch - right.epoch || left.kind - right.kind || left.value - right.value

function areDisjoint(left: BitWords, right: BitWords): boolean {
  return left.instances.every((byte, index) => (byte & (right.instances[index] ?? 0)) === 0)
}

const isBitMessage = (word: DecisionMessage): word is BitMessage => word.type in BIT_SLOTS

function hashGroup(
  words: readonly DecisionMessage[],
  type: HashMessage['type'],
  kind: number,
  validatorCount: number
): HashWords[] {
  const byInstance = new Map<NodeId, Hash>()
  for (const word of words) if (word.type === type) byInstance.set(word.instance, word.hash)
  if (byInstance.size === 0) return []
  const instances = [...byInstance.keys()].sort((left, right) => left - right)
  const hashes = instances.map((instance) => hashBytes(byInstance.get(instance) as Hash))
  return [{ kind, instances: wire(toBitmap(instances, validatorCount)), hashes: wire(concatBytes(...hashes)) }]
}

function hashMessages(group: HashWords, validatorCount: number): HashMessage[] {
  const type = HASH_KINDS[group.kind] ?? refuse('a group of hashes is of no known kind')
  const instances = instancesOf(group.instances, validatorCount)
  expecting(group.hashes.length === instances.length * HASH_SIZE_BYTES, 'a group has not one hash an instance')
  return instances.map((instance, index) => {
    const bytes = group.hashes.subarray(index * HASH_SIZE_BYTES, (index + 1) * HASH_SIZE_BYTES)
    return { type, instance, hash: toHex(bytes) as Hash }
  })
}

function bitGroups(words: readonly BitMessage[], validatorCount: number): BitWords[] {
  return bitsBySlot(words).map(({ slot, words }) => {
    const nodes = words.map((word) => word.instance)
    return { ...slot, instances: wire(toBitmap(nodes, validatorCount)) }
  })
}

/** Bits with those of the same kind, epoch and value, in the order of groups. */
function bitsBySlot(words: readonly BitMessage[]): { readonly slot: BitSlot; readonly words: BitMessage[] }[] {
  const groups = new Map<string, { readonly slot: BitSlot; readonly words: BitMessage[] }>()
  for (const word of words) {
    const slot = (BIT_SLOTS[word.type] as (word: AgreementMessage) => BitSlot)(word)
    const name = `${slot.epoch}/${slot.kind}/${slot.value}`
    const group = groups.get(name) ?? { slot, words: [] }
    group.words.push(word)
    groups.set(name, group)
  }
  return [...groups.values()].sort((left, right) => bitOrder(left.slot, right.slot))
}

function bitMessages(group: BitWords, validatorCount: number): BitMessage[] {
  const kind = BIT_KINDS[group.kind] ?? refuse('a group of bits is of no known kind')
  expecting(group.value >= kind.valueMin && group.value <= kind.valueMax, 'a bit is neither 0 nor 1')
  expecting(group.epoch <= (kind.everyEpoch ? LIMITS.epochMax : 0), 'a bit stands in an epoch where it cannot')
  const word = kind.toWord(group.epoch as Epoch, group.value)
  return instancesOf(group.instances, validatorCount).map((instance) => ({ ...word, instance }))
}

/** The validators a group is about: at least one. */
function instancesOf(bitmap: Uint8Array, validatorCount: number): NodeId[] {
  const instances = fromBitmap(bitmap, validatorCount) ?? refuse('a bitmap does not fit the roster')
  expecting(instances.length > 0, 'a group is about nobody')
  return instances
}

function ballotToWord({ answer, signature }: Ballot): BallotWord {
  const choices = answer.type === 'choice' ? [...answer.choices] : []
  return { answer: ANSWER_TYPES.indexOf(answer.type), choices, signature: wire(signature) }
}

/** Whether the choices fit the question is for `decision/ballot.ts` to say: this file has not seen the question. */
function wordToBallot(word: BallotWord, { decision, author }: WordsContext): Ballot {
  const type = ANSWER_TYPES[word.answer] ?? refuse('a ballot has an answer of no known kind')
  expecting(type === 'choice' || word.choices.length === 0, 'a ballot abstains and chooses')
  const answer: Answer = type === 'choice' ? { type, choices: word.choices } : { type }
  return { decision, author, answer, signature: signatureOf(word.signature) }
}

function endorsementToWord({ outcome, signature }: EndorsementMessage): EndorsementWord {
  return { outcome: hashBytes(outcome), signature: wire(signature) }
}

function wordToEndorsement({ outcome, signature }: EndorsementWord): EndorsementMessage {
  return { type: 'endorsement', outcome: hashOfBytes(outcome, 'an outcome'), signature: signatureOf(signature) }
}

/** A signature of the right length, as read. */
export function signatureOf(bytes: Uint8Array): Uint8Array {
  expecting(bytes.length === SIGNATURE_SIZE_BYTES, 'a signature has the wrong length')
  return bytes
}

/** A hash or key of the right length, as hexadecimal digits. */
export function hashOfBytes(bytes: Uint8Array, what: string): Hash {
  expecting(bytes.length === HASH_SIZE_BYTES, `${what} is not ${HASH_SIZE_BYTES} bytes long`)
  return toHex(bytes) as Hash
}

/** The bytes of a hash or key of our own. */
export function hashBytes(hash: string): Uint8Array<ArrayBuffer> {
  const bytes = fromHex(hash)
  invariant(bytes?.length === HASH_SIZE_BYTES, 'hashes and keys are 64 hexadecimal digits')
  return wire(bytes)
}

/** The same bytes under the type that the generated codec asks for; none of ours are in shared memory. */
export const wire = (bytes: Uint8Array): Uint8Array<ArrayBuffer> => bytes as Uint8Array<ArrayBuffer>
