/**
 * Approval: everyone names all the options they could live with, and the option that most people named is chosen.
 *
 * Source: Brams, Fishburn, "Approval Voting", American Political Science Review 72, 1978.
 *
 * @packageDocumentation
 */

import { type CountingRule, timesNamed } from './rule.ts'

/** Approval voting. It differs from plurality in what a ballot may say, not in how it is added up. */
export const approval: CountingRule = {
  explanation: 'Everyone names all the options they could live with, and the option that most people named is chosen.',
  tally: timesNamed
}
