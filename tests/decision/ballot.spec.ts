import { describe, expect, it } from 'vitest'
import { nodeId } from '../../src/core/ids.ts'
import {
  type Answer,
  answerFromWords,
  answerInWords,
  answerProblem,
  ballotHash,
  ballotSigningBytes,
  castBallot
} from '../../src/decision/ballot.ts'
import { testKey, verify } from '../support/keys.ts'
import { ABSTAIN, choose, communityOf, NO_ANSWER, proposalTo } from './sample.ts'

const community = communityOf(4)
const plurality = proposalTo(community)
const approval = proposalTo(community, { rule: 'approval' })
const { key, sign } = testKey(1)

describe('ballot', () => {
  const ballot = castBallot({ decision: plurality.id, author: nodeId(1), answer: choose(2), sign })

  it('is signed by its author over decision, author and answer', () => {
    expect(verify(key, ballotSigningBytes(ballot), ballot.signature)).toBe(true)
    const others = [
      { ...ballot, decision: approval.id },
      { ...ballot, author: nodeId(2) },
      { ...ballot, answer: choose(1) },
      { ...ballot, answer: ABSTAIN }
    ]
    for (const other of others) expect(verify(key, ballotSigningBytes(other), ballot.signature)).toBe(false)
  })

  it('has a hash that its answer changes and its signature does not', () => {
    expect(ballotHash({ ...ballot, signature: new Uint8Array(64) } as typeof ballot)).toBe(ballotHash(ballot))
    const hashes = [choose(0), choose(1), choose(0, 1), ABSTAIN, NO_ANSWER].map((answer) =>
      ballotHash({ ...ballot, answer })
    )
    expect(new Set(hashes).size).toBe(5)
  })

  it('signs nothing but what a ballot says, whatever else the answer carries', () => {
    const loaded = { type: 'abstain', choices: [1], note: 'x' } as unknown as Answer
    expect(castBallot({ decision: plurality.id, author: nodeId(1), answer: loaded, sign }).answer).toEqual(ABSTAIN)
  })
})

describe('answer', () => {
  it.each<[string, Answer]>([
    ['one choice', choose(2)],
    ['abstain', ABSTAIN],
    ['no answer', NO_ANSWER]
  ])('may be %s under either rule', (_, answer) => {
    expect(answerProblem(answer, plurality)).toBeUndefined()
    expect(answerProblem(answer, approval)).toBeUndefined()
  })

  it('may name several options under approval only', () => {
    expect(answerProblem(choose(0, 1, 2), approval)).toBeUndefined()
    expect(answerProblem(choose(0, 1), plurality)).toBe('it names 2 options where 1 may be named')
  })

  it.each<[string, Answer]>([
    ['no option', choose()],
    ['an option beyond the list', choose(3)],
    ['a negative option', choose(-1)],
    ['a fraction', choose(0.5)],
    ['not a number', choose(Number.NaN)],
    ['one option twice', choose(1, 1)],
    ['options out of order', choose(1, 0)],
    ['more options than there are', choose(0, 1, 2, 2)]
  ])('may not be a choice of %s', (_, answer) => {
    expect(answerProblem(answer, approval)).toMatch(/^it/)
  })
})

describe('an answer in words', () => {
  it('names options, in any order, and comes out in the order of the list', () => {
    expect(answerFromWords(['sea'], plurality)).toEqual(choose(2))
    expect(answerFromWords(['sea', 'lake'], approval)).toEqual(choose(0, 2))
  })

  it('abstains by the one word for it', () => {
    expect(answerFromWords(['abstain'], plurality)).toEqual(ABSTAIN)
    expect(answerFromWords([' Abstain'], plurality)).toEqual(ABSTAIN)
  })

  it('forgives case and outer spaces where they leave one option', () => {
    expect(answerFromWords([' LAKE '], plurality)).toEqual(choose(0))
    const alike = proposalTo(community, { options: ['Lake', 'lake'] })
    expect(answerFromWords(['lake'], alike)).toEqual(choose(1))
    expect(() => answerFromWords(['LAKE'], alike)).toThrow(/choices\.0: expected one of Lake, lake, or abstain alone/)
  })

  it('is refused with every problem', () => {
    expect(() => answerFromWords(['moon', 'lake', 'lake', 'abstain'], approval)).toThrow(
      expect.objectContaining({
        name: 'OptionsError',
        problems: ['choices.0', 'choices.2', 'choices.3'].map((path) => expect.objectContaining({ path }))
      })
    )
  })

  it('is refused if it says nothing, or more than the rule allows', () => {
    expect(() => answerFromWords([], plurality)).toThrow(/expected one option, or abstain/)
    expect(() => answerFromWords(['lake', 'sea'], plurality)).toThrow(
      /expected one option, or abstain, got "lake, sea"/
    )
    expect(() => answerFromWords([], approval)).toThrow(/expected 1 to 3 options, or abstain/)
  })

  it('reads back for people, with hostile option names made safe', () => {
    const hostile = proposalTo(community, { options: ['a\u001b[2J', 'b'] })
    expect(answerInWords(choose(0, 1), hostile)).toBe('a\\u{1b}[2J, b')
    expect(answerInWords(ABSTAIN, hostile)).toBe('abstain')
    expect(answerInWords(NO_ANSWER, hostile)).toBe('no answer')
  })
})
