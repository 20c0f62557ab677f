import { describe, expect, it } from 'vitest'
import { type NodeId, nodeId } from '../../src/core/ids.ts'
import { reachOf } from '../../src/peer/reach.ts'

const link = (one: number, other: number): [NodeId, NodeId] => [nodeId(one), nodeId(other)]
const self = nodeId(0)

describe('reach', () => {
  it('counts oneself, live links, and whoever they reach by links that both ends name', () => {
    const links = [link(1, 2), link(2, 3), link(4, 5)]
    const reach = reachOf({ self, validatorCount: 7, connected: [nodeId(1)], links })
    expect(reach).toEqual({ reached: 4, needed: 5, cutOff: true })
  })

  it('does not believe in a link of one’s own that is dead', () => {
    const reach = reachOf({ self, validatorCount: 4, connected: [], links: [link(0, 1), link(1, 2), link(2, 3)] })
    expect(reach).toEqual({ reached: 1, needed: 3, cutOff: true })
  })

  it('is enough with n - f, and always for a member alone', () => {
    const connected = [1, 2].map(nodeId)
    expect(reachOf({ self, validatorCount: 4, connected, links: [] }).cutOff).toBe(false)
    expect(reachOf({ self, validatorCount: 1, connected: [], links: [] })).toEqual({
      reached: 1,
      needed: 1,
      cutOff: false
    })
  })
})
