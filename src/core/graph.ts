/**
 * Whether a network hangs together, and by whom.
 *
 * A peer whose loss would cut the others apart is an *articulation point*. A community of equals should have none: that is
 * what "nobody is in charge of the connections" means, as a property anyone can compute.
 *
 * Source: Hopcroft and Tarjan, "Algorithm 447: efficient algorithms for graph manipulation", CACM 16, 1973. Iterative, so
 * that no shape of network can exhaust the stack.
 *
 * @packageDocumentation
 */

/** A connection between two peers. It has no direction. */
export type Edge<Node> = readonly [Node, Node]

/** The peers whose loss would leave others without a path to each other, in the order of `nodes`. */
export function articulationPoints<Node>(nodes: readonly Node[], edges: readonly Edge<Node>[]): Node[] {
  const neighbours = adjacency(nodes, edges)
  const search: Search<Node> = { neighbours, depth: new Map(), low: new Map(), points: new Set() }
  for (const root of neighbours.keys()) if (!search.depth.has(root)) searchFrom(root, search)
  return [...neighbours.keys()].filter((node) => search.points.has(node))
}

/** The parts of a network, each a list of peers that reach one another; in the order of `nodes`. */
export function components<Node>(nodes: readonly Node[], edges: readonly Edge<Node>[]): Node[][] {
  const neighbours = adjacency(nodes, edges)
  const seen = new Set<Node>()
  const parts: Node[][] = []
  for (const start of neighbours.keys()) {
    if (seen.has(start)) continue
    seen.add(start)
    const part = [start]
    for (const node of part) for (const next of neighbours.get(node) ?? []) addOnce(next, seen, part)
    parts.push(part)
  }
  return parts
}

/** True if every peer reaches every other, and still would after the loss of any one. */
export function survivesAnyLoss<Node>(nodes: readonly Node[], edges: readonly Edge<Node>[]): boolean {
  return components(nodes, edges).length <= 1 && articulationPoints(nodes, edges).length === 0
}

interface Search<Node> {
  readonly neighbours: ReadonlyMap<Node, readonly Node[]>
  /** When each node was first met. */
  readonly depth: Map<Node, number>
  /** The earliest node that it or anything below it has an edge to. */
  readonly low: Map<Node, number>
  readonly points: Set<Node>
}

interface Frame<Node> {
  readonly node: Node
  readonly parent: Node | undefined
  readonly pending: Node[]
  children: number
}

function searchFrom<Node>(root: Node, search: Search<Node>): void {
  const stack: Frame<Node>[] = [enter(root, undefined, search)]
  while (stack.length > 0) {
    const frame = stack.at(-1) as Frame<Node>
    const next = frame.pending.pop()
    if (next === undefined) {
      stack.pop()
      leave(frame, stack.at(-1), search)
    } else if (!search.depth.has(next)) {
      frame.children++
      stack.push(enter(next, frame.node, search))
    } else if (next !== frame.parent) {
      lower(frame.node, search.depth.get(next) as number, search)
    }
  }
}

function enter<Node>(node: Node, parent: Node | undefined, search: Search<Node>): Frame<Node> {
  search.depth.set(node, search.depth.size)
  search.low.set(node, search.depth.get(node) as number)
  return { node, parent, pending: [...(search.neighbours.get(node) ?? [])], children: 0 }
}

/** A root cuts if it has two subtrees; any other node cuts if a child's subtree reaches nothing above it. */
function leave<Node>(frame: Frame<Node>, above: Frame<Node> | undefined, search: Search<Node>): void {
  if (above === undefined) {
    if (frame.children > 1) search.points.add(frame.node)
    return
  }
  const low = search.low.get(frame.node) as number
  lower(above.node, low, search)
  if (above.parent !== undefined && low >= (search.depth.get(above.node) as number)) search.points.add(above.node)
}

function lower<Node>(node: Node, to: number, search: Search<Node>): void {
  search.low.set(node, Math.min(search.low.get(node) as number, to))
}

function adjacency<Node>(nodes: readonly Node[], edges: readonly Edge<Node>[]): Map<Node, readonly Node[]> {
  const sets = new Map<Node, Set<Node>>(nodes.map((node) => [node, new Set()]))
  for (const [left, right] of edges) {
    if (left === right || !sets.has(left) || !sets.has(right)) continue
    sets.get(left)?.add(right)
    sets.get(right)?.add(left)
  }
  return new Map([...sets].map(([node, set]) => [node, [...set]]))
}

function addOnce<Node>(node: Node, seen: Set<Node>, list: Node[]): void {
  if (seen.has(node)) return
  seen.add(node)
  list.push(node)
}
