import { fc, test } from '@fast-check/vitest'
import { describe, expect, it } from 'vitest'
import { nodeId } from '../../src/core/ids.ts'
import type { Answer, Ballot } from '../../src/decision/ballot.ts'
import { ballotHash } from '../../src/decision/ballot.ts'
import { outcomeOf, resultInWords } from '../../src/decision/outcome.ts'
import type { IdentifiedProposal, Proposal, TieRule } from '../../src/decision/proposal.ts'
import { hashOf, outcomeHash } from '../../src/decision/signing.ts'
import { COUNTING_RULES, count } from '../../src/decision/tally/index.ts'
import { TIE_BREAKERS } from '../../src/decision/tally/tie.ts'
import { ABSTAIN, choose, communityOf, NO_ANSWER, proposalTo } from './sample.ts'

const community = communityOf(4)

/** Ballots that are counted but not verified, so that hundreds are cheap. */
function ballots(proposal: IdentifiedProposal, answers: readonly Answer[]): Ballot[] {
  return answers.map((answer, index) => ({
    decision: proposal.id,
    author: nodeId(index),
    answer,
    signature: new Uint8Array(64)
  }))
}

const counted = (answers: readonly Answer[], changes: Partial<Proposal> = {}) => {
  const proposal = proposalTo(community, changes)
  return count(ballots(proposal, answers), proposal)
}

const inWords = (answers: readonly Answer[], changes: Partial<Proposal> = {}): string => {
  const proposal = proposalTo(community, changes)
  const entries = ballots(proposal, answers).map((ballot) => ({ author: ballot.author, ballot }))
  return resultInWords(outcomeOf(proposal, entries), proposal)
}

/** `times` copies of an answer. */
const times = (copies: number, answer: Answer): Answer[] => Array.from({ length: copies }, () => answer)

describe('plurality', () => {
  // The state of Tennessee chooses its capital, the usual textbook example: 42, 26, 15 and 17 of a hundred voters.
  const options = ['Memphis', 'Nashville', 'Chattanooga', 'Knoxville']

  it('chooses Memphis for Tennessee, though 58 of 100 would rather have any other', () => {
    const answers = [42, 26, 15, 17].flatMap((voters, option) => times(voters, choose(option)))
    expect(counted(answers, { options })).toEqual({
      winner: 0,
      tallies: [42, 26, 15, 17],
      abstained: 0,
      noAnswer: 0,
      tied: []
    })
  })
})

describe('approval', () => {
  it('chooses Nashville for Tennessee, if each approves of the two nearest cities', () => {
    const options = ['Memphis', 'Nashville', 'Chattanooga', 'Knoxville']
    const answers = [
      ...times(42, choose(0, 1)),
      ...times(26, choose(1, 2)),
      ...times(15, choose(2, 3)),
      ...times(17, choose(2, 3))
    ]
    const result = counted(answers, { options, rule: 'approval' })
    expect(result).toMatchObject({ winner: 1, tallies: [42, 68, 58, 32], tied: [] })
  })
})

describe('counting', () => {
  it('counts abstaining and not answering for no option, and keeps them apart', () => {
    const answers = [choose(1), ABSTAIN, ABSTAIN, NO_ANSWER, NO_ANSWER, NO_ANSWER]
    expect(counted(answers)).toEqual({ winner: 1, tallies: [0, 1, 0], abstained: 2, noAnswer: 3, tied: [] })
  })

  it.each<TieRule>(['first-listed', 'lot', 'undecided'])(
    'has no winner and no tie if nobody chose, under %s',
    (tie) => {
      const nobody = { winner: null, tallies: [0, 0, 0], tied: [] }
      expect(counted([ABSTAIN, NO_ANSWER, ABSTAIN], { tie })).toEqual({ ...nobody, abstained: 2, noAnswer: 1 })
      expect(counted([], { tie })).toEqual({ ...nobody, abstained: 0, noAnswer: 0 })
    }
  )

  it('explains each of its rules in one sentence', () => {
    for (const { explanation } of [...Object.values(COUNTING_RULES), ...Object.values(TIE_BREAKERS)]) {
      expect(explanation).toMatch(/^[A-Z][^.]+\.$/)
    }
  })

  const answers = fc.array(
    fc.oneof(
      fc.subarray([0, 1, 2], { minLength: 1 }).map((choices) => choose(...choices)),
      fc.constantFrom(ABSTAIN, NO_ANSWER)
    ),
    { maxLength: 12 }
  )
  const ties = fc.constantFrom<TieRule>('first-listed', 'lot', 'undecided')
  const shuffles = fc.infiniteStream(fc.nat())

  test.prop([answers, ties, shuffles])('gives one outcome whatever the order of the ballots', (said, tie, stream) => {
    const proposal = proposalTo(community, { rule: 'approval', tie })
    const all = ballots(proposal, said)
    const entries = all.map((ballot) => ({ author: ballot.author, ballot }))
    const mixed = entries
      .map((entry) => ({ entry, place: stream.next().value ?? 0 }))
      .toSorted((left, right) => left.place - right.place)
      .map(({ entry }) => entry)
    expect(outcomeHash(outcomeOf(proposal, mixed))).toBe(outcomeHash(outcomeOf(proposal, entries)))
    expect(
      count(
        mixed.map((entry) => entry.ballot),
        proposal
      )
    ).toEqual(count(all, proposal))
  })

  test.prop([answers, ties])('chooses only an option that nothing beats', (said, tie) => {
    const { winner, tallies, tied, abstained, noAnswer } = counted(said, { rule: 'approval', tie })
    const highest = Math.max(...tallies)
    const leaders = [0, 1, 2].filter((option) => highest > 0 && tallies[option] === highest)
    expect(tied).toEqual(leaders.length > 1 ? leaders : [])
    if (winner !== null) expect(leaders).toContain(winner)
    expect(winner === null).toBe(leaders.length === 0 || (leaders.length > 1 && tie === 'undecided'))
    expect(abstained + noAnswer + said.filter((answer) => answer.type === 'choice').length).toBe(said.length)
  })
})

describe('a tie', () => {
  const split = [choose(2), choose(1), choose(2), choose(1), choose(0)]

  it('goes to the option listed first, where the proposal says so', () => {
    expect(counted(split, { tie: 'first-listed' })).toMatchObject({ winner: 1, tied: [1, 2] })
  })

  it('stays undecided, where the proposal says so', () => {
    expect(counted(split, { tie: 'undecided' })).toMatchObject({ winner: null, tied: [1, 2] })
  })

  it('is drawn by the lowest hash of decision, sorted ballots and option', () => {
    const proposal = proposalTo(community, { tie: 'lot' })
    const all = ballots(proposal, split)
    const hashes = all.map(ballotHash).sort()
    const lots = [1, 2].map((option) => hashOf('lot', { decision: proposal.id, ballots: hashes, option }))
    const drawn = (lots[0] as string) < (lots[1] as string) ? 1 : 2
    expect(count(all, proposal)).toMatchObject({ winner: drawn, tied: [1, 2] })
  })

  it('is drawn fairly: over 600 decisions each of three options wins about 200 times', () => {
    const wins = [0, 0, 0]
    for (let round = 0; round < 600; round++) {
      const proposal = proposalTo(community, { tie: 'lot', nonce: round.toString(16).padStart(32, '0') })
      const { winner } = count(ballots(proposal, [choose(0), choose(1), choose(2)]), proposal)
      wins[winner as number] = (wins[winner as number] as number) + 1
    }
    // The nonces are fixed, so this cannot fail by chance; 150 is 4.3 standard deviations from 200.
    for (const won of wins) expect(won).toBeGreaterThan(150)
  })
})

describe('the result in words', () => {
  it('names the winner, its votes, and the ballots counted', () => {
    expect(inWords([...times(5, choose(0)), choose(1), ABSTAIN])).toBe('lake (5 of 7)')
  })

  it('says with what it was tied, and how that was settled', () => {
    const split = [...times(2, choose(0)), ...times(2, choose(2)), ABSTAIN]
    expect(inWords(split, { tie: 'first-listed' })).toBe('lake (2 of 5, tied with sea, listed first)')
    expect(inWords(split, { tie: 'lot' })).toMatch(/^(lake|sea) \(2 of 5, tied with (lake|sea), drawn by lot\)$/)
    expect(inWords(split, { tie: 'undecided' })).toBe('no winner: lake and sea tied (2 of 5 each)')
  })

  it('lists three that tied', () => {
    const split = [choose(0), choose(1), choose(2)]
    expect(inWords(split)).toBe('no winner: lake, hills and sea tied (1 of 3 each)')
    expect(inWords(split, { tie: 'first-listed' })).toBe('lake (1 of 3, tied with hills and sea, listed first)')
  })

  it('says so if nobody chose', () => {
    expect(inWords([ABSTAIN, NO_ANSWER])).toBe('no winner: nobody chose')
  })

  it('shows hostile option names only as escapes', () => {
    expect(inWords([choose(0)], { options: ['a\u001b[2J\u202e', 'b'] })).toBe('a\\u{1b}[2J\\u{202e} (1 of 1)')
  })
})

describe('outcome', () => {
  it('lists the agreed set in roster order, with the hash of each ballot', () => {
    const proposal = proposalTo(community)
    const all = ballots(proposal, [choose(0), ABSTAIN, choose(0)])
    const entries = all.map((ballot) => ({ author: ballot.author, ballot })).reverse()
    expect(outcomeOf(proposal, entries)).toEqual({
      format: 'equipotent-outcome/1',
      decision: proposal.id,
      roster: proposal.roster,
      rule: 'plurality',
      tie: 'undecided',
      counted: all.map((ballot) => ({ author: ballot.author, ballot: ballotHash(ballot) })),
      result: { winner: 0, tallies: [2, 0, 0], abstained: 1, noAnswer: 0, tied: [] }
    })
  })

  it('is never made of two ballots of one author', () => {
    const proposal = proposalTo(community)
    const [ballot] = ballots(proposal, [choose(0)]) as [Ballot]
    const entry = { author: ballot.author, ballot }
    expect(() => outcomeOf(proposal, [entry, entry])).toThrow(/one ballot an author/)
  })
})
