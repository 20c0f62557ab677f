/**
 * Plurality: everyone names one option, and the option named most often is chosen, even if fewer than half named it.
 *
 * @packageDocumentation
 */

import { type CountingRule, timesNamed } from './rule.ts'

/** Plurality, also known as first past the post. */
export const plurality: CountingRule = {
  explanation:
    'Everyone names one option, and the option named most often is chosen, even if fewer than half named it.',
  tally: timesNamed
}
