/**
 * Every way to lie that is tried, by name.
 *
 * @packageDocumentation
 */

import { CONTRADICTIONS } from './contradictions.ts'
import { FLOODS } from './floods.ts'
import { FORGERIES } from './forgeries.ts'
import { POISON } from './poison.ts'
import type { Strategies } from './strategy.ts'
import { WITHHOLDING } from './withholding.ts'

/** The table of lies. */
export const STRATEGIES: Strategies = { ...CONTRADICTIONS, ...WITHHOLDING, ...FORGERIES, ...POISON, ...FLOODS }
