/**
 * What happened, one plain sentence at a time: for terminals that are no screens, for logs, for reading aloud.
 *
 * @packageDocumentation
 */

import type { TraceEvent, TraceFact } from '../consensus/trace.ts'
import { safeText } from '../core/text.ts'

/** How a short id is called on this terminal. */
export type CallBy = (short: string) => string

type Fact<Type extends TraceFact['type']> = Extract<TraceFact, { type: Type }>
type Tell<Type extends TraceFact['type']> = (fact: Fact<Type>, who: string, call: CallBy) => string | undefined

/** What is told of each fact; frequent ones are silent, because a thousand lines tell nothing. */
const TELL: { readonly [Type in TraceFact['type']]: Tell<Type> } = {
  'peer-started': ({ listen }, who) =>
    `${who} is listening on ${listen.map((address) => safeText(address)).join(', ')}`,
  'peer-stopped': ({ reason }, who) => `${who} stopped: ${safeText(reason)}`,
  connected: () => undefined,
  disconnected: ({ to }, who, call) => `${who} lost its connection to ${call(to)}`,
  presence: () => undefined,
  meshed: () => undefined,
  proposal: ({ by, question, options }, who, call) =>
    `${who} heard a question from ${call(by)}: ${safeText(question)} (${options.map((option) => safeText(option)).join(', ')})`,
  ballot: ({ by, own, answer, choices }, who, call) =>
    own ? `${who} cast its ballot: ${answerInWords(answer, choices)}` : `${who} knows the ballot of ${call(by)}`,
  message: () => undefined,
  rule: () => undefined,
  progress: ({ stage, waitingFor }, who) =>
    waitingFor === '' ? undefined : `${who} ${STEP[stage] ?? safeText(stage)}; it waits for ${safeText(waitingFor)}`,
  decided: ({ result }, who) => `${who} decided: ${safeText(result)}`,
  certified: ({ signers }, who) => `${who} holds the certificate, signed by ${signers.length}`,
  accused: ({ accused, explanation, evidence }, who, call) =>
    `${who} saw ${call(accused)} break the rules${evidence ? ', with proof' : ''}: ${safeText(explanation)}`,
  standing: ({ standing, reason }, who) => STANDING[standing](who, safeText(reason)),
  disk: ({ state, reason }, who) =>
    state === 'well' ? `${who} can write to its disk again` : `${who} says nothing for now: ${safeText(reason)}`,
  reach: ({ reached, needed, cutOff }, who) =>
    cutOff
      ? `${who} is cut off: it reaches ${reached} of the ${needed} members that a decision needs`
      : `${who} reaches ${reached} members, enough for a decision`,
  'fault-injected': ({ fault, target }, who, call) => {
    const targets = safeText(target).split(' ').filter(Boolean).map(call)
    if (fault === 'heal') return `on purpose: ${who} refuses nobody any more`
    return fault === 'cut'
      ? `on purpose: ${who} refuses ${targets.join(', ')}`
      : `on purpose: ${safeText(fault)} ${targets.join(', ')}`
  },
  dropped: () => undefined
}

/** What a peer does in each step. See `decision/progress.ts`. */
const STEP: Readonly<Record<string, string>> = {
  gathering: 'gathers ballots',
  sharing: 'tells which ballots it has seen',
  agreeing: 'agrees with the others on one set of ballots',
  signing: 'has counted, and signs the outcome'
}

/** What a peer's standing means for people. */
const STANDING: Readonly<Record<Fact<'standing'>['standing'], (who: string, reason: string) => string | undefined>> = {
  asking: () => undefined,
  voting: () => undefined,
  observing: (who, reason) => `${who} only observes and will not vote on this roster again: ${reason}`
}

/** The sentence for an event, or `undefined` if it has none. */
export type Narrator = (event: TraceEvent, call: CallBy) => string | undefined

/** Tells one event after the other: a step when it is reached, and not again for everyone it waits for. */
export function createNarrator(): Narrator {
  const reached = new Map<string, string>()
  return (event, call) => {
    if (event.type === 'progress') {
      const key = `${event.peer} ${event.decision}`
      if (reached.get(key) === event.stage) return undefined
      reached.set(key, event.stage)
    }
    if (event.type === 'certified') reached.delete(`${event.peer} ${event.decision}`)
    const tell = TELL[event.type] as Tell<TraceFact['type']> | undefined
    return tell?.(event as never, call(event.peer), call)
  }
}

/** What a ballot says, in words. */
export function answerInWords(answer: string, choices: readonly string[]): string {
  if (answer === 'abstain') return 'abstains'
  if (answer === 'no-answer') return 'no answer in time'
  return choices.map((choice) => safeText(choice)).join(' and ')
}
