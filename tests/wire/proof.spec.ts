import { describe, expect, it } from 'vitest'
import type { DecisionMessage } from '../../src/decision/decision-message.ts'
import { type Envelope, encodeEnvelope } from '../../src/wire/envelope.ts'
import { checkEvidence, evidenceOf } from '../../src/wire/proof.ts'
import { communityOf, proposalTo } from '../decision/sample.ts'
import { verify } from '../support/keys.ts'
import { ballotWord, COMMUNITY, EVERY_FRAME, echo, frameOf, keyOf, PROPOSAL, ROSTER } from './sample.ts'

const said = (node: number, sequence: number, ...words: readonly DecisionMessage[]): Envelope =>
  frameOf(node, { type: 'words', sequence, words })
const check = (one: Envelope, other: Envelope): ReturnType<typeof checkEvidence> =>
  checkEvidence(one.frame, other.frame, ROSTER, verify)

const ONE = said(5, 0, echo(1, 1), echo(2, 2))
const OTHER = said(5, 1, echo(1, 3))
const REFUSED = { refused: expect.any(String) as string }

describe('two frames that contradict each other', () => {
  it('prove it to anyone', () => {
    const evidence = evidenceOf(ONE, OTHER)
    expect(evidence).toMatchObject({ decision: PROPOSAL.id, slot: '1/echo' })
    const { first, second } = evidence as NonNullable<typeof evidence>
    expect(checkEvidence(first, second, ROSTER, verify)).toMatchObject({
      accused: 5,
      decision: PROPOSAL.id,
      slot: '1/echo'
    })
  })

  it('make the same proof in either order', () => {
    expect(evidenceOf(ONE, OTHER)).toEqual(evidenceOf(OTHER, ONE))
  })

  it('prove two ballots of one member', () => {
    expect(check(said(3, 0, ballotWord(3, 0)), said(3, 0, ballotWord(3, 1)))).toMatchObject({
      accused: 3,
      slot: '3/init'
    })
  })
})

describe('no proof against anybody are', () => {
  const elsewhere = encodeEnvelope({
    roster: ROSTER,
    author: keyOf(5).key,
    decision: proposalTo(COMMUNITY, { question: 'When?' }).id,
    payload: { type: 'words', sequence: 0, words: [echo(1, 3)] },
    sign: keyOf(5).sign
  })

  it.each([
    ['the same frame twice', ONE, ONE],
    ['two authors', ONE, said(4, 0, echo(1, 3))],
    ['two decisions', ONE, elsewhere],
    ['two batches with one number that say different things', said(5, 0, echo(1, 1)), said(5, 0, echo(2, 2))],
    ['frames that carry no words', EVERY_FRAME.presence, EVERY_FRAME.evidence]
  ])('%s', (_, one, other) => {
    expect(evidenceOf(one, other)).toBeUndefined()
    expect(check(one, other)).toEqual(REFUSED)
  })

  it('frames with a signature that does not verify', () => {
    const forged = Uint8Array.from(OTHER.frame)
    forged[forged.length - 1] = (forged.at(-1) as number) ^ 1
    expect(checkEvidence(ONE.frame, forged, ROSTER, verify)).toEqual(REFUSED)
    expect(checkEvidence(forged, ONE.frame, ROSTER, verify)).toEqual(REFUSED)
  })

  it('frames bound to another roster', () => {
    expect(checkEvidence(ONE.frame, OTHER.frame, communityOf(4).roster, verify)).toEqual(REFUSED)
  })

  it('bytes of no meaning', () => {
    expect(checkEvidence(new Uint8Array(0), new Uint8Array(99), ROSTER, verify)).toEqual(REFUSED)
  })
})
