/**
 * Feeds every reader of the project millions of hostile inputs: `npm run fuzz -- --inputs 10000000 --seed 1`.
 *
 * No reader may throw but as declared, take longer than 50 ms, or remember; and what it accepts is written again as it came.
 * The seed is printed first, and an input follows from seed, reader and number alone, so every failure can be seen again by
 * itself.
 */

import '../src/network/runtime.ts'
import { randomInt } from 'node:crypto'
import { availableParallelism } from 'node:os'
import { toHex } from '../src/core/bytes.ts'
import { type CrewFailure, type CrewMessage, runCrew } from './fuzz/crew.ts'
import { type FuzzOptions, readFuzzOptions } from './fuzz/options.ts'
import { FuzzFailure, runTarget, type TargetResult } from './fuzz/run-target.ts'
import type { Target } from './fuzz/target.ts'
import { makeTargets } from './fuzz/targets.ts'

const HELP = `Feeds every reader of what others write with hostile inputs.

  npm run fuzz                                        a million inputs
  npm run fuzz -- --inputs 10000000 --seed 7          ten million, the same ones each time
  npm run fuzz -- --target frame                      one reader only
  npm run fuzz -- --target frame --seed 7 --only 123  one input only

Options
  --inputs N       inputs over all readers (default 1000000)
  --seed N         what they follow from (default: a random one, printed first)
  --target NAME    only this reader
  --only I         only the input with this number
`

/** Hexadecimal digits of an input that are printed; the rest follows from the command. */
const HEX_DIGITS_MAX = 2_000

type Run = Extract<FuzzOptions, { readonly type: 'run' }>

const say = (line: string): void => void process.stdout.write(`${line}\n`)

/** The targets with how many inputs each gets. */
function planOf(
  { inputs, target }: Run,
  targets: readonly Target[]
): { readonly target: Target; readonly inputs: number }[] {
  const chosen = targets.filter(({ name }) => target === undefined || name === target)
  const all = chosen.reduce((sum, { share }) => sum + share, 0)
  return chosen.map((each) => ({ target: each, inputs: Math.ceil((inputs * each.share) / all) }))
}

/** One part of the work, in a process of its own. */
async function work(run: Run, seed: number, { first, step }: NonNullable<Run['part']>): Promise<void> {
  const send = (message: CrewMessage): void => void process.send?.(message)
  for (const { target, inputs } of planOf(run, makeTargets())) {
    const count = Math.ceil((inputs - first) / step)
    const { name } = target
    try {
      const result = await runTarget(target, {
        ...{ seed, first, step, count },
        onProgress: (index) => send({ type: 'at', target: name, index })
      })
      send({ type: 'done', target: name, result })
    } catch (error) {
      if (!(error instanceof FuzzFailure)) throw error
      const { index, input, message } = error
      send({ type: 'failed', target: name, index, hex: toHex(input), explanation: message })
    }
  }
  process.disconnect()
}

function lineOf(target: string, results: readonly TargetResult[]): string {
  const sum = (of: (result: TargetResult) => number): number => results.reduce((total, result) => total + of(result), 0)
  const most = (of: (result: TargetResult) => number): number => Math.max(...results.map(of))
  const inputs = sum((result) => result.inputs)
  const seconds = most((result) => result.tookMs) / 1000
  return [
    target.padEnd(20),
    `${inputs}`.padStart(10),
    `${sum((result) => result.accepted)}`.padStart(10),
    `${Math.round(inputs / seconds)}`.padStart(9),
    most((result) => result.slowestMs)
      .toFixed(1)
      .padStart(11),
    (most((result) => result.grownSizeBytes) / 1024).toFixed(0).padStart(10)
  ].join(' ')
}

function sayFailure(seed: number, { target, index, hex, explanation }: CrewFailure): void {
  say(`\n${target} broke a promise at input ${index}: ${explanation}`)
  if (hex !== '') say(`input: ${hex.slice(0, HEX_DIGITS_MAX)}${hex.length > HEX_DIGITS_MAX ? '…' : ''}`)
  say(`again: npm run fuzz -- --target ${target} --seed ${seed} --only ${index}`)
}

/** One input by itself. */
async function runOnly(run: Run, seed: number, index: number): Promise<number> {
  const target = makeTargets().find(({ name }) => name === run.target) as Target
  try {
    const { accepted, slowestMs } = await runTarget(target, { seed, first: index, step: 1, count: 1 })
    say(`${target.name} ${accepted === 1 ? 'accepts' : 'refuses'} input ${index} in ${slowestMs.toFixed(1)} ms`)
    return 0
  } catch (error) {
    if (!(error instanceof FuzzFailure)) throw error
    sayFailure(seed, { target: target.name, index, hex: toHex(error.input), explanation: error.message })
    return 1
  }
}

async function runAll(run: Run, seed: number): Promise<number> {
  const startMs = performance.now()
  let total = 0
  say('reader                   inputs   accepted  inputs/s  slowest ms grown KiB')
  const target = run.target === undefined ? [] : ['--target', run.target]
  const failure = await runCrew({
    size: availableParallelism(),
    args: ['--inputs', String(run.inputs), '--seed', String(seed), ...target],
    onTarget(name, results) {
      total += results.reduce((sum, result) => sum + result.inputs, 0)
      say(lineOf(name, results))
    }
  })
  if (failure !== undefined) {
    sayFailure(seed, failure)
    return 1
  }
  const seconds = (performance.now() - startMs) / 1000
  say(`\n${total} inputs in ${seconds.toFixed(0)} s (${Math.round(total / seconds)} a second): every promise was kept`)
  return 0
}

async function main(): Promise<number> {
  const options = readFuzzOptions(
    process.argv.slice(2),
    makeTargets().map(({ name }) => name)
  )
  if (options.type === 'help') {
    process.stdout.write(HELP)
    return 0
  }
  if (options.type === 'mistake') {
    for (const sentence of options.sentences) process.stderr.write(`${sentence}\n`)
    return 2
  }
  const seed = options.seed ?? randomInt(2 ** 31)
  if (options.part !== undefined) {
    await work(options, seed, options.part)
    return 0
  }
  say(`seed ${seed}`)
  return options.only === undefined ? runAll(options, seed) : runOnly(options, seed, options.only)
}

process.exitCode = await main()
