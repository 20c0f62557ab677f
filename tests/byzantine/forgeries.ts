/**
 * Liars that say what cannot be: bound to another roster, replayed, out of range, in another's name, unproven.
 *
 * @packageDocumentation
 */

import { concatBytes, fromHex, utf8 } from '../../src/core/bytes.ts'
import type { CommunityId, DecisionId, Epoch, Hash, NodeId, PeerIdString } from '../../src/core/ids.ts'
import { nodeId } from '../../src/core/ids.ts'
import { castBallot } from '../../src/decision/ballot.ts'
import type { DecisionMessage } from '../../src/decision/decision-message.ts'
import { identify } from '../../src/decision/proposal.ts'
import type { Roster } from '../../src/decision/roster.ts'
import { wire, wordsToPayload } from '../../src/wire/codec.ts'
import { encodeEnvelope } from '../../src/wire/envelope.ts'
import { Body, Frame, type WordsPayload } from '../../src/wire/messages.ts'
import { type Affair, type Conduct, castFirst } from './affair.ts'
import type { Member } from './member.ts'
import { ballotFor, damaged, endorsementOf, inventedHash, type Plan, type Strategies, victimsOf } from './strategy.ts'

/** Tells its victims a frame, then takes part as everybody does. */
const tells =
  (frames: (affair: Affair, plan: Plan) => readonly Uint8Array[]) =>
  (plan: Plan): Conduct => ({
    opened(affair) {
      const lies = frames(affair, plan)
      for (const lie of lies) affair.member.tell(lie, victimsOf(affair, plan))
      plan.did(lies.length)
      castFirst(affair)
    }
  })

/** Words of this liar, signed properly, on a roster of its choice. */
function wordsFrame(affair: Affair, words: readonly DecisionMessage[], roster?: Roster): Uint8Array {
  const { member, proposal } = affair
  return member.sign({ type: 'words', sequence: 900, words }, proposal.id, roster).frame
}

const aux = ({ member }: Affair, epoch: number, bit: 0 | 1 = 0): DecisionMessage => ({
  type: 'aux',
  instance: member.self,
  epoch: epoch as Epoch,
  bit
})

/** A frame with words that no honest encoder would write, signed properly. */
function rawWords(member: Member, decision: DecisionId, words: WordsPayload): Uint8Array {
  const bytes = (hex: string): Uint8Array<ArrayBuffer> => wire(fromHex(hex) as Uint8Array)
  const body = Body.encode({
    version: 1,
    community: bytes(member.roster.community),
    roster: bytes(member.roster.hash),
    author: bytes(member.identity.key),
    decision: bytes(decision),
    words
  })
  const signature = member.identity.sign(concatBytes(utf8('equipotent/envelope/1\n'), body))
  return Frame.encode({ body, signature: wire(signature) })
}

function twoValuesInOneBatch(affair: Affair): Uint8Array[] {
  const { member, proposal } = affair
  const payload = wordsToPayload([aux(affair, 0, 0)], 901, member.roster.members.length)
  const [group] = payload.bits
  if (group === undefined) return []
  return [rawWords(member, proposal.id, { ...payload, bits: [group, { ...group, value: 1 }] })]
}

/** Its own ballot, as it signed it in another decision. */
function ballotOfAnotherDecision(affair: Affair): Uint8Array[] {
  const { self, identity } = affair.member
  const answer = { type: 'choice', choices: [0] } as const
  const decision = inventedHash('c') as string as DecisionId
  const value = castBallot({ decision, author: self, answer, sign: identity.sign })
  return [wordsFrame(affair, [{ type: 'init', instance: self, value }])]
}

/** A vote in the name of somebody else, for everybody and for that member too: signed with the wrong key. */
function inAnothersName(affair: Affair, plan: Plan): Uint8Array[] {
  const { member, proposal } = affair
  const victim = member.directory.node(victimsOf(affair, plan)[0] as PeerIdString) as NodeId
  const author = member.roster.member(victim).key
  const payload = { type: 'words', sequence: 0, words: [aux(affair, 0)] } as const
  const { sign } = member.identity
  return [encodeEnvelope({ roster: member.roster, author, decision: proposal.id, payload, sign }).frame]
}

/** What proves nothing: one frame twice, words of two authors, a good frame with a bad signature. */
function forgedEvidence(affair: Affair, { attic }: Plan): Uint8Array[] {
  const { member, proposal } = affair
  const mine = wordsFrame(affair, [ballotFor(affair, 0)])
  const theirs = attic.at(-1) ?? mine
  const pairs = [
    [mine, mine],
    [theirs, mine],
    [theirs, theirs],
    [theirs, damaged(theirs)],
    [attic.at(0) ?? mine, theirs],
    [utf8('not a frame'), theirs]
  ] as const
  return pairs.map(([first, second]) => member.sign({ type: 'evidence', first, second }, proposal.id).frame)
}

/** Everything that would decide alone, were one voice enough. */
const boss = (plan: Plan): Conduct => ({
  opened(affair) {
    const { member } = affair
    const about = member.roster.members.map((_, index) => nodeId(index))
    const hash = inventedHash('d')
    const words: DecisionMessage[] = [ballotFor(affair, 1), endorsementOf(affair, hash)]
    for (const instance of about) {
      words.push({ type: 'echo', instance, hash }, { type: 'ready', instance, hash })
      words.push({ type: 'bval', instance, epoch: 0 as Epoch, bit: 1, own: true }, { type: 'finish', instance, bit: 1 })
    }
    affair.say(words)
    plan.did(words.length)
  },
  say: () => undefined
})

const ofOtherRoster = (affair: Affair): Uint8Array[] => [
  wordsFrame(affair, [ballotFor(affair, 1)], { ...affair.member.roster, hash: inventedHash('e') }),
  wordsFrame(affair, [ballotFor(affair, 1)], {
    ...affair.member.roster,
    community: inventedHash('f') as Hash as string as CommunityId
  })
]

/** A proposal that no proposal can be. */
function wrongProposals({ member, proposal }: Affair): Uint8Array[] {
  const wrong = identify({ ...proposal, proposer: member.identity.key, question: '', nonce: '0'.repeat(32) })
  return [member.sign({ type: 'proposal', proposal: wrong }, wrong.id).frame]
}

/** What a peer refuses, and how it shows. */
export const FORGERIES: Strategies = {
  'other-roster': {
    does: 'It signs words bound to another roster, and to another community.',
    shows: { type: 'counter', names: ['wrong-roster'], least: 2 },
    conduct: tells(ofOtherRoster)
  },
  'replayed-ballot': {
    does: 'It says a ballot that it signed in another decision.',
    shows: { type: 'counter', names: ['bad-signature'] },
    conduct: tells(ballotOfAnotherDecision)
  },
  'far-epochs': {
    does: 'It votes for epochs far ahead, up to the last that can be written.',
    shows: { type: 'remark', kind: 'epoch-too-far' },
    conduct: tells((affair) => [65, 66, 1_000, 100_000].map((epoch) => wordsFrame(affair, [aux(affair, epoch)])))
  },
  'impossible-epoch': {
    does: 'It votes for an epoch that the wire does not have.',
    shows: { type: 'counter', names: ['unreadable-frame'] },
    conduct: tells((affair) => [wordsFrame(affair, [aux(affair, 2 ** 32 - 1)])])
  },
  'two-in-one-batch': {
    does: 'It contradicts itself within one batch.',
    shows: { type: 'counter', names: ['impossible-message'] },
    conduct: tells(twoValuesInOneBatch)
  },
  'in-anothers-name': {
    does: 'It votes in the name of somebody else.',
    shows: { type: 'counter', names: ['bad-signature'] },
    conduct: tells(inAnothersName)
  },
  'wrong-proposal': {
    does: 'It proposes an empty question.',
    shows: { type: 'counter', names: ['unreadable-frame'] },
    conduct: tells(wrongProposals)
  },
  'forged-evidence': {
    does: 'It accuses honest members with frames that prove nothing.',
    shows: { type: 'counter', names: ['evidence-refused'], least: 6 },
    conduct: tells(forgedEvidence)
  },
  boss: {
    does: 'It declares the result alone: every word from ballot to endorsement at once.',
    shows: { type: 'nothing' },
    conduct: boss
  }
}
