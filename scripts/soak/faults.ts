/**
 * What is done to the peers, as a table, and the schedule that a seed makes of it.
 *
 * A fault names whom it would hurt in an order of preference, because at its time a peer may be down already: the first
 * that can be hurt is. So one seed is one schedule of faults, while times and victims depend on the machine's day.
 */

import { type Random, randomBelow, shuffled } from '../../src/core/random.ts'
import { CRASH_POINTS, type CrashPoint } from '../../src/storage/crash-points.ts'

/** One thing that is done on purpose. */
export type Fault =
  /** SIGKILL, and a start from disk after `downMs`. */
  | { readonly kind: 'kill'; readonly order: readonly number[]; readonly downMs: number }
  /** SIGKILL to a peer that is just proposing: with `patient` once it said that it has, otherwise at once. */
  | {
      readonly kind: 'kill-proposer'
      readonly order: readonly number[]
      readonly downMs: number
      readonly patient: boolean
    }
  /** SIGKILL to all at once, and all are started again. */
  | { readonly kind: 'kill-all'; readonly downMs: number }
  /** SIGKILL, and a start with a crash point armed: the process kills itself there at its `hit`th visit. */
  | {
      readonly kind: 'crash-point'
      readonly order: readonly number[]
      readonly at: CrashPoint
      readonly hit: number
      readonly downMs: number
    }
  /** SIGSTOP, and SIGCONT after `forMs`. */
  | { readonly kind: 'pause'; readonly order: readonly number[]; readonly forMs: number }
  /** A clean stop and a start. */
  | { readonly kind: 'restart'; readonly order: readonly number[]; readonly downMs: number }
  /** Clean restarts of all, one after the other. */
  | { readonly kind: 'rolling-restart'; readonly order: readonly number[] }
  /** Groups that refuse each other for `forMs`. */
  | { readonly kind: 'partition'; readonly groups: readonly (readonly number[])[]; readonly forMs: number }

/** The name of a kind of fault. */
export type FaultKind = Fault['kind']

/** A fault and how long after the one before it comes. */
export interface Scheduled {
  readonly afterMs: number
  readonly fault: Fault
}

interface Kind {
  /** How often it comes, compared with the others. */
  readonly weight: number
  readonly draw: (random: Random, numbers: readonly number[]) => Fault
}

/** Time between two faults, at most; half of it on average. Unit: milliseconds. */
const GAP_MS_MAX = 2_000

/** How long a killed peer is down, at most: from "nobody noticed" to "everybody did". Unit: milliseconds. */
const DOWN_MS_MAX = 2_500

/** A crash point is armed for one of its first visits in a life, mostly the very first; some are seldom visited at all. */
const HIT_MAX = 12

/** Partitions in halves are the worst there are, and chance alone makes few. */
const HALVES_CHANCE = 0.4

/** Every third partition outlasts the time in which libp2p notices that a connection is dead. */
const LONG_CHANCE = 0.33

const CRASH_POINT_NAMES = (Object.keys(CRASH_POINTS) as CrashPoint[]).filter((name) => !name.startsWith('identity-'))

const KINDS: { readonly [Name in FaultKind]: Kind } = {
  kill: {
    weight: 42,
    draw: (random, numbers) => ({ kind: 'kill', order: shuffled(random, numbers), downMs: downMs(random) })
  },
  'kill-proposer': {
    weight: 10,
    draw: (random, numbers) => {
      const order = shuffled(random, numbers)
      return { kind: 'kill-proposer', order, downMs: downMs(random), patient: random() < 0.5 }
    }
  },
  'kill-all': { weight: 2, draw: (random) => ({ kind: 'kill-all', downMs: downMs(random) }) },
  'crash-point': { weight: 16, draw: drawCrashPoint },
  pause: {
    weight: 14,
    draw: (random, numbers) => ({
      kind: 'pause',
      order: shuffled(random, numbers),
      forMs: between(random, 2_000, 15_000)
    })
  },
  restart: {
    weight: 8,
    draw: (random, numbers) => ({ kind: 'restart', order: shuffled(random, numbers), downMs: downMs(random) })
  },
  'rolling-restart': {
    weight: 2,
    draw: (random, numbers) => ({ kind: 'rolling-restart', order: shuffled(random, numbers) })
  },
  partition: { weight: 8, draw: drawPartition }
}

/** The kinds, in the order of the table. */
export const FAULT_KINDS = Object.keys(KINDS) as FaultKind[]

/** Endless faults: the same from the same randomness. */
export function* createSchedule(random: Random, numbers: readonly number[]): Generator<Scheduled, never> {
  const total = FAULT_KINDS.reduce((sum, kind) => sum + KINDS[kind].weight, 0)
  for (;;) {
    const afterMs = between(random, 0, GAP_MS_MAX)
    yield { afterMs, fault: KINDS[byWeight(random() * total)].draw(random, numbers) }
  }
}

/** The kind at this place, where each takes as much room as its weight. */
function byWeight(place: number): FaultKind {
  let end = 0
  for (const kind of FAULT_KINDS) {
    end += KINDS[kind].weight
    if (place < end) return kind
  }
  return 'kill'
}

function drawCrashPoint(random: Random, numbers: readonly number[]): Fault {
  const order = shuffled(random, numbers)
  const at = CRASH_POINT_NAMES[randomBelow(random, CRASH_POINT_NAMES.length)] as CrashPoint
  return { kind: 'crash-point', order, at, hit: Math.floor(HIT_MAX ** random()), downMs: downMs(random) }
}

function drawPartition(random: Random, numbers: readonly number[]): Fault {
  const mixed = shuffled(random, numbers)
  const half = Math.floor(mixed.length / 2)
  const at = random() < HALVES_CHANCE ? half : 1 + randomBelow(random, mixed.length - 1)
  const forMs = random() < LONG_CHANCE ? between(random, 15_500, 24_000) : between(random, 2_000, 9_000)
  return { kind: 'partition', groups: [mixed.slice(0, at), mixed.slice(at)], forMs }
}

const between = (random: Random, min: number, max: number): number => min + randomBelow(random, max - min)

/** Short times are as likely as long ones, whatever their scale. */
const downMs = (random: Random): number => Math.round(DOWN_MS_MAX ** random())
