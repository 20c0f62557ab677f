/**
 * Frames for tests: a community of seven, something of every payload, and frames that only a faulty member would make.
 *
 * @packageDocumentation
 */

import fc from 'fast-check'
import type { BitSet } from '../../src/consensus/message.ts'
import { concatBytes, fromHex, utf8 } from '../../src/core/bytes.ts'
import { type Epoch, type Hash, type NodeId, nodeId } from '../../src/core/ids.ts'
import type { DecisionMessage, EndorsementMessage } from '../../src/decision/decision-message.ts'
import { outcomeSigningBytes } from '../../src/decision/signing.ts'
import { type Envelope, encodeEnvelope, type Payload } from '../../src/wire/envelope.ts'
import { Body, Frame } from '../../src/wire/messages.ts'
import { ballotsOf, choose, communityOf, proposalTo } from '../decision/sample.ts'
import type { TestKey } from '../support/keys.ts'

export const COMMUNITY = communityOf(7)
export const ROSTER = COMMUNITY.roster
export const PROPOSAL = proposalTo(COMMUNITY)
export const keyOf = (node: number): TestKey => COMMUNITY.keys[node] as TestKey
export const hashNumbered = (index: number): Hash => index.toString(16).padStart(64, '0') as Hash

/** The bytes of a hash or key. */
export const bytesOf = (hex: string): Uint8Array<ArrayBuffer> => fromHex(hex) as Uint8Array<ArrayBuffer>

/** What a member says in a frame. */
export function frameOf(node: number, payload: Payload): Envelope {
  const about = payload.type === 'presence' ? {} : { decision: PROPOSAL.id }
  return encodeEnvelope({ roster: ROSTER, author: keyOf(node).key, ...about, payload, sign: keyOf(node).sign })
}

/** The ballot of a member as a word. */
export function ballotWord(node: number, choice = 0): DecisionMessage {
  const answers = ROSTER.members.map((_, index) => (index === node ? choose(choice) : undefined))
  const [value] = ballotsOf(COMMUNITY, PROPOSAL, answers)
  return { type: 'init', instance: nodeId(node), value: value as NonNullable<typeof value> }
}

/** An endorsement by a member. */
export function endorsementWord(node: number, outcome: Hash): EndorsementMessage {
  return { type: 'endorsement', outcome, signature: keyOf(node).sign(outcomeSigningBytes(outcome)) }
}

export const echo = (instance: number, hash: number): DecisionMessage => {
  return { type: 'echo', instance: nodeId(instance), hash: hashNumbered(hash) }
}

/** One batch with a word of every kind by member 2. */
export const EVERY_WORD: readonly DecisionMessage[] = [
  ballotWord(2),
  echo(0, 10),
  echo(6, 16),
  { type: 'ready', instance: nodeId(1), hash: hashNumbered(11) },
  { type: 'finish', instance: nodeId(5), bit: 1 },
  { type: 'bval', instance: nodeId(3), epoch: 0 as Epoch, bit: 1, own: true },
  { type: 'bval', instance: nodeId(4), epoch: 0 as Epoch, bit: 0, own: false },
  { type: 'aux', instance: nodeId(4), epoch: 0 as Epoch, bit: 1 },
  { type: 'conf', instance: nodeId(4), epoch: 2 as Epoch, bits: 3 },
  endorsementWord(2, hashNumbered(99))
]

/** One frame of each payload, by member 2 (the proposal by member 0). */
export const EVERY_FRAME: Readonly<Record<Payload['type'], Envelope>> = {
  proposal: frameOf(0, { type: 'proposal', proposal: PROPOSAL }),
  words: frameOf(2, { type: 'words', sequence: 3, words: EVERY_WORD }),
  presence: frameOf(2, {
    type: 'presence',
    sequence: 12,
    addresses: ['/ip4/127.0.0.1/tcp/4001'],
    neighbours: [nodeId(0), nodeId(6)],
    session: '0f'.repeat(16),
    life: 3,
    observing: true
  }),
  evidence: frameOf(2, {
    type: 'evidence',
    first: frameOf(5, { type: 'words', sequence: 0, words: [echo(1, 1)] }).frame,
    second: frameOf(5, { type: 'words', sequence: 1, words: [echo(1, 2)] }).frame
  })
}

const SIGNING_PREFIX = utf8('equipotent/envelope/1\n')

/** A frame around any body, really signed: what a faulty member may do. */
export function signBody(node: number, body: Uint8Array): Uint8Array {
  const signature = keyOf(node).sign(concatBytes(SIGNING_PREFIX, body)) as Uint8Array<ArrayBuffer>
  return Frame.encode({ body: body as Uint8Array<ArrayBuffer>, signature })
}

/** A signed frame of member 2 with these fields of the body changed. */
export function forge(changes: Partial<Body>): Uint8Array {
  return signBody(
    2,
    Body.encode({
      version: 1,
      community: bytesOf(ROSTER.community),
      roster: bytesOf(ROSTER.hash),
      author: bytesOf(keyOf(2).key),
      decision: bytesOf(PROPOSAL.id),
      ...changes
    })
  )
}

const instances = (size: number): fc.Arbitrary<NodeId[]> =>
  fc.uniqueArray(fc.nat({ max: size - 1 }), { maxLength: size }).map((list) => list.map(nodeId))

/** Words that one correct validator may say in one turn on a roster of `size`: each slot filled one way. */
export function wordsArbitrary(size: number): fc.Arbitrary<DecisionMessage[]> {
  const bit = fc.constantFrom(0 as const, 1 as const)
  const epoch = fc.integer({ min: 0, max: 5 }).map((number) => number as Epoch)
  const hash = fc.nat({ max: 1000 }).map(hashNumbered)
  const word: fc.Arbitrary<(instance: NodeId) => DecisionMessage> = fc.oneof(
    hash.map((value) => (instance: NodeId) => ({ type: 'echo' as const, instance, hash: value })),
    hash.map((value) => (instance: NodeId) => ({ type: 'ready' as const, instance, hash: value })),
    bit.map((value) => (instance: NodeId) => ({ type: 'finish' as const, instance, bit: value })),
    bit.map((value) => (instance: NodeId) => {
      return { type: 'bval' as const, instance, epoch: 0 as Epoch, bit: value, own: true }
    }),
    fc.tuple(epoch, bit).map(([at, value]) => (instance: NodeId) => {
      return { type: 'bval' as const, instance, epoch: at, bit: value, own: false }
    }),
    fc.tuple(epoch, bit).map(([at, value]) => (instance: NodeId) => {
      return { type: 'aux' as const, instance, epoch: at, bit: value }
    }),
    fc.tuple(epoch, fc.constantFrom<BitSet>(1, 2, 3)).map(([at, bits]) => (instance: NodeId) => {
      return { type: 'conf' as const, instance, epoch: at, bits }
    })
  )
  return fc
    .array(fc.tuple(word, instances(size)), { minLength: 1, maxLength: 12 })
    .map((groups) => withoutRepetition(groups.flatMap(([make, nodes]) => nodes.map(make))))
    .filter((words) => words.length > 0)
}

/** Keeps the first word of each slot; relayed bits may stand both ways. */
function withoutRepetition(words: readonly DecisionMessage[]): DecisionMessage[] {
  const kept = new Map<string, DecisionMessage>()
  for (const word of words) {
    const { type, instance, epoch, bit, own } = word as unknown as Record<string, unknown>
    const slot = type === 'bval' && own === false ? [type, instance, epoch, bit, own] : [type, instance, epoch, own]
    const name = JSON.stringify(slot)
    if (!kept.has(name)) kept.set(name, word)
  }
  return [...kept.values()]
}
