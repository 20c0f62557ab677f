/**
 * Whom to call next: pure, so that the shape of the graph can be reasoned about and tested without a network.
 *
 * Members of whom nothing was heard come first, because the community may have fallen apart between us and them; then
 * those with whom we share the fewest neighbours, because they make the graph short and leave no bridge alone; then
 * chance, because when everybody prefers the same peer that one becomes a centre.
 *
 * @packageDocumentation
 */

import type { PeerIdString } from '../core/ids.ts'
import { type Random, shuffled } from '../core/random.ts'

/** The situation. */
export interface LinkSituation {
  /** Members that could be called now: not linked, not refused, not waiting after a failure, at a known address. */
  readonly candidates: readonly PeerIdString[]
  /** Members linked now. */
  readonly linked: readonly PeerIdString[]
  /** Calls under way. */
  readonly callingCount: number
  /** Links wanted. */
  readonly target: number
  /** Links wanted at once; the others up to the target come one by one, at leisure. */
  readonly enough: number
  /** True if it is time for a link that is wanted but not urgent. */
  readonly leisure: boolean
  /** True if it is time for a link that is not needed. */
  readonly explore: boolean
  readonly isSilent: (peer: PeerIdString) => boolean
  readonly linksOf: (peer: PeerIdString) => readonly PeerIdString[]
}

/** Links beyond the target that curiosity may add; more would turn every sparse graph into a dense one. */
const CURIOSITY_LINKS_MAX = 2

/** Silent members called at once, however many links there are. */
const SILENT_CALLS_MAX = 2

/**
 * Calls at once. A handshake costs both sides some 20 ms of CPU, and while everybody calls, others' calls come in: with
 * more at once a starting community makes nearly twice the links that it wants.
 */
const CALLS_AT_ONCE_MAX = 2

/** The members to call now, best first. */
export function nextLinks(situation: LinkSituation, random: Random): PeerIdString[] {
  const { candidates, linked, callingCount, target, enough, leisure } = situation
  const made = linked.length + callingCount
  const missing = Math.max(0, Math.min(enough, target) - made, leisure && callingCount === 0 && made < target ? 1 : 0)
  const curious = situation.explore && made < target + CURIOSITY_LINKS_MAX ? 1 : 0
  const silent = candidates.filter(situation.isSilent)
  const wanted = Math.max(missing, curious, Math.min(silent.length, SILENT_CALLS_MAX))
  const count = Math.max(0, Math.min(wanted, CALLS_AT_ONCE_MAX - callingCount))
  const neighbours = new Set(linked)
  const cost = (peer: PeerIdString): number =>
    silent.includes(peer) ? -1 : situation.linksOf(peer).filter((other) => neighbours.has(other)).length
  const priced = shuffled(random, candidates).map((peer) => ({ peer, cost: cost(peer) }))
  return priced
    .toSorted((left, right) => left.cost - right.cost)
    .slice(0, count)
    .map(({ peer }) => peer)
}
