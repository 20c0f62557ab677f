import { describe, expect, it } from 'vitest'
import { nodeId } from '../../src/core/ids.ts'
import { checkCharter } from '../../src/decision/charter.ts'
import { rosterOf } from '../../src/decision/roster.ts'
import { testKey, verify } from '../support/keys.ts'
import { charterOf, communityOf } from './sample.ts'

describe('roster', () => {
  it('puts every founder at the position of its key', () => {
    const { roster, checked } = communityOf(5)
    expect(roster.epoch).toBe(0)
    expect(roster.community).toBe(checked.id)
    checked.charter.members.forEach((member, index) => {
      expect(roster.indexOf(member.key)).toBe(index)
      expect(roster.member(nodeId(index))).toEqual(member)
    })
  })

  it('has no position for a stranger, and no member beyond its end', () => {
    const { roster } = communityOf(3)
    expect(roster.indexOf(testKey(99).key)).toBeUndefined()
    expect(() => roster.member(nodeId(3))).toThrow(expect.objectContaining({ name: 'InvariantError' }))
  })

  it('has one hash for one charter, and another for another', () => {
    expect(rosterOf(checkCharter(charterOf(3), verify)).hash).toBe(communityOf(3).roster.hash)
    expect(communityOf(4).roster.hash).not.toBe(communityOf(3).roster.hash)
  })
})
