import { createHash } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import { outcomeOf } from '../../src/decision/outcome.ts'
import { hashOf, outcomeHash, outcomeSigningBytes, signingBytes } from '../../src/decision/signing.ts'
import { ballotsOf, choose, communityOf, proposalTo } from './sample.ts'

const text = (bytes: Uint8Array): string => new TextDecoder().decode(bytes)

describe('signing', () => {
  it('writes domain, version, newline and canonical JSON', () => {
    expect(text(signingBytes('ballot', { b: 1, a: 'x' }))).toBe('equipotent/ballot/1\n{"a":"x","b":1}')
  })

  it('hashes those bytes with SHA-256', () => {
    const byNode = createHash('sha256').update('equipotent/roster/1\n{"a":1}').digest('hex')
    expect(hashOf('roster', { a: 1 })).toBe(byNode)
  })

  it('gives one value another hash in every domain', () => {
    const hashes = (['charter', 'roster', 'proposal', 'ballot', 'outcome', 'endorsement', 'lot'] as const).map(
      (domain) => hashOf(domain, null)
    )
    expect(new Set(hashes).size).toBe(hashes.length)
  })

  it('endorses an outcome by its hash alone', () => {
    const community = communityOf(4)
    const proposal = proposalTo(community)
    const ballots = ballotsOf(community, proposal, [choose(0), choose(0), choose(1)])
    const outcome = outcomeOf(
      proposal,
      ballots.map((ballot) => ({ author: ballot.author, ballot }))
    )
    expect(text(outcomeSigningBytes(outcomeHash(outcome)))).toBe(`equipotent/endorsement/1\n"${outcomeHash(outcome)}"`)
  })
})
