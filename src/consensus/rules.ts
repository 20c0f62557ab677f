/**
 * Every rule a machine of this folder can carry out, in one plain sentence, with its source.
 *
 * A step names the rules that fired by these ids; a page lights them up, a journal counts them, tests assert them.
 *
 * @packageDocumentation
 */

import type { RuleId } from '../core/ids.ts'
import { ruleId } from './machine.ts'

/** What a rule says, and who said it first. */
export interface Rule {
  /** One sentence for people. */
  readonly sentence: string
  /** Paper and place, or `Equipotent` for our own additions. */
  readonly source: string
}

const BRACHA = 'Bracha 1987, section 3'
const MMR = 'Mostefaoui, Moumen, Raynal 2014'
const SUBSET = 'Ben-Or, Kelmer, Rabin 1994, section 4; Miller et al. 2016, section 4.4'
const REPAIR = 'MacBrough 2018, Cobalt, section 3.3, and HoneyBadgerBFT issue 59'
const OURS = 'Equipotent'

/** The rules by id. */
export const RULES = {
  'rbc/init': { sentence: 'I tell everyone my value.', source: BRACHA },
  'rbc/echo-on-init': { sentence: 'I saw this value from its author, so I say that I saw it.', source: BRACHA },
  'rbc/ready-on-echoes': {
    sentence: 'So many saw this value that no other can win, so I say that it is ready.',
    source: BRACHA
  },
  'rbc/ready-on-readies': {
    sentence: 'At least one correct validator says that it is ready, so I say so too.',
    source: BRACHA
  },
  'rbc/deliver-on-readies': {
    sentence: 'So many say that it is ready that everyone will hear it, so I take the value.',
    source: BRACHA
  },
  'rbc/deliver-on-all-echoes': {
    sentence: 'Everyone without exception saw this value, so I take it at once.',
    source: OURS
  },
  'bv/relay': {
    sentence: 'At least one correct validator holds this bit possible, so I pass it on.',
    source: `${MMR}, figure 1`
  },
  'bv/admit': {
    sentence: 'So many hold this bit possible that everyone will, so I admit it.',
    source: `${MMR}, figure 1`
  },
  'aba/input': { sentence: 'I tell everyone my own input.', source: `${MMR}, figure 2` },
  'aba/estimate': { sentence: 'I start the next epoch with my estimate.', source: `${MMR}, figure 2` },
  'aba/aux': { sentence: 'This is the first bit I know to be possible, so I name it.', source: `${MMR}, figure 2` },
  'aba/conf': { sentence: 'Enough of us named admitted bits, so I say which bits they named.', source: REPAIR },
  'aba/coin-decides': {
    sentence: 'Only one bit is left and the coin shows the same one, so I decide it.',
    source: `${MMR}, figure 2`
  },
  'aba/coin-differs': {
    sentence: 'Only one bit is left but the coin shows the other, so I keep the bit and go on.',
    source: `${MMR}, figure 2`
  },
  'aba/coin-sets-estimate': {
    sentence: 'Both bits are still possible, so I take the bit of the coin.',
    source: `${MMR}, figure 2`
  },
  'aba/all-inputs-equal': {
    sentence: 'Everyone without exception put in the same bit, so I decide it at once.',
    source: OURS
  },
  'aba/adopt-finish': {
    sentence: 'At least one correct validator has decided this bit, so I decide it too.',
    source: OURS
  },
  'aba/halt': { sentence: 'So many have decided that everyone will, so I may stop.', source: OURS },
  'acs/open-all-here': { sentence: "Everyone's value is here, so the gathering closes.", source: OURS },
  'acs/open-deadline': { sentence: 'My deadline has passed, so I wait for no more values.', source: OURS },
  'acs/open-others-closed': {
    sentence: 'At least one correct validator waits no longer, so neither do I.',
    source: OURS
  },
  'acs/input-one': { sentence: 'This value is here for good, so I say yes to counting it.', source: SUBSET },
  'acs/input-zero': {
    sentence: 'Enough values are in and I wait for no more, so I say no to the rest.',
    source: SUBSET
  },
  'acs/output': { sentence: 'It is agreed whose values count and all of them are here.', source: SUBSET }
} as const satisfies Record<string, Rule>

/** The id of a rule, as text. */
export type RuleName = keyof typeof RULES

/** The id of the rule called `name`. */
export const rule = (name: RuleName): RuleId => ruleId(name)
