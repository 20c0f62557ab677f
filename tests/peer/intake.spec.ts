import { describe, expect, it } from 'vitest'
import type { DecisionId, Hash } from '../../src/core/ids.ts'
import { nodeId } from '../../src/core/ids.ts'
import { Archive } from '../../src/decision/delivery.ts'
import { Counters } from '../../src/peer/counters.ts'
import { type Arrival, EARLY_FRAMES_PER_AUTHOR_MAX, Intake } from '../../src/peer/intake.ts'
import { PresenceTable } from '../../src/peer/presence.ts'
import { encodeEnvelope } from '../../src/wire/envelope.ts'
import { communityOf } from '../decision/sample.ts'
import { verify } from '../support/keys.ts'

const community = communityOf(4)
const { roster, keys } = community

function intakeOf(): { intake: Intake; counters: Counters } {
  const counters = new Counters()
  const intake = new Intake({
    self: nodeId(0),
    key: keys[0]!.key,
    roster,
    verify,
    archive: new Archive(),
    presence: new PresenceTable(4),
    counters,
    isMuted: () => false
  })
  return { intake, counters }
}

/** Words of `author` about the `nth` invented decision. */
function wordsAbout(nth: number, author: number, sequence = 0): Arrival {
  const decision = nth.toString(16).padStart(64, '0') as DecisionId
  const words = [{ type: 'echo', instance: nodeId(0), hash: 'ab'.repeat(32) as Hash }] as const
  const envelope = encodeEnvelope({
    roster,
    author: keys[author]!.key,
    decision,
    payload: { type: 'words', sequence, words },
    sign: keys[author]!.sign
  })
  return { from: nodeId(author), envelope }
}

describe('words that come before their proposal', () => {
  it('wait, and are handed over once', () => {
    const { intake } = intakeOf()
    const early = wordsAbout(1, 2)
    intake.keepEarly(early)
    intake.keepEarly(early)
    intake.keepEarly(wordsAbout(7, 2))
    expect(intake.takeEarly(early.envelope.decision as DecisionId)).toEqual([early])
    expect(intake.takeEarly(early.envelope.decision as DecisionId)).toEqual([])
  })

  it('about invented decisions take no room from other authors, and none for ever', () => {
    const { intake, counters } = intakeOf()
    const correct = wordsAbout(1, 2)
    intake.keepEarly(correct)
    for (let nth = 2; nth < 300; nth++) intake.keepEarly(wordsAbout(nth, 3))
    const late = wordsAbout(1, 3)
    intake.keepEarly(late)
    expect(intake.takeEarly(correct.envelope.decision as DecisionId)).toEqual([correct, late])
    expect(counters.read()['early-dropped']).toBe(299 - EARLY_FRAMES_PER_AUTHOR_MAX)
  })
})
