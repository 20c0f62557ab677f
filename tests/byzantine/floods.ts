/**
 * Liars that say too much, and one that lies about where it is. Most of these get themselves struck out.
 *
 * @packageDocumentation
 */

import { randomBytes } from 'node:crypto'
import type { Epoch } from '../../src/core/ids.ts'
import { identify, type Proposal } from '../../src/decision/proposal.ts'
import { type Affair, type Conduct, castFirst } from './affair.ts'
import { type Plan, type Strategies, victimsOf } from './strategy.ts'

/** Frames that leave in one round of the event loop: as many as a buffer of the sender holds. */
const AT_ONCE = 50

/** Says these to its victims as fast as they are taken. */
async function pour(affair: Affair, plan: Plan, frames: Iterable<Uint8Array>): Promise<void> {
  const { member } = affair
  let count = 0
  for (const frame of frames) {
    const around = new Set(member.neighbours())
    member.tell(
      frame,
      victimsOf(affair, plan).filter((victim) => around.has(victim))
    )
    count++
    if (count % AT_ONCE === 0) await new Promise((resolve) => setImmediate(resolve))
  }
  plan.did(count)
}

const pours =
  (frames: (affair: Affair) => Iterable<Uint8Array>) =>
  (plan: Plan): Conduct => ({
    opened(affair) {
      castFirst(affair)
      void pour(affair, plan, frames(affair))
    }
  })

/** How long the invented decisions stay open. Unit: milliseconds. */
const INVENTED_DEADLINE_MS = 1_500

/** Proposals in its own name: in turn an everyday one, one as long as it may be, and one like the last. */
function* proposals({ member, proposal }: Affair, count: number): Generator<Uint8Array> {
  const { id: _, ...asked } = proposal
  const huge: Partial<Proposal> = {
    question: '\u{1f426}'.repeat(500),
    options: Array.from({ length: 20 }, (_value, index) => `${index}${'\u{1f426}'.repeat(78)}`)
  }
  for (let index = 0; index < count; index++) {
    const invented = identify({
      ...asked,
      question: `honest to all, please ${index % 3 === 0 ? index : ''}`,
      ...(index % 3 === 1 ? huge : {}),
      proposer: member.identity.key,
      deadlineMs: INVENTED_DEADLINE_MS,
      nonce: randomBytes(16).toString('hex')
    })
    yield member.sign({ type: 'proposal', proposal: invented }, invented.id).frame
  }
}

/** Words about the decision: one small batch after the other, none of which contradicts another. */
function* words({ member, proposal }: Affair, count: number): Generator<Uint8Array> {
  for (let sequence = 1_000; sequence < 1_000 + count; sequence++) {
    const epoch = (1 + (sequence % 60)) as Epoch
    const said = [{ type: 'bval', instance: member.self, epoch, bit: 0, own: false }] as const
    yield member.sign({ type: 'words', sequence, words: said }, proposal.id).frame
  }
}

/** Everybody's addresses as its own, no links, a new life, and the highest number there is. */
const falsePresence = (plan: Plan): Conduct => ({
  opened(affair) {
    const { member } = affair
    const others = member.roster.members.flatMap((_, node) => member.presence.addressesOf(node as never))
    const lies = [
      { addresses: others.slice(0, 8), neighbours: [] },
      { addresses: [], neighbours: member.roster.members.map((_, node) => node as never), life: 900 },
      { addresses: others.slice(0, 8), observing: true, session: '0'.repeat(32) },
      { sequence: Number.MAX_SAFE_INTEGER }
    ]
    lies.forEach((lie, index) => {
      member.later(index * 200, () =>
        member.tell(member.presenceFrame({ sequence: Date.now() + 100_000 + index, ...lie }))
      )
    })
    plan.did(lies.length)
    castFirst(affair)
  }
})

/** Floods, and lies about oneself. */
export const FLOODS: Strategies = {
  'false-presence': {
    does: 'It says that it listens where others do, that it has no links, that it observes, and then nothing newer for ever.',
    shows: { type: 'nothing' },
    conduct: falsePresence
  },
  'word-flood': {
    does: 'It says four hundred batches about one decision.',
    shows: { type: 'counter', names: ['over-quota', 'author-over-rate'], least: 200 },
    conduct: pours((affair) => words(affair, 400))
  },
  'proposal-flood': {
    does: 'It makes three hundred proposals, everyday ones, huge ones, and the same question again.',
    shows: { type: 'counter', names: ['over-quota', 'author-over-rate'], least: 200 },
    conduct: pours((affair) => proposals(affair, 300))
  },
  'message-flood': {
    does: 'It makes ten thousand proposals as fast as it can.',
    shows: { type: 'counter', names: ['over-quota', 'author-over-rate', 'gossip-over-rate'], least: 1_000 },
    conduct: pours((affair) => proposals(affair, 10_000))
  }
}
