/**
 * One decision as a member plays it, and how it behaves there: its conduct. What conduct leaves out is done honestly.
 *
 * @packageDocumentation
 */

import type { PeerIdString, TimerName } from '../../src/core/ids.ts'
import { certificateText } from '../../src/decision/certificate.ts'
import { Decision, type DecisionInput } from '../../src/decision/decision.ts'
import type { DecisionMessage } from '../../src/decision/decision-message.ts'
import type { IdentifiedProposal } from '../../src/decision/proposal.ts'
import type { Envelope } from '../../src/wire/envelope.ts'
import { decodeSync, encodeSync, syncBatches } from '../../src/wire/sync.ts'
import type { Member } from './member.ts'

/** How a member behaves in one decision. */
export interface Conduct {
  /** The proposal is known. Default: casts the first option. */
  readonly opened?: (affair: Affair) => void
  /** Words that the machine says now. Default: says them to everybody. */
  readonly say?: (affair: Affair, words: readonly DecisionMessage[]) => void
  /** Somebody else's words were heard. Default: nothing. */
  readonly heard?: (affair: Affair, envelope: Envelope) => void
  /** One side of an exchange with `peer` while this decision is open. Default: the honest one. */
  readonly exchange?: (affair: Affair, talk: ExchangeTalk) => AsyncIterable<Uint8Array>
}

/** What one side of an exchange is given. */
export interface ExchangeTalk {
  readonly peer: PeerIdString
  readonly incoming: AsyncIterable<Uint8Array>
  /** Ends this side's half. */
  readonly saidAll: () => void
}

/** One decision, as this member plays it. */
export interface Affair {
  readonly member: Member
  readonly proposal: IdentifiedProposal
  readonly machine: Decision
  readonly conduct: Conduct
  /** Hands an input to the machine. */
  take(input: DecisionInput): void
  /** Signs these words as one frame and says them; to everybody unless told to whom. */
  say(words: readonly DecisionMessage[], to?: readonly PeerIdString[]): Envelope
}

/** What honest conduct does with a proposal. */
export const castFirst = (affair: Affair): void =>
  affair.take({ type: 'answered', answer: { type: 'choice', choices: [0] }, seal: true })

/** Starts to play a decision. Nothing is handed to its machine yet. */
export class PlayedAffair implements Affair {
  readonly member: Member
  readonly proposal: IdentifiedProposal
  readonly machine: Decision
  readonly conduct: Conduct
  #sequence = 0
  /** What is said in one round of the event loop leaves together. */
  #waiting: DecisionMessage[] = []

  constructor(member: Member, proposal: IdentifiedProposal, conduct: Conduct) {
    this.member = member
    this.proposal = proposal
    this.conduct = conduct
    const { self, roster, identity } = member
    this.machine = new Decision({ self, roster, charter: member.charter.charter, proposal, sign: identity.sign })
  }

  take(input: DecisionInput): void {
    for (const effect of this.machine.step(input).effects) {
      if (effect.type === 'broadcast') this.#queue(effect.message)
      if (effect.type === 'start-timer') this.#startTimer(effect.timer, effect.afterMs)
      if (effect.type === 'certify') this.member.adopt(certificateText(effect.certificate))
    }
  }

  say(words: readonly DecisionMessage[], to?: readonly PeerIdString[]): Envelope {
    const { archive, self } = this.member
    const { id } = this.proposal
    const envelope = this.member.sign({ type: 'words', sequence: this.#sequence++, words }, id)
    // What is said to some is kept from the others: they do not get it in an exchange.
    if (to === undefined) archive.keep(id, self, envelope.id, envelope.frame)
    this.member.tell(envelope.frame, to)
    return envelope
  }

  #startTimer(timer: TimerName, afterMs: number): void {
    this.member.later(afterMs, () => this.take({ type: 'timed-out', timer }))
  }

  #queue(message: DecisionMessage): void {
    this.#waiting.push(message)
    if (this.#waiting.length > 1) return
    setImmediate(() => {
      const words = this.#waiting
      this.#waiting = []
      if (this.conduct.say === undefined) this.say(words)
      else this.conduct.say(this, words)
    })
  }
}

/** One side of an exchange as a correct member takes it: a digest, what the other lacks, and what it gives. */
export async function* exchangeHonestly(member: Member, { incoming }: ExchangeTalk): AsyncGenerator<Uint8Array> {
  yield encodeSync({ digest: member.digest(), frames: [], certificates: [] })
  const messages = incoming[Symbol.asyncIterator]()
  const first = await messages.next()
  const opening = first.done === true ? undefined : decodeSync(first.value)
  const theirs = opening?.ok === true ? opening.value.digest : undefined
  if (theirs === undefined) return
  const { frames, certificates } = member.archive.lackedBy(theirs)
  const texts = certificates.map((decision) => member.certificates.get(decision) as string)
  for (const batch of syncBatches([...member.presence.newerThan(theirs.presence), ...frames], texts)) {
    yield encodeSync(batch)
  }
  yield encodeSync({ frames: [], certificates: [] })
  for (let next = await messages.next(); next.done !== true; next = await messages.next()) {
    const said = decodeSync(next.value)
    if (!said.ok || said.value.frames.length + said.value.certificates.length === 0) return
    for (const frame of said.value.frames) member.hear(frame)
    for (const text of said.value.certificates) member.adopt(text)
  }
}
