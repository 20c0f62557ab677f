/** What the benchmark was asked for. */

import { parseArgs } from 'node:util'
import { createReader, numbersOf, problemSentence, type Typed } from '../../src/cli/reader.ts'
import { OptionsError } from '../../src/core/errors.ts'

/** What to measure, or that it cannot be told. */
export type BenchOptions =
  | { readonly type: 'help' }
  | { readonly type: 'mistake'; readonly sentences: readonly string[] }
  | {
      readonly type: 'measure'
      readonly peers: readonly number[]
      readonly decisions: number
      readonly idleSeconds: number
      readonly flood: boolean
      readonly json: boolean
    }

/** The least and the most peers that a bare message has somebody to go to, and a charter allows. */
const PEERS = { min: 2, max: 100 } as const

/** Reads the command line; never throws for what a person typed. */
export function readBenchOptions(argv: readonly string[]): BenchOptions {
  try {
    return read(typedIn(argv))
  } catch (error) {
    if (error instanceof OptionsError) return { type: 'mistake', sentences: error.problems.map(problemSentence) }
    const { code, message } = error as NodeJS.ErrnoException
    if (code?.startsWith('ERR_PARSE_ARGS') !== true) throw error
    // What follows the first sentence is advice for another program.
    const [said = message] = message.split(/\.\s/)
    return { type: 'mistake', sentences: [`${said.replace(/\.$/, '')}; see npm run bench -- --help.`] }
  }
}

function typedIn(argv: readonly string[]): Typed {
  const { values } = parseArgs({
    args: [...argv],
    options: {
      peers: { type: 'string', default: '7,16,32' },
      decisions: { type: 'string', default: '20' },
      idle: { type: 'string', default: '10' },
      flood: { type: 'boolean', default: false },
      json: { type: 'boolean', default: false },
      help: { type: 'boolean', default: false }
    }
  })
  return values
}

function read(typed: Typed): BenchOptions {
  const reader = createReader(typed)
  if (reader.flag('help')) return { type: 'help' }
  const peers = numbersOf(reader.text('peers') ?? '', PEERS.max)
  if (peers === undefined || peers.some((size) => size < PEERS.min)) {
    reader.problem('--peers', reader.text('peers'), `sizes from ${PEERS.min} to ${PEERS.max}, e.g. 7,16,32`)
  }
  const decisions = reader.wholeNumber('decisions', { min: 1, max: 10_000 })
  const idleSeconds = reader.wholeNumber('idle', { min: 1, max: 3_600 })
  reader.finish()
  return {
    type: 'measure',
    peers: peers ?? [],
    decisions: decisions ?? 0,
    idleSeconds: idleSeconds ?? 0,
    flood: reader.flag('flood'),
    json: reader.flag('json')
  }
}
