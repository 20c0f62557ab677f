/**
 * Decisions made while somebody lies, and the judgement of what every honest peer has left on disk.
 *
 * @packageDocumentation
 */

import type { TraceEvent } from '../../src/consensus/trace.ts'
import { until } from '../support/peers.ts'
import { countOf, type Mixed, type Remains, remainsOf } from './community.ts'
import { STRATEGIES } from './strategies.ts'
import type { Strategy } from './strategy.ts'

/** A decision that was made while the liars used a strategy. */
export interface Lie {
  readonly name: string
  readonly decision: string
}

/** How long people have to answer while a lie is being noticed; nobody waits for it. Unit: milliseconds. */
const PATIENT_DEADLINE_MS = 120_000

/** How long they have where a liar says nothing and all wait for it. Unit: milliseconds. */
const SHORT_DEADLINE_MS = 1_500

/** How long it may take until a lie is noticed, or a decision certified, everywhere. Unit: milliseconds. */
const WITHIN_MS = 40_000

const strategyOf = (name: string): Strategy => {
  const strategy = STRATEGIES[name]
  if (strategy === undefined) throw new Error(`there is no strategy ${name}`)
  return strategy
}

/**
 * Lies in slow motion: while one honest member has not answered, the decision stays open; when every honest peer shows what
 * it makes of the lie, the last one answers. Several names are told at once.
 */
export async function lieWhileOpen(mixed: Mixed, names: readonly string[]): Promise<Lie[]> {
  const before = await countersOf(mixed)
  const lies = await propose(mixed, names, PATIENT_DEADLINE_MS)
  const last = mixed.honest.at(-1) as number
  for (const lie of lies) await vote(mixed, mixed.honest.slice(0, -1), lie)
  for (const lie of lies) await untilTold(mixed, lie)
  for (const lie of lies) await untilNoticed(mixed, lie, before)
  for (const lie of lies) await vote(mixed, [last], lie)
  await untilCertified(mixed, lies)
  return lies
}

/** Lies in full flight: everybody answers at once, and nothing is waited for but the end. */
export async function lieInFlight(mixed: Mixed, names: readonly string[]): Promise<Lie[]> {
  const lies = await propose(mixed, names, SHORT_DEADLINE_MS)
  for (const lie of lies) await vote(mixed, mixed.honest, lie)
  await untilCertified(mixed, lies)
  for (const lie of lies) await untilTold(mixed, lie)
  return lies
}

/** The honest members take turns in proposing, so that nobody has too many open. */
async function propose(mixed: Mixed, names: readonly string[], deadlineMs: number): Promise<Lie[]> {
  const lies: Lie[] = []
  for (const [index, name] of names.entries()) {
    strategyOf(name)
    const by = mixed.honest[index % mixed.honest.length] as number
    const question = `${name} while we decide where to meet?`
    const { decision } = await mixed.ask(by, 'propose', { question, options: ['lake', 'forest', 'city'], deadlineMs })
    lies.push({ name, decision })
  }
  return lies
}

/** These answer: odd numbers alike and even numbers alike, so that ballots differ. */
async function vote(mixed: Mixed, numbers: readonly number[], { name, decision }: Lie): Promise<void> {
  for (const number of numbers) {
    const isOpen = async (): Promise<boolean> =>
      (await mixed.ask(number, 'status', {})).open.some((open) => open.decision === decision)
    await soon(isOpen, `${name}: peer ${number} has not heard of the decision`)
    await mixed.ask(number, 'vote', { decision, choices: [number % 2 === 0 ? 'lake' : 'forest'], seal: true })
  }
}

/** Every liar says that it has lied. */
async function untilTold(mixed: Mixed, { name, decision }: Lie): Promise<void> {
  for (const liar of mixed.companions) {
    await soon(() => (liar.did.get(decision) ?? 0) > 0, `${name}: member ${liar.number} has not lied`)
  }
}

/** Every honest peer shows what the strategy says it will. */
async function untilNoticed(mixed: Mixed, lie: Lie, before: ReadonlyMap<number, CounterLine>): Promise<void> {
  const { shows } = strategyOf(lie.name)
  for (const number of mixed.honest) {
    if (shows.type === 'counter') {
      const sum = (line: CounterLine): number => shows.names.reduce((total, name) => total + (line[name] ?? 0), 0)
      const earlier = sum(before.get(number) ?? {})
      const now = async (): Promise<number> => sum((await mixed.ask(number, 'status', {})).counters)
      const least = earlier + (shows.least ?? 1)
      await soon(
        async () => (await now()) >= least,
        async () => {
          const { counters } = await mixed.ask(number, 'status', {})
          return `${lie.name}: peer ${number} counts too few of ${shows.names}: ${JSON.stringify(counters)}`
        }
      )
    }
    if (shows.type === 'evidence' || shows.type === 'remark') {
      for (const { short } of mixed.companions) {
        await soon(
          () => mixed.heard(number).some((event) => isAccusation(event, lie, short)),
          `${lie.name}: peer ${number} does not accuse ${short}`
        )
      }
    }
  }
}

/** True if the event accuses this member in this decision, with as much proof as the strategy leaves. */
export function isAccusation(event: TraceEvent, { name, decision }: Lie, short: string): boolean {
  const { shows } = strategyOf(name)
  if (event.type !== 'accused' || event.decision !== decision || event.accused !== short) return false
  return shows.type === 'remark' ? event.kind === shows.kind : event.evidence
}

async function untilCertified(mixed: Mixed, lies: readonly Lie[]): Promise<void> {
  for (const number of mixed.honest) {
    for (const { name, decision } of lies) {
      const isCertified = async (): Promise<boolean> =>
        (await mixed.ask(number, 'decisions', {})).closed.some(
          (known) => known.decision === decision && known.certified
        )
      await soon(isCertified, `${name}: peer ${number} does not come to a certificate`)
    }
  }
}

type CounterLine = Readonly<Record<string, number>>

async function countersOf(mixed: Mixed): Promise<ReadonlyMap<number, CounterLine>> {
  const lines = mixed.honest.map(async (number) => [number, (await mixed.ask(number, 'status', {})).counters] as const)
  return new Map(await Promise.all(lines))
}

async function soon(
  condition: () => boolean | Promise<boolean>,
  otherwise: string | (() => Promise<string>)
): Promise<void> {
  await until(condition, WITHIN_MS).catch(async () => {
    throw new Error(typeof otherwise === 'string' ? otherwise : await otherwise())
  })
}

/** What a trial has shown. Every list is empty, or names what went wrong. */
export interface Judgement {
  /** Decisions whose certificate is not in every honest store, or that have two outcomes. */
  readonly undecided: readonly string[]
  /** Accusations, with proof or without, of members that do not lie. */
  readonly slander: readonly string[]
  /** Honest peers that are not linked, that struck somebody out, or that have stopped to vote. */
  readonly estranged: readonly string[]
  /** By liar, how many honest stores hold two frames that convict it. */
  readonly convictions: readonly number[]
  readonly remains: readonly Remains[]
}

/** Stops everybody, the liars first, and reads journals and stores. */
export async function judge(mixed: Mixed, lies: readonly Lie[]): Promise<Judgement> {
  const estranged: string[] = []
  const honestShorts = new Set(mixed.honest.map((number) => mixed.shortOf(number)))
  for (const number of mixed.honest) {
    const status = await mixed.ask(number, 'status', {})
    const lost = status.members.filter(({ short, connected }) => honestShorts.has(short) && !connected)
    for (const { short } of lost) estranged.push(`peer ${number} has no link to ${short}`)
    if (countOf(status, 'struck-out') > 0) estranged.push(`peer ${number} has struck somebody out`)
  }
  await Promise.all(mixed.companions.map((liar) => liar.stop()))
  await mixed.launcher.stopAll()
  const remains = await Promise.all(mixed.honest.map((number) => remainsOf(mixed, number)))
  for (const { number, events } of remains) {
    if (events.some((event) => event.type === 'standing' && event.standing === 'observing')) {
      estranged.push(`peer ${number} does not vote any more`)
    }
  }
  return {
    undecided: undecided(remains, lies),
    slander: slander(mixed, remains),
    estranged,
    convictions: convictions(mixed, remains),
    remains
  }
}

function undecided(remains: readonly Remains[], lies: readonly Lie[]): string[] {
  const known = new Set([
    ...remains.flatMap(({ outcomes }) => [...outcomes.keys()]),
    ...lies.map((lie) => lie.decision)
  ])
  return [...known].flatMap((decision) => {
    const name = lies.find((lie) => lie.decision === decision)?.name ?? decision
    const outcomes = remains.map((peer) => peer.outcomes.get(decision))
    const isAsked = lies.some((lie) => lie.decision === decision)
    if (isAsked && outcomes.includes(undefined)) return [`${name}: not certified everywhere`]
    return new Set(outcomes.filter((outcome) => outcome !== undefined)).size > 1 ? [`${name}: two outcomes`] : []
  })
}

function slander(mixed: Mixed, remains: readonly Remains[]): string[] {
  const liars = new Set(mixed.companions.map(({ short }) => short))
  const nodes = new Set(mixed.companions.map(({ node }) => node))
  return remains.flatMap(({ number, events, convicted }) => [
    ...events.flatMap((event) =>
      event.type === 'accused' && !liars.has(event.accused)
        ? [`peer ${number} accuses ${event.accused}: ${event.explanation}`]
        : []
    ),
    ...convicted.filter(({ accused }) => !nodes.has(accused)).map(({ slot }) => `peer ${number} keeps proof of ${slot}`)
  ])
}

function convictions(mixed: Mixed, remains: readonly Remains[]): number[] {
  return mixed.companions.map(
    ({ node }) => remains.filter(({ convicted }) => convicted.some(({ accused }) => accused === node)).length
  )
}
