/**
 * Every threshold of every protocol, named, with the reason why it is safe.
 *
 * Notation: `n` validators of which at most `f = floor((n - 1) / 3)` are faulty in any way, so `n >= 3f + 1`.
 *
 * @packageDocumentation
 */

/**
 * How many faulty validators a roster of this size survives: f = floor((n - 1) / 3).
 *
 * Source: Pease, Shostak, Lamport 1980: agreement with liars needs n >= 3f + 1.
 */
export function maxFaulty(validatorCount: number): number {
  return Math.floor((validatorCount - 1) / 3)
}

/**
 * As many validators as one may wait for: n - f.
 *
 * Why: f may never answer, so waiting for one more could wait for ever.
 */
export function enoughToProceed(validatorCount: number): number {
  return validatorCount - maxFaulty(validatorCount)
}

/**
 * Enough votes that at least one came from a correct validator: f + 1.
 *
 * Why: f validators may lie; the next one cannot also be lying.
 * Source: Mostefaoui, Moumen, Raynal 2014, section 3, binary-value broadcast; Bracha 1987.
 */
export function enoughToTrustOne(validatorCount: number): number {
  return maxFaulty(validatorCount) + 1
}

/**
 * Enough votes that every correct validator will see f + 1 of them: 2f + 1.
 *
 * Why: at most f of the 2f + 1 are lies; the f + 1 true ones reach everybody.
 * Source: Bracha 1987; Mostefaoui, Moumen, Raynal 2014.
 */
export function enoughForAll(validatorCount: number): number {
  return 2 * maxFaulty(validatorCount) + 1
}

/**
 * Enough votes that no two different values can both have them: the least whole number above (n + f) / 2.
 *
 * Why: two such sets share more than f validators, so they share a correct one, and it votes once.
 * Source: Bracha 1987, reliable broadcast, step 2.
 */
export function enoughToIntersect(validatorCount: number): number {
  return Math.floor((validatorCount + maxFaulty(validatorCount)) / 2) + 1
}

/**
 * Signatures that make an outcome a certificate: enough to intersect in a correct validator, and never fewer than 2f + 1.
 *
 * Why: with n = 3f + 1 this is 2f + 1. With n = 3f + 2 or 3f + 3 two sets of 2f + 1 may share only liars, so two
 * certificates could contradict each other; the larger number rules that out for every n.
 */
export function enoughToCertify(validatorCount: number): number {
  return enoughToIntersect(validatorCount)
}
