/** A small community and everything it may say, really signed: what inputs are made from. */

import { concatBytes, utf8 } from '../../src/core/bytes.ts'
import { type Epoch, everyNode, type Hash, type NodeId, nodeId } from '../../src/core/ids.ts'
import { type Answer, type Ballot, ballotHash, castBallot } from '../../src/decision/ballot.ts'
import { certificateText, makeCertificate } from '../../src/decision/certificate.ts'
import {
  type Charter,
  type CheckedCharter,
  charterText,
  checkCharter,
  newCharterTerms,
  signCharter
} from '../../src/decision/charter.ts'
import type { DecisionMessage } from '../../src/decision/decision-message.ts'
import { Archive } from '../../src/decision/delivery.ts'
import { outcomeOf } from '../../src/decision/outcome.ts'
import { checkProposal, type IdentifiedProposal } from '../../src/decision/proposal.ts'
import { type Roster, rosterOf } from '../../src/decision/roster.ts'
import { outcomeHash, outcomeSigningBytes } from '../../src/decision/signing.ts'
import { type Identity, identityOf } from '../../src/storage/identity.ts'
import { verify } from '../../src/storage/keys.ts'
import { encodeEnvelope, type Payload } from '../../src/wire/envelope.ts'
import { encodeSync, type SyncMessage } from '../../src/wire/sync.ts'

const MEMBER_COUNT = 4
const ANSWERS: readonly Answer[] = [
  { type: 'choice', choices: [0] },
  { type: 'choice', choices: [1] },
  { type: 'abstain' },
  { type: 'no-answer' }
]
const ZERO = 0 as Epoch
const hashNumbered = (index: number): Hash => index.toString(16).padStart(64, '0') as Hash

/** Everything the targets begin with. */
export interface Samples {
  readonly roster: Roster
  readonly identities: readonly Identity[]
  readonly charter: CheckedCharter
  readonly proposal: IdentifiedProposal
  readonly frames: readonly Uint8Array[]
  /** Two frames of one author that contradict each other. */
  readonly pair: readonly [Uint8Array, Uint8Array]
  readonly syncMessages: readonly Uint8Array[]
  readonly certificate: string
  readonly charterText: string
}

/** The same samples every time. */
export function makeSamples(): Samples {
  const all = Array.from({ length: MEMBER_COUNT }, (_, index) => identityOf(new Uint8Array(32).fill(index + 1)))
  const members = all.map(({ key }, index) => ({ key, name: `Ada ${index} é` }))
  const terms = newCharterTerms({ name: 'The lake house', members, nonce: '00'.repeat(16) })
  const identities = terms.members.map(({ key }) => all.find((identity) => identity.key === key) as Identity)
  const unsigned: Charter = { ...terms, signatures: {} }
  const charter = checkCharter(
    identities.reduce((signed, { key, sign }) => signCharter(signed, key, sign), unsigned),
    verify
  )
  const roster = rosterOf(charter)
  const proposal = checkProposal({
    ...{ community: roster.community, roster: roster.hash, proposer: roster.member(nodeId(0)).key },
    ...{ question: 'Where shall we go? Où ?', options: ['lake', 'hills', 'sea'], method: 'assembly' },
    ...{ rule: 'plurality', tie: 'lot', deadlineMs: 60_000, nonce: '11'.repeat(16) }
  })
  const scene: Scene = {
    roster,
    identities,
    charter: charter.charter,
    proposal,
    ballots: ballotsOf(proposal, identities)
  }
  const pair = contradictionOf(scene)
  const frames = [...framesOf(scene), frameOf(scene, 3, { type: 'evidence', first: pair[0], second: pair[1] })]
  const certificate = certificateOf(scene)
  const text = charterText(charter.charter)
  return {
    ...{ roster, identities, charter, proposal, frames, pair, certificate, charterText: text },
    syncMessages: syncMessagesOf(scene, frames, certificate)
  }
}

interface Scene {
  readonly roster: Roster
  readonly identities: readonly Identity[]
  readonly charter: Charter
  readonly proposal: IdentifiedProposal
  readonly ballots: readonly Ballot[]
}

function ballotsOf({ id }: IdentifiedProposal, identities: readonly Identity[]): Ballot[] {
  return identities.map(({ sign }, index) =>
    castBallot({ decision: id, author: nodeId(index), answer: ANSWERS[index] as Answer, sign })
  )
}

function frameOf({ roster, identities, proposal }: Scene, author: number, payload: Payload): Uint8Array {
  const { key, sign } = identities[author] as Identity
  const about = payload.type === 'presence' ? {} : { decision: proposal.id }
  return encodeEnvelope({ roster, author: key, ...about, payload, sign }).frame
}

function framesOf(scene: Scene): Uint8Array[] {
  const { ballots, proposal } = scene
  const outcome = outcomeHash(outcomeIn(scene))
  const { sign } = scene.identities[1] as Identity
  const words: DecisionMessage[] = [
    { type: 'init', instance: nodeId(1), value: ballots[1] as Ballot },
    ...ballots.map((ballot) => ({ type: 'echo' as const, instance: ballot.author, hash: ballotHash(ballot) })),
    { type: 'ready', instance: nodeId(2), hash: hashNumbered(2) },
    ...everyNode(MEMBER_COUNT).map((instance) => ({
      type: 'bval' as const,
      instance,
      epoch: ZERO,
      bit: 1 as const,
      own: true
    })),
    { type: 'aux', instance: nodeId(3), epoch: ZERO, bit: 0 },
    { type: 'conf', instance: nodeId(3), epoch: 2 as Epoch, bits: 3 },
    { type: 'finish', instance: nodeId(0), bit: 1 },
    { type: 'endorsement', outcome, signature: sign(outcomeSigningBytes(outcome)) }
  ]
  const life = { session: '0f'.repeat(16), life: 7, observing: true }
  const addresses = ['/ip4/127.0.0.1/tcp/4001', '/dns4/wren.local/tcp/4002']
  return [
    frameOf(scene, 0, { type: 'proposal', proposal }),
    frameOf(scene, 1, { type: 'words', sequence: 3, words }),
    frameOf(scene, 2, {
      type: 'words',
      sequence: 0,
      words: [{ type: 'ready', instance: nodeId(0), hash: hashNumbered(9) }]
    }),
    frameOf(scene, 2, { type: 'presence', sequence: 1_700_000_000_000, addresses, neighbours: [nodeId(0)], ...life })
  ]
}

function contradictionOf(scene: Scene): [Uint8Array, Uint8Array] {
  const echo = (sequence: number, hash: number): Uint8Array =>
    frameOf(scene, 2, {
      type: 'words',
      sequence,
      words: [{ type: 'echo', instance: nodeId(1), hash: hashNumbered(hash) }]
    })
  return [echo(0, 1), echo(1, 2)]
}

function outcomeIn({ proposal, ballots }: Scene): ReturnType<typeof outcomeOf> {
  return outcomeOf(
    proposal,
    ballots.map((ballot) => ({ author: ballot.author, ballot }))
  )
}

function certificateOf(scene: Scene): string {
  const outcome = outcomeIn(scene)
  const message = outcomeSigningBytes(outcomeHash(outcome))
  const signatures = [0, 1, 3].map((author) => ({
    author: author as NodeId,
    signature: (scene.identities[author] as Identity).sign(message)
  }))
  return certificateText(makeCertificate({ ...scene, outcome, signatures }))
}

function syncMessagesOf({ roster, proposal }: Scene, frames: readonly Uint8Array[], certificate: string): Uint8Array[] {
  const few = new Archive()
  few.open(proposal.id)
  for (const index of [1, 2, 3]) few.keep(proposal.id, nodeId(index), hashNumbered(index), Uint8Array.of(index))
  few.close(hashNumbered(77) as typeof proposal.id)
  const many = new Archive({ closedInDigestMax: 4, closedInInventoryMax: 100 })
  for (let index = 0; index < 40; index++)
    many.close(`${hashNumbered(index * 7).slice(62)}${hashNumbered(index).slice(2)}` as typeof proposal.id)
  const around = { community: roster.community, presence: [0, 1, 1_700_000_000_000, 2 ** 53 - 1] }
  const nothing: SyncMessage = { frames: [], certificates: [] }
  const messages: SyncMessage[] = [
    { ...nothing, digest: { ...around, ...few.digest(), convicted: Uint8Array.of(4) } },
    { ...nothing, digest: { ...around, ...many.digest() } },
    { ...nothing, inventory: many.inventory(many.digest(), [0, 7, 14, 255]) },
    { frames: frames.slice(0, 4), certificates: [] },
    { frames: [], certificates: [certificate] },
    { ...nothing, more: true }
  ]
  return messages.map(encodeSync)
}

/** A pair as one input: the length of the first in two bytes, then both. */
export function joinPair(first: Uint8Array, second: Uint8Array): Uint8Array {
  return concatBytes(Uint8Array.of(first.length >> 8, first.length & 255), first, second)
}

/** An input as a pair. */
export function splitPair(input: Uint8Array): [Uint8Array, Uint8Array] {
  const length = ((input[0] ?? 0) << 8) | (input[1] ?? 0)
  return [input.subarray(2, 2 + length), input.subarray(2 + length)]
}

/** Lines that are JSON, as samples. */
export const jsonSamples = (...values: readonly unknown[]): Uint8Array[] =>
  values.map((value) => utf8(JSON.stringify(value)))
