import { describe, expect, it } from 'vitest'
import { concatBytes } from '../../src/core/bytes.ts'
import { nodeId } from '../../src/core/ids.ts'
import { wordsToPayload } from '../../src/wire/codec.ts'
import { decodeEnvelope, type Envelope, openEnvelope } from '../../src/wire/envelope.ts'
import { LIMITS } from '../../src/wire/limits.ts'
import { type BitWords, Body, Frame, type WordsPayload } from '../../src/wire/messages.ts'
import { communityOf, proposalTo } from '../decision/sample.ts'
import { testKey, verify } from '../support/keys.ts'
import {
  ballotWord,
  bytesOf,
  COMMUNITY,
  EVERY_FRAME,
  EVERY_WORD,
  echo,
  endorsementWord,
  forge,
  frameOf,
  hashNumbered,
  keyOf,
  PROPOSAL,
  ROSTER,
  signBody
} from './sample.ts'

const frames = Object.entries(EVERY_FRAME)
const open = (frame: Uint8Array): ReturnType<typeof openEnvelope> => openEnvelope(frame, ROSTER, verify)

/** Why a frame is refused, or `accepted`. */
function refusal(frame: Uint8Array): string {
  const opened = open(frame)
  return opened.ok ? 'accepted' : `${opened.fault.kind}: ${opened.fault.explanation}`
}

const payloadOf = (words: Parameters<typeof wordsToPayload>[0]): WordsPayload => wordsToPayload(words, 0, 7)
const group = (changes: Partial<BitWords>): BitWords => {
  return { kind: 3, epoch: 1, value: 1, instances: Uint8Array.of(0b10), ...changes }
}
const bits = (...groups: readonly Partial<BitWords>[]): Uint8Array =>
  forge({ words: { sequence: 0, hashes: [], bits: groups.map(group) } })

describe('a frame', () => {
  it.each(frames)('with %s says after its way through bytes what it said before', (_, sent) => {
    const opened = open(sent.frame)
    expect(opened.ok && opened.envelope).toEqual(sent)
  })

  it('names its author by position in the roster', () => {
    const opened = open(EVERY_FRAME.words.frame)
    expect(opened.ok && opened.from).toBe(2)
  })

  it('turns a ballot into the word of its author', () => {
    const opened = open(EVERY_FRAME.words.frame)
    const payload = opened.ok ? opened.envelope.payload : undefined
    expect(payload?.type === 'words' && payload.words[0]).toEqual(ballotWord(2))
  })

  it('is kept as a copy: changing what came changes nothing', () => {
    const received = Uint8Array.from(EVERY_FRAME.words.frame)
    const opened = decodeEnvelope(received, ROSTER)
    received.fill(0)
    expect(opened.ok && opened.envelope.frame).toEqual(EVERY_FRAME.words.frame)
  })

  it('has the same id whatever its signature', () => {
    const { body, signature } = Frame.decode(EVERY_FRAME.words.frame)
    const other = decodeEnvelope(Frame.encode({ body, signature: signature.map((byte) => byte ^ 1) }), ROSTER)
    expect(other.ok && other.envelope.id).toBe(EVERY_FRAME.words.id)
  })
})

describe('a frame in another form', () => {
  const bodyOf = ({ frame }: Envelope): Uint8Array => Frame.decode(frame).body
  const words = bodyOf(EVERY_FRAME.words)
  it.each([
    ['a field that no reader knows', concatBytes(words, Uint8Array.of(0x78, 1))],
    ['a default written out', concatBytes(bodyOf(EVERY_FRAME.presence), Uint8Array.of(0x2a, 0))],
    ['a number in more bytes than it takes', concatBytes(Uint8Array.of(0x08, 0x81, 0x00), words.subarray(2))],
    ['its fields in another order', concatBytes(words.subarray(2), words.subarray(0, 2))],
    ['a field said twice', concatBytes(words.subarray(0, 2), words)]
  ])('is refused: %s', (_, body) => {
    expect(refusal(signBody(2, body))).toMatch('unreadable-frame: the body is not in its one form')
  })

  it('is refused: something after the signature', () => {
    expect(refusal(concatBytes(EVERY_FRAME.words.frame, Uint8Array.of(0x78, 1)))).toMatch(
      'the frame is not in its one form'
    )
  })

  it('is refused: groups out of order, or said in two parts', () => {
    expect(refusal(bits({ epoch: 1 }, { epoch: 2 }))).toBe('accepted')
    expect(refusal(bits({ epoch: 2 }, { epoch: 1 }))).toMatch('one form')
    expect(refusal(bits({}, { instances: Uint8Array.of(0b100) }))).toMatch('one form')
  })
})

describe('a frame of a faulty member', () => {
  const WORDS = payloadOf(EVERY_WORD)
  const LIFE = { session: new Uint8Array(16), life: 1, observing: false }
  const PRESENCE = { sequence: 1, addresses: [], neighbours: new Uint8Array(1), ...LIFE }
  const NOWHERE = { decision: new Uint8Array(0) }
  const OTHER = communityOf(4)
  const ECHO = payloadOf([echo(1, 1)])
  const [ECHOES] = ECHO.hashes as [WordsPayload['hashes'][number]]

  it.each([
    ['another version', forge({ version: 2, words: WORDS }), 'unreadable-frame: the frame speaks version 2'],
    ['another community', forge({ community: bytesOf(OTHER.roster.community), words: WORDS }), 'wrong-roster'],
    ['another roster', forge({ roster: bytesOf(OTHER.roster.hash), words: WORDS }), 'wrong-roster'],
    ['an author off the roster', forge({ author: bytesOf(testKey(77).key), words: WORDS }), 'wrong-roster'],
    [
      'another author',
      forge({ author: bytesOf(keyOf(3).key), words: ECHO }),
      'bad-signature: the signature of the frame'
    ],
    ['a short key', forge({ author: new Uint8Array(31), words: WORDS }), 'unreadable-frame'],
    ['no payload', forge({}), 'the frame carries 0 payloads'],
    [
      'two payloads',
      forge({ words: WORDS, evidence: { first: new Uint8Array(9), second: new Uint8Array(9) } }),
      '2 payloads'
    ],
    ['words about no decision', forge({ ...NOWHERE, words: WORDS }), 'names no decision'],
    ['presence about a decision', forge({ presence: PRESENCE }), 'presence is about no decision'],
    ['an empty batch', forge({ words: payloadOf([]) }), 'the batch says nothing'],
    ['a batch that contradicts itself', bits({ value: 0 }, { value: 1 }), 'impossible-message'],
    [
      'two overlapping sets of bits',
      bits({ kind: 4, value: 1 }, { kind: 4, value: 2, instances: Uint8Array.of(4) }, { kind: 4, value: 3 }),
      'contradicts itself'
    ],
    ['a batch numbered too high', forge({ words: { ...WORDS, sequence: LIMITS.wordsSequenceMax + 1 } }), 'too high'],
    ['an unknown kind of bits', bits({ kind: 5 }), 'no known kind'],
    ['an unknown kind of hashes', forge({ words: { ...ECHO, hashes: [{ ...ECHOES, kind: 2 }] } }), 'no known kind'],
    ['a bit that is neither', bits({ value: 2 }), 'neither 0 nor 1'],
    ['an empty set of bits', bits({ kind: 4, value: 0 }), 'neither 0 nor 1'],
    ['a FINISH in an epoch', bits({ kind: 0 }), 'an epoch where it cannot'],
    ['an own input in a later epoch', bits({ kind: 1 }), 'an epoch where it cannot'],
    ['an epoch beyond all', bits({ epoch: LIMITS.epochMax + 1 }), 'an epoch where it cannot'],
    ['a group about nobody', bits({ instances: new Uint8Array(1) }), 'about nobody'],
    ['a bit beyond the roster', bits({ instances: Uint8Array.of(0x80) }), 'does not fit the roster'],
    ['a bitmap too long', bits({ instances: Uint8Array.of(1, 0) }), 'does not fit the roster'],
    [
      'a hash too few',
      forge({ words: { ...ECHO, hashes: [{ ...ECHOES, instances: Uint8Array.of(3) }] } }),
      'one hash an instance'
    ],
    ['three groups of hashes', forge({ words: { ...ECHO, hashes: [ECHOES, ECHOES, ECHOES] } }), 'could not be decoded'],
    [
      'too many groups of bits',
      bits(...Array.from({ length: 257 }, (_, epoch) => ({ epoch }))),
      'could not be decoded'
    ],
    [
      'too many choices',
      withBallot({ choices: Array.from({ length: 21 }, (_, index) => index) }),
      'could not be decoded'
    ],
    ['an unknown answer', withBallot({ answer: 3 }), 'no known kind'],
    ['an abstention with choices', withBallot({ answer: 1 }), 'abstains and chooses'],
    ['a ballot signed for another answer', withBallot({ choices: [1] }), 'bad-signature: the signature of the ballot'],
    ['a short signature', withBallot({ signature: new Uint8Array(63) }), 'wrong length']
  ])('is refused: %s', (_, frame, expected) => {
    expect(refusal(frame)).toMatch(expected)
  })

  it('is accepted when it relays a bit and its opposite, or speaks differently of different instances', () => {
    expect(refusal(bits({ kind: 2, value: 0 }, { kind: 2, value: 1 }))).toBe('accepted')
    expect(refusal(bits({ value: 0 }, { value: 1, instances: Uint8Array.of(4) }))).toBe('accepted')
    expect(refusal(bits({ epoch: 1, value: 0 }, { epoch: 2, value: 1 }))).toBe('accepted')
  })

  it('is refused: an endorsement that somebody else signed', () => {
    expect(refusal(forge({ words: payloadOf([endorsementWord(3, hashNumbered(9))]) }))).toMatch('of the endorsement')
    expect(refusal(forge({ words: payloadOf([endorsementWord(2, hashNumbered(9))]) }))).toBe('accepted')
  })

  it('is refused: the ballot of somebody else as its own', () => {
    expect(refusal(forge({ words: payloadOf([ballotWord(3)]) }))).toMatch('bad-signature: the signature of the ballot')
  })

  it('is refused: a payload larger than its kind may be', () => {
    const addresses = Array.from({ length: 16 }, () => '/'.padEnd(200, 'a'))
    expect(refusal(forge({ ...NOWHERE, presence: { ...PRESENCE, addresses } }))).toMatch('with presence is too large')
    const evidence = { first: new Uint8Array(LIMITS.evidenceFrameSizeBytesMax + 1), second: new Uint8Array(9) }
    expect(refusal(forge({ evidence }))).toMatch('within evidence is empty or too large')
    expect(refusal(new Uint8Array(LIMITS.frameSizeBytesMax + 1))).toMatch('empty or too large')
  })

  function withBallot(changes: object): Uint8Array {
    const words = payloadOf([ballotWord(2)])
    return forge({
      words: { ...words, ballot: { ...(words.ballot as object), ...changes } as NonNullable<WordsPayload['ballot']> }
    })
  }
})

describe('a frame with a proposal', () => {
  const FIELDS = Body.decode(Frame.decode(EVERY_FRAME.proposal.frame).body).proposal as NonNullable<Body['proposal']>
  const AS_TWO = { author: bytesOf(keyOf(0).key) }
  const send = (changes: object): string => refusal(forge({ ...AS_TWO, proposal: { ...FIELDS, ...changes } }))

  it.each([
    [
      'another question than the decision is named after',
      { question: 'Shall we?' },
      'not the one that the frame names'
    ],
    ['a method that is not known', { method: 1 }, 'no known method'],
    ['a rule that is not known', { rule: 2 }, 'no known rule'],
    ['a tie rule that is not known', { tie: 3 }, 'no known way out'],
    ['one option', { options: ['lake'] }, 'the proposal is not valid: options'],
    ['too many options', { options: Array.from({ length: 21 }, (_, index) => `o${index}`) }, 'could not be decoded'],
    ['a deadline beyond counting', { deadlineMs: 2 ** 53 - 1 }, 'deadlineMs'],
    ['a short nonce', { nonce: new Uint8Array(15) }, 'nonce']
  ])('is refused: %s', (_, changes, expected) => {
    expect(send(changes)).toMatch(expected)
  })

  it('is refused when somebody else says it: the author is the proposer', () => {
    expect(refusal(forge({ proposal: FIELDS }))).toMatch('not the one that the frame names')
  })

  it('carries every kind of proposal', () => {
    const proposal = proposalTo(COMMUNITY, {
      rule: 'approval',
      tie: 'lot',
      deadlineMs: 7 * 24 * 3600 * 1000,
      question: 'Où ? 🏔'
    })
    const { key } = keyOf(0)
    expect(proposal.proposer).toBe(key)
    const body = Body.encode({
      version: 1,
      community: bytesOf(ROSTER.community),
      roster: bytesOf(ROSTER.hash),
      author: bytesOf(key),
      decision: bytesOf(proposal.id),
      proposal: { ...FIELDS, rule: 1, tie: 1, deadlineMs: proposal.deadlineMs, question: proposal.question }
    })
    const opened = open(signBody(0, body))
    expect(opened.ok && opened.envelope.payload).toEqual({ type: 'proposal', proposal })
  })
})

describe('a frame of our own', () => {
  it('with the ballot of somebody else is a bug', () => {
    expect(() => frameOf(2, { type: 'words', sequence: 0, words: [ballotWord(3)] })).toThrow('broken promise')
  })

  it('has another id when it says the same under another number', () => {
    const one = frameOf(2, { type: 'words', sequence: 0, words: [echo(1, 1)] })
    const next = frameOf(2, { type: 'words', sequence: 1, words: [echo(1, 1)] })
    expect(one.id).not.toBe(next.id)
    expect(one.decision).toBe(PROPOSAL.id)
    expect(nodeId(2)).toBe(ROSTER.indexOf(one.author))
  })
})
