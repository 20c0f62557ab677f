/**
 * Liars that sign two different things where one may be said: each leaves two messages that convict it.
 *
 * @packageDocumentation
 */

import type { Epoch } from '../../src/core/ids.ts'
import type { DecisionMessage } from '../../src/decision/decision-message.ts'
import { slotOf } from '../../src/decision/evidence.ts'
import { type Affair, type Conduct, castFirst } from './affair.ts'
import {
  ballotFor,
  endorsementOf,
  halvesOf,
  inventedHash,
  oppositeOf,
  type Plan,
  type Strategies,
  type Strategy,
  victimsOf
} from './strategy.ts'

const EPOCH = 0 as Epoch

/** Two words for one slot, by the name of the strategy that says them. */
const TWO_WORDS: Readonly<Record<string, (affair: Affair) => readonly [DecisionMessage, DecisionMessage]>> = {
  'two-ballots': (affair) => [ballotFor(affair, 0), ballotFor(affair, 1)],
  'two-echoes': (affair) => [hashWord(affair, 'echo', 'a'), hashWord(affair, 'echo', 'b')],
  'two-readies': (affair) => [hashWord(affair, 'ready', 'a'), hashWord(affair, 'ready', 'b')],
  'two-inputs': ({ member }) => [
    { type: 'bval', instance: member.self, epoch: EPOCH, bit: 0, own: true },
    { type: 'bval', instance: member.self, epoch: EPOCH, bit: 1, own: true }
  ],
  'two-aux': ({ member }) => [
    { type: 'aux', instance: member.self, epoch: EPOCH, bit: 0 },
    { type: 'aux', instance: member.self, epoch: EPOCH, bit: 1 }
  ],
  'two-confs': ({ member }) => [
    { type: 'conf', instance: member.self, epoch: EPOCH, bits: 1 },
    { type: 'conf', instance: member.self, epoch: EPOCH, bits: 3 }
  ],
  'two-finishes': ({ member }) => [
    { type: 'finish', instance: member.self, bit: 0 },
    { type: 'finish', instance: member.self, bit: 1 }
  ],
  'two-endorsements': (affair) => [endorsementOf(affair, inventedHash('a')), endorsementOf(affair, inventedHash('b'))]
}

function hashWord({ member }: Affair, type: 'echo' | 'ready', digit: string): DecisionMessage {
  return { type, instance: member.self, hash: inventedHash(digit) }
}

/** Says the two words at once, one to each half, and is honest in everything else. */
function twoWords(name: string): Strategy {
  const wordsOf = TWO_WORDS[name] as (typeof TWO_WORDS)[string]
  return {
    does: `It signs two different words in one slot (${name}) and tells one half of the community the first, the other the second.`,
    shows: { type: 'evidence' },
    conduct: (plan) => ({
      opened(affair) {
        const halves = halvesOf(affair, plan)
        wordsOf(affair).forEach((word, index) => {
          affair.say([word], halves[index as 0 | 1])
        })
        plan.did(2)
        castFirst(affair)
      },
      say(affair, words) {
        const lied = slotOf(wordsOf(affair)[0])
        const others = words.filter((word) => slotOf(word) !== lied)
        if (others.length > 0) affair.say(others)
      }
    })
  }
}

/** Times that a liar changes its mind. */
const FLIPS = 12

const changesItsMind = (plan: Plan): Conduct => ({
  opened(affair) {
    const victims = victimsOf(affair, plan)
    const options = affair.proposal.options.length
    for (let flip = 0; flip < FLIPS; flip++) {
      const victim = victims[flip % victims.length] as (typeof victims)[number]
      affair.say([ballotFor(affair, (flip + Math.floor(flip / victims.length)) % options)], [victim])
    }
    plan.did(FLIPS)
  },
  say: () => undefined
})

const twoFaces = (plan: Plan): Conduct => ({
  say(affair, words) {
    const [some, others] = halvesOf(affair, plan)
    affair.say(words, some)
    affair.say(
      words.map((word) => oppositeOf(affair, word)),
      others
    )
    plan.did(words.length)
  }
})

/** Each word to each victim: the truth, nothing, the opposite, or both. */
const anything = (plan: Plan): Conduct => ({
  say(affair, words) {
    for (const victim of victimsOf(affair, plan)) {
      const truth = words.filter(() => plan.random() < 0.6)
      const lies = words.filter(() => plan.random() < 0.4).map((word) => oppositeOf(affair, word))
      for (const batch of [truth, lies]) if (batch.length > 0) affair.say(batch, [victim])
      plan.did(lies.length)
    }
  }
})

/** One strategy for each slot that can be filled twice, and three that fill many. */
export const CONTRADICTIONS: Strategies = {
  ...Object.fromEntries(Object.keys(TWO_WORDS).map((name) => [name, twoWords(name)])),
  'changes-its-mind': {
    does: 'It tells each asker another preference, and changes it again and again.',
    shows: { type: 'evidence' },
    conduct: changesItsMind
  },
  'two-faces': {
    does: 'It says everything that an honest member says to one half, and the opposite of every word to the other.',
    shows: { type: 'evidence' },
    conduct: twoFaces
  },
  anything: {
    does: 'It tells each member, word by word, the truth, nothing, the opposite, or both.',
    shows: { type: 'evidence' },
    conduct: anything
  }
}
