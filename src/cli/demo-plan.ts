/**
 * What happens in a demo: who asks, who says what, in which order, and who is killed when. Pure, and repeated by its seed.
 *
 * @packageDocumentation
 */

import { enoughToProceed, maxFaulty } from '../core/quorum.ts'
import { type Random, randomBelow, seededRandom, shuffled } from '../core/random.ts'
import type { Rule } from '../decision/proposal.ts'

/** Whom to kill: the peer that started first, any, nobody, or these by number. */
export type Kill = 'founder' | 'random' | 'none' | readonly number[]

/** What a plan is made from. */
export interface DemoTerms {
  readonly peers: number
  readonly options: readonly string[]
  readonly rule: Rule
  readonly kill: Kill
  readonly seed: number
}

/** A demo as it will go. Peers are numbered from 1. */
export interface DemoPlan {
  /** Through whom the question is asked. */
  readonly proposer: number
  readonly victims: readonly number[]
  /** Who answers before the kill, in order; the victims are among them. */
  readonly firstVoters: readonly number[]
  /** Who answers after it. */
  readonly otherVoters: readonly number[]
  /** What each peer answers, by number. */
  readonly choices: Readonly<Record<number, readonly string[]>>
}

/** Half of the community, and never so many that a decision could be made without the others. */
function votersBeforeKill(peers: number): number {
  return Math.min(Math.ceil(peers / 2), enoughToProceed(peers) - 1)
}

/** The plan of a demo. The same terms give the same plan. */
export function planDemo({ peers, options, rule, kill, seed }: DemoTerms): DemoPlan {
  const random = seededRandom(seed)
  const everyone = Array.from({ length: peers }, (_, index) => index + 1)
  const victims = victimsOf(kill, peers, random)
  const proposer = everyone[randomBelow(random, peers)] ?? 1
  const others = shuffled(
    random,
    everyone.filter((number) => !victims.includes(number))
  )
  const beforeCount = victims.length === 0 ? 0 : Math.max(0, votersBeforeKill(peers) - victims.length)
  const firstVoters = shuffled(random, [...victims, ...others.slice(0, beforeCount)])
  const choices = Object.fromEntries(everyone.map((number) => [number, choose(options, rule, random)]))
  return { proposer, victims, firstVoters, otherVoters: others.slice(beforeCount), choices }
}

/** Whom to kill if nobody says: the founder, where the community is large enough to bear it. */
export function defaultKill(peers: number): Kill {
  return maxFaulty(peers) > 0 ? 'founder' : 'none'
}

function victimsOf(kill: Kill, peers: number, random: Random): readonly number[] {
  if (kill === 'none') return []
  if (kill === 'founder') return [1]
  if (kill === 'random') return [1 + randomBelow(random, peers)]
  return kill
}

function choose(options: readonly string[], rule: Rule, random: Random): readonly string[] {
  const count = rule === 'approval' ? 1 + randomBelow(random, Math.min(2, options.length)) : 1
  return shuffled(random, options).slice(0, count)
}
