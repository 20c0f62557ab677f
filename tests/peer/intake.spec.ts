import { describe, expect, it } from 'vitest'
import type { DecisionId, Hash } from '../../src/core/ids.ts'
import { nodeId } from '../../src/core/ids.ts'
import { Archive } from '../../src/decision/delivery.ts'
import { Counters } from '../../src/peer/counters.ts'
import {
  type Arrival,
  EARLY_FRAMES_PER_AUTHOR_MAX,
  EARLY_SIZE_BYTES_PER_AUTHOR_MAX,
  Intake
} from '../../src/peer/intake.ts'
import { PresenceTable } from '../../src/peer/presence.ts'
import { encodeEnvelope } from '../../src/wire/envelope.ts'
import { communityOf } from '../decision/sample.ts'
import { verify } from '../support/keys.ts'

const community = communityOf(4)
const { roster, keys } = community

const decisionNumbered = (nth: number): DecisionId => nth.toString(16).padStart(64, '0') as DecisionId
const MUTED = decisionNumbered(9_999)

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
    standing: { readOwnPresence: () => 'mine' },
    isMuted: (decision) => decision === MUTED,
    onOwnKeyElsewhere: () => undefined
  })
  return { intake, counters }
}

/** Words of `author` about the `nth` invented decision. */
function wordsAbout(nth: number, author: number, sequence = 0): Arrival {
  const decision = decisionNumbered(nth)
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

  it('take no more than an author’s share of bytes', () => {
    const { intake, counters } = intakeOf()
    for (let nth = 0; nth < 20; nth++) {
      const { from, envelope } = wordsAbout(1, 2, nth)
      const frame = new Uint8Array(EARLY_SIZE_BYTES_PER_AUTHOR_MAX / 10)
      frame.set(envelope.frame)
      intake.keepEarly({ from, envelope: { ...envelope, frame } })
    }
    expect(counters.read()).toEqual({ 'early-dropped': 10 })
  })

  it('do not wait if their decision is muted', () => {
    const { intake } = intakeOf()
    intake.keepEarly(wordsAbout(9_999, 2))
    expect(intake.takeEarly(MUTED)).toEqual([])
  })
})
