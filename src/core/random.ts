/**
 * Randomness that is handed in, so that a seed repeats a run.
 *
 * @packageDocumentation
 */

/** A source of numbers in `[0, 1)`. */
export type Random = () => number

/**
 * A small seeded generator (sfc32), good enough for schedules and jitter, never for keys.
 *
 * Source: Chris Doty-Humphrey, PractRand, sfc32.
 */
export function seededRandom(seed: number): Random {
  let a = 0
  let b = seed >>> 0
  let c = Math.floor(seed / 2 ** 32) >>> 0
  let counter = 1
  const next = (): number => {
    const result = (((a + b) >>> 0) + counter) >>> 0
    counter = (counter + 1) >>> 0
    a = (b ^ (b >>> 9)) >>> 0
    b = (c + (c << 3)) >>> 0
    c = (((c << 21) | (c >>> 11)) + result) >>> 0
    return result / 2 ** 32
  }
  for (let round = 0; round < 12; round++) next()
  return next
}

/** A whole number in `[0, below)`. */
export function randomBelow(random: Random, below: number): number {
  return Math.floor(random() * below)
}

/** A new array with the same items in a uniformly random order (Fisher and Yates). */
export function shuffled<Item>(random: Random, items: readonly Item[]): Item[] {
  const result = [...items]
  for (let index = result.length - 1; index > 0; index--) {
    const other = randomBelow(random, index + 1)
    const kept = result[index] as Item
    result[index] = result[other] as Item
    result[other] = kept
  }
  return result
}
