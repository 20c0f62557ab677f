import { describe, expect, it } from 'vitest'
import {
  checkProposal,
  PROPOSAL_LIMITS,
  type Proposal,
  proposalId,
  proposalProblems,
  proposalTerms,
  termsProblems
} from '../../src/decision/proposal.ts'
import { communityOf, proposalTo } from './sample.ts'

const community = communityOf(4)
const good = proposalTerms(proposalTo(community))

/** Paths of the problems of the good proposal with these changes. */
const paths = (changes: Record<string, unknown>): string[] =>
  proposalProblems({ ...good, ...changes }).map((problem) => problem.path)

describe('proposal', () => {
  it('has an id that everything in it changes', () => {
    const changes: Partial<Proposal>[] = [
      {},
      { community: 'ab'.repeat(32) as Proposal['community'] },
      { roster: 'ab'.repeat(32) as Proposal['roster'] },
      { proposer: community.checked.charter.members[1]?.key as Proposal['proposer'] },
      { question: 'Where?' },
      { options: ['hills', 'lake', 'sea'] },
      { rule: 'approval' },
      { tie: 'lot' },
      { deadlineMs: 60_001 },
      { nonce: 'ff'.repeat(16) }
    ]
    const ids = changes.map((change) => proposalId({ ...good, ...change }))
    expect(new Set(ids).size).toBe(changes.length)
  })

  it('has the same id whatever else the object carries, its own id included', () => {
    const identified = checkProposal(good)
    expect(proposalId(identified)).toBe(identified.id)
    expect(checkProposal(identified)).toEqual(identified)
  })

  it('may carry no id but its own, and in a certificate none', () => {
    const identified = checkProposal(good)
    expect(paths({ id: 'ab'.repeat(32) })).toEqual(['id'])
    expect(proposalProblems(identified)).toEqual([])
    expect(termsProblems(identified).map((problem) => problem.path)).toEqual(['id'])
  })

  it('accepts its limits and refuses one step beyond', () => {
    const { questionCodePointsMax, optionCodePointsMax, optionsMax, deadlineMsMin, deadlineMsMax } = PROPOSAL_LIMITS
    const named = (length: number): string[] => Array.from({ length }, (_, index) => `option ${index}`)
    const wide = '\u{1f30a}'
    expect(paths({ question: wide.repeat(questionCodePointsMax) })).toEqual([])
    expect(paths({ question: wide.repeat(questionCodePointsMax + 1) })).toEqual(['question'])
    expect(paths({ options: [wide.repeat(optionCodePointsMax), 'b'] })).toEqual([])
    expect(paths({ options: [wide.repeat(optionCodePointsMax + 1), 'b'] })).toEqual(['options.0'])
    expect(paths({ options: named(2) })).toEqual([])
    expect(paths({ options: named(1) })).toEqual(['options'])
    expect(paths({ options: named(optionsMax) })).toEqual([])
    expect(paths({ options: named(optionsMax + 1) })).toEqual(['options'])
    for (const deadlineMs of [deadlineMsMin, deadlineMsMax]) expect(paths({ deadlineMs })).toEqual([])
    for (const deadlineMs of [deadlineMsMin - 1, deadlineMsMax + 1, 500.5, Number.NaN, '60000', null]) {
      expect(paths({ deadlineMs })).toEqual(['deadlineMs'])
    }
  })

  it.each(['abstain', 'Abstain', ' ABSTAIN '])('keeps the word for abstaining free of the option "%s"', (word) => {
    expect(paths({ options: ['lake', word] })).toEqual(['options.1'])
  })

  it('lists each option once', () => {
    expect(paths({ options: ['lake', 'sea', 'lake', 'lake'] })).toEqual(['options.2', 'options.3'])
  })

  it('throws every problem at once', () => {
    const attempt = () =>
      checkProposal({
        ...good,
        community: 'AB'.repeat(32),
        proposer: 'ab',
        question: ' ',
        options: ['', 'abstain', 7, '\udc00'],
        method: 'hierarchy',
        rule: 'borda',
        tie: 'coin',
        nonce: 12,
        boss: true
      })
    expect(attempt).toThrow(
      expect.objectContaining({
        name: 'OptionsError',
        problems: [
          'community',
          'proposer',
          'question',
          'options.0',
          'options.2',
          'options.3',
          'options.1',
          'method',
          'rule',
          'tie',
          'nonce',
          'boss'
        ].map((path) => expect.objectContaining({ path }))
      })
    )
  })

  it.each([null, undefined, 1, 'x', [], [[]], {}, { id: {} }, { options: {} }])(
    'lists problems of %j instead of throwing',
    (value) => {
      expect(proposalProblems(value).length).toBeGreaterThan(0)
    }
  )
})
