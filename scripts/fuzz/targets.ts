/** Every reader of the project that is given what somebody else wrote. */

import { documentTargets } from './document-targets.ts'
import { localTargets } from './local-targets.ts'
import { makeSamples } from './samples.ts'
import type { Target } from './target.ts'
import { networkTargets, wireTargets } from './wire-targets.ts'

/** Every target, in the order in which they are run. */
export function makeTargets(): Target[] {
  const samples = makeSamples()
  return [...wireTargets(samples), ...documentTargets(samples), ...localTargets(samples), ...networkTargets(samples)]
}
