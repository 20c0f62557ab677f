/**
 * Where a decision stands, in words for people: the step reached, what it waits for, and for whom.
 *
 * @packageDocumentation
 */

import { everyNode, type NodeId } from '../core/ids.ts'
import { enoughToCertify, enoughToProceed } from '../core/quorum.ts'
import type { Decision } from './decision.ts'

/** The step of a decision's life. `decision.ts` tells the story of each. */
export type Stage = 'gathering' | 'sharing' | 'agreeing' | 'signing' | 'certified'

/** Where one decision stands at one validator. */
export interface Progress {
  readonly stage: Stage
  /** What it waits for, e.g. `2 more ballots, or the deadline`. Empty when certified. */
  readonly waitingFor: string
  /** For whom it waits: validators not heard from in this step. */
  readonly missing: readonly NodeId[]
  /** Whose ballot is known here. */
  readonly cast: readonly NodeId[]
}

/** Where `decision` stands. */
export function progressOf(decision: Decision): Progress {
  const stage = stageOf(decision)
  const cast = decision.ballots.map((ballot) => ballot.author)
  const heard = HEARD[stage](decision, cast)
  const present = new Set(heard)
  const missing = everyNode(decision.roster.members.length).filter((node) => !present.has(node))
  return { stage, waitingFor: waitingFor(stage, heard.length, decision.roster.members.length), missing, cast }
}

function stageOf(decision: Decision): Stage {
  if (decision.certified) return 'certified'
  if (decision.outcome !== undefined) return 'signing'
  if (!decision.subset.opened) return 'gathering'
  return decision.subset.delivered.length < enoughToProceed(decision.roster.members.length) ? 'sharing' : 'agreeing'
}

/** Who has been heard from in each stage. A validator past gathering has spoken itself, even if it has cast no ballot. */
const HEARD: Readonly<Record<Stage, (decision: Decision, cast: readonly NodeId[]) => readonly NodeId[]>> = {
  gathering: (_, cast) => cast,
  sharing: withSelf,
  agreeing: withSelf,
  signing: (decision) => decision.endorsers,
  certified: (decision) => everyNode(decision.roster.members.length)
}

function withSelf(decision: Decision): readonly NodeId[] {
  return [...new Set([...decision.active.toArray(), decision.self])]
}

function waitingFor(stage: Stage, heard: number, validatorCount: number): string {
  const more = (needed: number, what: string): string => {
    const count = Math.max(0, needed - heard)
    if (count === 0) return `the last of the ${what}s`
    return `${count} more ${count === 1 ? what : `${what}s`}`
  }
  switch (stage) {
    case 'gathering':
      return `${more(validatorCount, 'ballot')}, or the deadline`
    case 'sharing':
      return `${more(enoughToProceed(validatorCount), 'peer')} to say which ballots they saw`
    case 'agreeing':
      return `${more(enoughToProceed(validatorCount), 'peer')} to agree which ballots count`
    case 'signing':
      return `${more(enoughToCertify(validatorCount), 'signature')} under the outcome`
    case 'certified':
      return ''
  }
}
