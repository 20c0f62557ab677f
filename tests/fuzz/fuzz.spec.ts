import { describe, expect, it } from 'vitest'
import { readFuzzOptions } from '../../scripts/fuzz/options.ts'
import { FuzzFailure, randomOf, runTarget } from '../../scripts/fuzz/run-target.ts'
import { inputOf, type Target } from '../../scripts/fuzz/target.ts'
import { makeTargets } from '../../scripts/fuzz/targets.ts'
import { seededRandom } from '../../src/core/random.ts'

const SEED = 20_261_123

/** Over all readers; `npm run fuzz` feeds them millions. */
const INPUTS = 20_000

const targets = makeTargets()
const part = (count: number) => ({ seed: SEED, first: 0, step: 1, count })

describe(`of what others write (seed ${SEED})`, () => {
  it.each(targets.map((target) => [target.name, target] as const))('%s: every promise is kept', async (_, target) => {
    const count = Math.ceil((INPUTS * target.share) / 1_000)
    const { accepted } = await runTarget(target, part(count))
    expect(accepted).toBeGreaterThan(0)
    expect(accepted).toBeLessThan(count)
  })

  it('the shares are thousandths of all inputs', () => {
    expect(targets.reduce((sum, { share }) => sum + share, 0)).toBe(1_000)
  })

  it('an input follows from seed, reader and number, and differs from the next', () => {
    for (const target of targets) {
      const made = (index: number): Uint8Array => inputOf(target, randomOf(SEED, target.name, index))
      expect(made(5)).toEqual(made(5))
      expect(new Set(Array.from({ length: 50 }, (_, index) => made(index).join())).size).toBeGreaterThan(20)
    }
  })
})

describe('a fuzzer', () => {
  const READER: Omit<Target, 'run'> = {
    ...{ name: 'reader', share: 1, samples: [Uint8Array.of(1, 2, 3)] },
    makers: [(random) => Uint8Array.of(random() * 256)]
  }
  const failureOf = async (run: Target['run'], count = 2_000): Promise<FuzzFailure> =>
    runTarget({ ...READER, run }, part(count)).then(
      () => expect.fail('nothing was found'),
      (error: unknown) => error as FuzzFailure
    )

  it('finds the one byte at which a reader throws, and the input again by its number', async () => {
    const failure = await failureOf(([byte]) => {
      if (byte === 77) throw new Error('seventy-seven')
      return true
    })
    expect(failure).toBeInstanceOf(FuzzFailure)
    expect(failure.message).toContain('seventy-seven')
    expect(failure.input).toEqual(Uint8Array.of(77))
    expect(inputOf({ ...READER, run: () => true }, randomOf(SEED, 'reader', failure.index))).toEqual(Uint8Array.of(77))
  })

  it('finds a reader whose promise is broken later', async () => {
    const failure = await failureOf(async ([byte]) => {
      await Promise.resolve()
      if (byte === 78) throw new Error('later')
      return true
    })
    expect(failure.message).toContain('later')
  })

  it('finds the one byte at which a reader takes long', async () => {
    const random = seededRandom(1)
    let waste = 0
    const failure = await failureOf(([byte]) => {
      const untilMs = performance.now() + (byte === 79 ? 60 : 0)
      while (performance.now() < untilMs) waste += random()
      return waste > 0
    })
    expect(failure.message).toContain('ms, more than 50 ms')
    expect(failure.input).toEqual(Uint8Array.of(79))
  })
})

describe('the options of the fuzzer', () => {
  const read = (...argv: readonly string[]) => readFuzzOptions(argv, ['frame'])

  it('are a million inputs and a seed of its own choice, if nothing is said', () => {
    expect(read()).toMatchObject({ type: 'run', inputs: 1_000_000, seed: undefined, only: undefined })
  })

  it('that are mistaken are told in a sentence each', () => {
    for (const argv of [['--inputs', '0'], ['--target', 'nothing'], ['--only', '3'], ['--colour'], ['--seed', '-1']]) {
      expect(read(...argv)).toMatchObject({ type: 'mistake' })
    }
  })
})
