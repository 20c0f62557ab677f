/**
 * Liars in the digest exchange, where peers that were away catch up.
 *
 * @packageDocumentation
 */

import type { NodeId, PeerIdString } from '../../src/core/ids.ts'
import { type Certificate, certificateText, makeCertificate } from '../../src/decision/certificate.ts'
import { outcomeOf } from '../../src/decision/outcome.ts'
import { outcomeHash, outcomeSigningBytes } from '../../src/decision/signing.ts'
import { encodeSync } from '../../src/wire/sync.ts'
import { type Affair, type Conduct, castFirst, type ExchangeTalk } from './affair.ts'
import { ballotFor, damaged, inventedHash, type Plan, type Strategies, victimsOf } from './strategy.ts'

/** What the liar gives after its digest. */
type Gifts = (affair: Affair, plan: Plan) => readonly Uint8Array[]

const END = encodeSync({ frames: [], certificates: [] })

/** An honest digest first, then gifts, one in each exchange; the liar begins as many exchanges as it has gifts. */
function gives(gifts: Gifts, isReady: (affair: Affair) => boolean = () => true) {
  return (plan: Plan): Conduct => {
    const due = new Map<PeerIdString, Uint8Array[]>()
    const begin = async (affair: Affair): Promise<void> => {
      const all = gifts(affair, plan)
      for (const victim of victimsOf(affair, plan)) due.set(victim, [...all])
      for (const _ of all) await Promise.all([...due.keys()].map((victim) => affair.member.exchangeWith(victim)))
      plan.did(all.length)
    }
    let isBegun = false
    const lookAgain = (affair: Affair): void => {
      if (isBegun || !isReady(affair)) return
      isBegun = true
      setImmediate(() => void begin(affair))
    }
    return {
      opened(affair) {
        castFirst(affair)
        lookAgain(affair)
      },
      heard: (affair) => setImmediate(() => lookAgain(affair)),
      exchange: (affair, talk) => give(affair, talk, due.get(talk.peer)?.shift())
    }
  }
}

/** All gifts in one exchange. */
function pours(gifts: Gifts) {
  return (plan: Plan): Conduct => ({
    opened(affair) {
      castFirst(affair)
      for (const victim of victimsOf(affair, plan)) void affair.member.exchangeWith(victim)
      plan.did(1)
    },
    async *exchange(affair, { incoming }) {
      yield encodeSync({ digest: affair.member.digest(), frames: [], certificates: [] })
      yield* gifts(affair, plan)
      yield END
      await drain(incoming)
    }
  })
}

async function* give({ member }: Affair, { incoming }: ExchangeTalk, gift?: Uint8Array): AsyncGenerator<Uint8Array> {
  yield encodeSync({ digest: member.digest(), frames: [], certificates: [] })
  if (gift !== undefined) yield gift
  yield END
  await drain(incoming)
}

async function drain(incoming: AsyncIterable<Uint8Array>): Promise<void> {
  for await (const _ of incoming);
}

/** Certificates of the open decision from ballots that are known, with every fault but a majority. */
function forgedCertificates({ member, proposal, machine }: Affair): Uint8Array[] {
  const { identity, self, charter, roster } = member
  const ballots = machine.ballots
  const outcome = outcomeOf(
    proposal,
    ballots.map((ballot) => ({ author: ballot.author, ballot }))
  )
  const signature = identity.sign(outcomeSigningBytes(outcomeHash(outcome)))
  const signedBy = (authors: readonly NodeId[]) => authors.map((author) => ({ author, signature }))
  const honest: Certificate = makeCertificate({
    charter: charter.charter,
    proposal,
    ballots,
    outcome,
    signatures: signedBy([self])
  })
  const everyone = roster.members.map((_, index) => index as NodeId)
  const withSigners = (authors: readonly NodeId[]): Certificate => ({
    ...honest,
    signatures: makeCertificate({ ...honestParts, signatures: signedBy(authors) }).signatures
  })
  const honestParts = { charter: charter.charter, proposal, ballots, outcome }
  const forged: readonly Certificate[] = [
    honest,
    withSigners([self, self, self]),
    withSigners(everyone),
    withSigners([self, 98 as NodeId, 99 as NodeId]),
    { ...withSigners(everyone), charter: { ...honest.charter, nonce: '0'.repeat(32) } },
    { ...withSigners(everyone), ballots: honest.ballots.slice(1) },
    { ...withSigners(everyone), outcome: { ...outcome, result: { ...outcome.result, winner: 1 } } }
  ]
  return forged.map((certificate) => encodeSync({ frames: [], certificates: [certificateText(certificate)] }))
}

/** A frame that nobody has, with a bad signature. */
function damagedGift(affair: Affair): Uint8Array[] {
  const { member, proposal } = affair
  const payload = { type: 'words', sequence: 950, words: [ballotFor(affair, 0)] } as const
  return [encodeSync({ frames: [damaged(member.sign(payload, proposal.id).frame)], certificates: [] })]
}

const garbage: Gifts = () => [new Uint8Array([0xff, 0xff, 0xff, 0x01, 0x02])]

/** Old frames of everybody, in every exchange. */
const replays: Gifts = (_, { attic }) =>
  Array.from({ length: 10 }, () => encodeSync({ frames: attic.slice(0, 200), certificates: [] }))

/** Takes part in exchanges with a digest of its own making, several times with everybody. */
function claims(digest: (affair: Affair) => Parameters<typeof encodeSync>[0]['digest'], times: number) {
  return (plan: Plan): Conduct => ({
    opened(affair) {
      castFirst(affair)
      setImmediate(() => void repeat(affair))
      const repeat = async ({ member }: Affair): Promise<void> => {
        for (let time = 0; time < times; time++) {
          await Promise.all(victimsOf(affair, plan).map((victim) => member.exchangeWith(victim)))
        }
        plan.did(times)
      }
    },
    async *exchange(affair, { incoming }) {
      const own = digest(affair)
      yield encodeSync({ ...(own === undefined ? {} : { digest: own }), frames: [], certificates: [] })
      yield END
      await drain(incoming)
    }
  })
}

const everything = ({ member, proposal }: Affair) => ({
  ...member.digest(),
  open: [{ decision: proposal.id, have: [] }],
  closed: [
    proposal.id.slice(0, 32),
    ...Array.from({ length: 900 }, (_, index) => inventedHash(index.toString(16)).slice(0, 32))
  ],
  presence: member.roster.members.map(() => Number.MAX_SAFE_INTEGER)
})

const nothing = ({ member }: Affair) => ({ community: member.roster.community, open: [], closed: [], presence: [] })

/** Time between two words of a side that never ends. Unit: milliseconds. */
const TRICKLE_MS = 250

/** Says its digest, and then one thing after the other, for as long as the other side listens. */
const endless = (plan: Plan): Conduct => ({
  opened(affair) {
    castFirst(affair)
    for (const victim of victimsOf(affair, plan)) void affair.member.exchangeWith(victim)
    plan.did(1)
  },
  async *exchange({ member }) {
    yield encodeSync({ digest: member.digest(), frames: [], certificates: [] })
    for (;;) {
      yield encodeSync({ frames: [member.presenceFrame()], certificates: [] })
      await new Promise((resolve) => setTimeout(resolve, TRICKLE_MS))
    }
  }
})

/** More than an exchange may carry: frames as long as they may be. */
const tooMuch: Gifts = ({ member, proposal }) => {
  const long = new Uint8Array(16 * 1024)
  const frames = Array.from({ length: 30 }, (_, index) => {
    long[0] = index
    return member.sign({ type: 'evidence', first: long, second: long }, proposal.id).frame
  })
  const message = encodeSync({ frames, certificates: [] })
  return Array.from({ length: 9 }, () => message)
}

/** Fresh signatures to be checked for nothing: a thousand presences, each newer than the last, in every exchange. */
const wasteful: Gifts = ({ member }) =>
  Array.from({ length: WASTED_EXCHANGES }, (_, exchange) => {
    const number = (index: number): number => Date.now() + exchange * 1_000 + index
    const frames = Array.from({ length: 1_000 }, (_frame, index) => member.presenceFrame({ sequence: number(index) }))
    return encodeSync({ frames, certificates: [] })
  })

/** Exchanges of a thousand signatures each: a second or two of work for every victim. */
const WASTED_EXCHANGES = 12

/** Lies in exchanges. */
export const POISON: Strategies = {
  'forged-certificates': {
    does: 'It gives certificates with too few, doubled, unknown and forged signers, another charter, fewer ballots, another result.',
    shows: { type: 'counter', names: ['certificate-refused'], least: 7 },
    conduct: gives(forgedCertificates, ({ machine }) => machine.ballots.length >= 3)
  },
  'damaged-gift': {
    does: 'It gives a frame with a bad signature to those that catch up.',
    shows: { type: 'counter', names: ['bad-signature'] },
    conduct: gives(damagedGift)
  },
  garbage: {
    does: 'It answers with bytes that are no message.',
    shows: { type: 'counter', names: ['unreadable-exchange'] },
    conduct: gives(garbage)
  },
  replays: {
    does: 'It gives everybody frames of decisions that are long over, again and again.',
    shows: { type: 'nothing' },
    conduct: gives(replays)
  },
  'has-everything': {
    does: 'It claims to have every frame and every certificate, so that nobody gives it anything, and gives nothing.',
    shows: { type: 'nothing' },
    conduct: claims(everything, 5)
  },
  'has-nothing': {
    does: 'It claims to have nothing, and asks for everything again and again.',
    shows: { type: 'nothing' },
    conduct: claims(nothing, 40)
  },
  endless: {
    does: 'It never ends its side of an exchange.',
    shows: { type: 'counter', names: ['exchanges-failed'] },
    conduct: endless
  },
  'too-much': {
    does: 'It gives more bytes in one exchange than an exchange may carry.',
    shows: { type: 'counter', names: ['exchanges-failed'] },
    conduct: pours(tooMuch)
  },
  wasteful: {
    does: 'It makes everybody check thousands of good signatures under words that are of no use.',
    shows: { type: 'nothing' },
    conduct: gives(wasteful)
  }
}
