import { describe, expect, it } from 'vitest'
import { nodeId } from '../../src/core/ids.ts'
import { isRelayNeedless } from '../../src/peer/relay.ts'

const nodes = (...indexes: readonly number[]) => indexes.map(nodeId)

describe('relaying', () => {
  it('is needless when the author reaches all my neighbours itself', () => {
    expect(isRelayNeedless(nodeId(0), nodes(1, 2, 3), nodes(0, 2, 3))).toBe(true)
  })

  it('is needed when I have a neighbour that the author lacks', () => {
    expect(isRelayNeedless(nodeId(0), nodes(1, 2), nodes(0, 2, 3))).toBe(false)
  })

  it('is needed for an author whose links are not known', () => {
    expect(isRelayNeedless(nodeId(0), [], nodes(0, 2))).toBe(false)
  })

  it('is needless for a peer whose only neighbour is the author', () => {
    expect(isRelayNeedless(nodeId(0), [], nodes(0))).toBe(true)
  })
})
