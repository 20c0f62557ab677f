/** What the soak was asked for. */

import { parseArgs } from 'node:util'
import { createReader, problemSentence, type Reader, type Typed } from '../../src/cli/reader.ts'
import { OptionsError } from '../../src/core/errors.ts'

/** How to soak. */
export interface SoakPlan {
  readonly seed: number
  readonly minutes: number
  readonly peers: number
  /** Peers killed and restarted, at least. */
  readonly cycles: number
  /** Faults injected, at least. */
  readonly faults: number
  readonly json: boolean
  /** Keep the data directory even if nothing went wrong. */
  readonly keep: boolean
}

/** A plan, or why there is none. */
export type SoakOptions =
  | { readonly type: 'help' }
  | { readonly type: 'mistake'; readonly sentences: readonly string[] }
  | { readonly type: 'soak'; readonly plan: SoakPlan }

/** What a soak of so many minutes reaches without effort on two cores, by minute. */
const PACE = { cycles: 20, faults: 50 } as const

const LIMITS = { minutesMax: 600, peers: { min: 4, max: 16 }, countMax: 1_000_000, seedMax: 2 ** 32 - 1 } as const

const MINUTES_DEFAULT = '10'

/** Reads the command line; never throws for what a person typed. `newSeed` is used if none was typed. */
export function readSoakOptions(argv: readonly string[], newSeed: number): SoakOptions {
  try {
    return read(typedIn(argv), newSeed)
  } catch (error) {
    if (error instanceof OptionsError) return { type: 'mistake', sentences: error.problems.map(problemSentence) }
    const { code, message } = error as NodeJS.ErrnoException
    if (code?.startsWith('ERR_PARSE_ARGS') !== true) throw error
    // What follows the first sentence is advice for another program.
    const [said = message] = message.split(/\.\s/)
    return { type: 'mistake', sentences: [`${said.replace(/\.$/, '')}; see npm run soak -- --help.`] }
  }
}

function typedIn(argv: readonly string[]): Typed {
  const { values } = parseArgs({
    args: [...argv],
    options: {
      minutes: { type: 'string', default: MINUTES_DEFAULT },
      seed: { type: 'string' },
      peers: { type: 'string', default: '7' },
      cycles: { type: 'string' },
      faults: { type: 'string' },
      json: { type: 'boolean', default: false },
      keep: { type: 'boolean', default: false },
      help: { type: 'boolean', default: false }
    }
  })
  return values
}

function read(typed: Typed, newSeed: number): SoakOptions {
  const reader = createReader(typed)
  if (reader.flag('help')) return { type: 'help' }
  const minutes = readMinutes(reader)
  const seed = reader.wholeNumber('seed', { min: 0, max: LIMITS.seedMax })
  const peers = reader.wholeNumber('peers', LIMITS.peers)
  const cycles = reader.wholeNumber('cycles', { min: 0, max: LIMITS.countMax })
  const faults = reader.wholeNumber('faults', { min: 0, max: LIMITS.countMax })
  reader.finish()
  return {
    type: 'soak',
    plan: {
      seed: seed ?? newSeed,
      minutes,
      peers: peers ?? 0,
      cycles: cycles ?? Math.floor(minutes * PACE.cycles),
      faults: faults ?? Math.floor(minutes * PACE.faults),
      json: reader.flag('json'),
      keep: reader.flag('keep')
    }
  }
}

/** Minutes may be a part of one, e.g. `0.5`. */
function readMinutes(reader: Reader): number {
  const text = reader.text('minutes') ?? ''
  const minutes = Number(text)
  if (/^\d{1,3}(\.\d{1,3})?$/.test(text) && minutes > 0 && minutes <= LIMITS.minutesMax) return minutes
  reader.problem('--minutes', text, `minutes above 0 and up to ${LIMITS.minutesMax}, e.g. 10 or 0.5`)
  return 0
}
