/** What the fuzzer was asked for. */

import { parseArgs } from 'node:util'
import { createReader, problemSentence, type Typed } from '../../src/cli/reader.ts'
import { OptionsError } from '../../src/core/errors.ts'

/** What to do, or that it cannot be told. */
export type FuzzOptions =
  | { readonly type: 'help' }
  | { readonly type: 'mistake'; readonly sentences: readonly string[] }
  | {
      readonly type: 'run'
      readonly inputs: number
      readonly seed: number | undefined
      /** Only this reader. */
      readonly target: string | undefined
      /** Only the input with this number. */
      readonly only: number | undefined
      /** This process does one part of the work, and tells the one that started it. */
      readonly part: { readonly first: number; readonly step: number } | undefined
    }

/** The greatest number of an input. */
const INPUTS_MAX = 2 ** 40
const SEED_MAX = 2 ** 31 - 1

/** Reads the command line; never throws for what a person typed. */
export function readFuzzOptions(argv: readonly string[], targets: readonly string[]): FuzzOptions {
  try {
    return read(typedIn(argv), targets)
  } catch (error) {
    if (error instanceof OptionsError) return { type: 'mistake', sentences: error.problems.map(problemSentence) }
    const { code, message } = error as NodeJS.ErrnoException
    if (code?.startsWith('ERR_PARSE_ARGS') !== true) throw error
    // What follows the first sentence is advice for another program.
    const [said = message] = message.split(/\.\s/)
    return { type: 'mistake', sentences: [`${said.replace(/\.$/, '')}; see npm run fuzz -- --help.`] }
  }
}

function typedIn(argv: readonly string[]): Typed {
  const { values } = parseArgs({
    args: [...argv],
    options: {
      inputs: { type: 'string', default: '1000000' },
      seed: { type: 'string' },
      target: { type: 'string' },
      only: { type: 'string' },
      first: { type: 'string' },
      step: { type: 'string' },
      help: { type: 'boolean', default: false }
    }
  })
  return values
}

function read(typed: Typed, targets: readonly string[]): FuzzOptions {
  const reader = createReader(typed)
  if (reader.flag('help')) return { type: 'help' }
  const inputs = reader.wholeNumber('inputs', { min: 1, max: INPUTS_MAX })
  const seed = reader.wholeNumber('seed', { min: 0, max: SEED_MAX })
  const target = reader.oneOf('target', targets)
  const only = reader.wholeNumber('only', { min: 0, max: INPUTS_MAX })
  if (only !== undefined && target === undefined)
    reader.problem('--target', undefined, 'the reader that the input is for')
  if (only !== undefined && seed === undefined)
    reader.problem('--seed', undefined, 'the seed that the input follows from')
  const first = reader.wholeNumber('first', { min: 0, max: 1_000 })
  const step = reader.wholeNumber('step', { min: 1, max: 1_000 })
  reader.finish()
  const part = first === undefined || step === undefined ? undefined : { first, step }
  return { type: 'run', inputs: inputs ?? 0, seed, target, only, part }
}
