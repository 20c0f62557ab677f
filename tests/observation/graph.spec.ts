import { describe, expect, it } from 'vitest'
import { articulationPoints, components, type Edge, survivesAnyLoss } from '../../src/core/graph.ts'
import { randomBelow, seededRandom } from '../../src/core/random.ts'

const line = (count: number): Edge<number>[] =>
  Array.from({ length: count - 1 }, (_, index) => [index, index + 1] as const)
const upTo = (count: number): number[] => Array.from({ length: count }, (_, index) => index)

/** By definition: without the node, its own component falls apart. */
function cutsByDefinition(nodes: readonly number[], edges: readonly Edge<number>[]): number[] {
  const before = components(nodes, edges).length
  return nodes.filter((node) => {
    const others = nodes.filter((other) => other !== node)
    const isAlone = !edges.some(([left, right]) => left !== right && (left === node || right === node))
    return components(others, edges).length > before - (isAlone ? 1 : 0)
  })
}

describe('articulation points', () => {
  it('are the inner peers of a line, and nobody in a ring', () => {
    expect(articulationPoints(upTo(5), line(5))).toEqual([1, 2, 3])
    expect(articulationPoints(upTo(5), [...line(5), [4, 0]])).toEqual([])
  })

  it('are the one in the middle of a star: command and control', () => {
    expect(
      articulationPoints(
        upTo(6),
        upTo(6)
          .slice(1)
          .map((leaf) => [0, leaf] as const)
      )
    ).toEqual([0])
  })

  it('are the bridge between two communities', () => {
    const bow: Edge<number>[] = [
      [0, 1],
      [1, 2],
      [2, 0],
      [2, 3],
      [3, 4],
      [4, 2]
    ]
    expect(articulationPoints(upTo(5), bow)).toEqual([2])
  })

  it('do not mind loops, double links, or links to strangers', () => {
    expect(
      articulationPoints(
        [0, 1, 2],
        [
          [0, 0],
          [0, 1],
          [1, 0],
          [1, 2],
          [2, 1],
          [2, 9]
        ]
      )
    ).toEqual([1])
  })

  it('agree with their definition on random graphs', () => {
    const random = seededRandom(7)
    for (let run = 0; run < 200; run++) {
      const count = 2 + randomBelow(random, 8)
      const edges = Array.from(
        { length: randomBelow(random, 14) },
        () => [randomBelow(random, count), randomBelow(random, count)] as const
      )
      expect(articulationPoints(upTo(count), edges)).toEqual(cutsByDefinition(upTo(count), edges))
    }
  })

  it('are found in a line of twenty thousand without exhausting the stack', () => {
    expect(articulationPoints(upTo(20_000), line(20_000))).toHaveLength(19_998)
  })
})

describe('a network', () => {
  it('survives any loss if it is in one piece and nobody cuts it', () => {
    expect(
      survivesAnyLoss(
        [0, 1, 2],
        [
          [0, 1],
          [1, 2],
          [2, 0]
        ]
      )
    ).toBe(true)
    expect(survivesAnyLoss([0, 1, 2], line(3))).toBe(false)
    expect(
      survivesAnyLoss(
        [0, 1, 2, 3],
        [
          [0, 1],
          [2, 3]
        ]
      )
    ).toBe(false)
    expect(survivesAnyLoss([0], [])).toBe(true)
  })
})
