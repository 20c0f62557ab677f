/**
 * Liars that only leave something out: no message convicts them, and nothing they do stops a decision.
 *
 * @packageDocumentation
 */

import type { DecisionMessage } from '../../src/decision/decision-message.ts'
import type { Conduct } from './affair.ts'
import { halvesOf, type Plan, type Strategies } from './strategy.ts'

const silent = (plan: Plan): Conduct => ({ opened: () => plan.did(1), say: () => undefined })

const silentToSome = (plan: Plan): Conduct => ({
  say(affair, words) {
    affair.say(words, halvesOf(affair, plan)[0])
    plan.did(words.length)
  }
})

/** Holds everything back until somebody else has endorsed an outcome. */
function late(plan: Plan): Conduct {
  const held: DecisionMessage[] = []
  let isEnding = false
  return {
    say(affair, words) {
      if (isEnding) affair.say(words)
      else held.push(...words)
    },
    heard(affair, { payload }) {
      if (isEnding || payload.type !== 'words') return
      isEnding = payload.words.some(({ type }) => type === 'endorsement')
      if (!isEnding || held.length === 0) return
      affair.say(held)
      plan.did(held.length)
    }
  }
}

/** Liars that keep quiet. */
export const WITHHOLDING: Strategies = {
  silent: { does: 'It says nothing at all.', shows: { type: 'nothing' }, conduct: silent },
  'silent-to-some': {
    does: 'It speaks to one half of the community and never to the other.',
    shows: { type: 'nothing' },
    conduct: silentToSome
  },
  late: {
    does: 'It holds back every word until somebody has endorsed an outcome.',
    shows: { type: 'nothing' },
    conduct: late
  }
}
