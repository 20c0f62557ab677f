/**
 * Feeds one reader its inputs, and watches what it must not do: throw, take long, or remember.
 *
 * Input `i` of a target follows from the seed, the target's name and `i` alone, so that it can be made again by itself.
 */

import { utf8 } from '../../src/core/bytes.ts'
import { type Random, seededRandom } from '../../src/core/random.ts'
import { inputOf, type Target } from './target.ts'

/**
 * The longest that a reader may take for one input. Unit: milliseconds.
 *
 * An input that takes longer is read again a few times, because a busy machine makes everything slow once.
 */
const INPUT_MS_MAX = 50
const TRIES = 5

/** How much more memory may be in use at the end of a target than after its first quarter. Unit: bytes. */
const GROWTH_SIZE_BYTES_MAX = 4 * 1024 * 1024

/** Which inputs. */
export interface Part {
  readonly seed: number
  /** The number of the first input. */
  readonly first: number
  /** From one input to the next: how many share the work. */
  readonly step: number
  readonly count: number
  /** Called now and then with the number of the input that is next. Default: nobody. */
  readonly onProgress?: (index: number) => void
}

/** What became of them. */
export interface TargetResult {
  readonly inputs: number
  readonly accepted: number
  readonly tookMs: number
  readonly slowestMs: number
  /** What was in use at the end and not after the first quarter. 0 where memory cannot be swept. Unit: bytes. */
  readonly grownSizeBytes: number
}

/** A promise was broken. */
export class FuzzFailure extends Error {
  override readonly name = 'FuzzFailure'
  readonly index: number
  readonly input: Uint8Array
  constructor(index: number, input: Uint8Array, explanation: string) {
    super(explanation)
    this.index = index
    this.input = input
  }
}

/** The randomness of one input. */
export function randomOf(seed: number, name: string, index: number): Random {
  let mixed = seed | 0
  for (const byte of utf8(name)) mixed = Math.imul(mixed ^ byte, 0x01000193)
  return seededRandom(
    (index % 2 ** 21) * 2 ** 32 + ((mixed + Math.imul(Math.floor(index / 2 ** 21), 0x9e3779b1)) >>> 0)
  )
}

/** Runs a part of a target's inputs. Throws FuzzFailure at the first broken promise. */
export async function runTarget(target: Target, { seed, first, step, count, onProgress }: Part): Promise<TargetResult> {
  const startMs = performance.now()
  let accepted = 0
  let slowestMs = 0
  let sizeBytes = 0
  const quarter = Math.max(1, Math.floor(count / 4))
  for (let done = 0; done < count; done++) {
    const index = first + done * step
    if (done % PROGRESS_EVERY === 0) onProgress?.(index)
    if (done === quarter) sizeBytes = sizeInUse()
    const input = inputOf(target, randomOf(seed, target.name, index))
    const begunMs = performance.now()
    if (await runOnce(target, index, input)) accepted++
    const tookMs = performance.now() - begunMs
    if (tookMs > slowestMs) slowestMs = tookMs > INPUT_MS_MAX ? await surelyMs(target, index, input, tookMs) : tookMs
  }
  const grownSizeBytes = Math.max(0, sizeInUse() - sizeBytes)
  if (grownSizeBytes > GROWTH_SIZE_BYTES_MAX) {
    throw new FuzzFailure(first, new Uint8Array(), `memory grew by ${(grownSizeBytes / 1024 / 1024).toFixed(1)} MiB`)
  }
  return { inputs: count, accepted, tookMs: performance.now() - startMs, slowestMs, grownSizeBytes }
}

/** Inputs between two signs of life. */
const PROGRESS_EVERY = 1_000

async function runOnce(target: Target, index: number, input: Uint8Array): Promise<boolean> {
  try {
    const answer = target.run(input)
    return typeof answer === 'boolean' ? answer : await answer
  } catch (error) {
    throw new FuzzFailure(index, input, error instanceof Error ? (error.stack ?? error.message) : String(error))
  }
}

/** The shortest of some tries. Throws if that is too long. */
async function surelyMs(target: Target, index: number, input: Uint8Array, firstMs: number): Promise<number> {
  let shortestMs = firstMs
  for (let count = 0; count < TRIES; count++) {
    const begunMs = performance.now()
    await runOnce(target, index, input)
    shortestMs = Math.min(shortestMs, performance.now() - begunMs)
  }
  if (shortestMs <= INPUT_MS_MAX) return shortestMs
  throw new FuzzFailure(index, input, `it takes ${shortestMs.toFixed(0)} ms, more than ${INPUT_MS_MAX} ms`)
}

/** What is in use after a sweep; 0 if this process cannot be made to sweep. */
function sizeInUse(): number {
  if (globalThis.gc === undefined) return 0
  for (let round = 0; round < 3; round++) globalThis.gc()
  const { heapUsed, external } = process.memoryUsage()
  return heapUsed + external
}
