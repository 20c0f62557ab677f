/**
 * One decision on real peers, from the question to the last survivor's certificate, with a kill on the way.
 *
 * This is the script of a play and no coordinator: it hands the peers a question and their ballots, as people would, and
 * kills whom it was told to kill. What they make of it is up to them.
 *
 * @packageDocumentation
 */

import { setTimeout as pause } from 'node:timers/promises'
import { safeText } from '../core/text.ts'
import type { Launcher } from '../launcher/launcher.ts'
import type { DemoOptions } from './demo-options.ts'
import type { DemoPlan } from './demo-plan.ts'
import { type DemoShow, labelOf } from './demo-show.ts'
import { type DemoWatcher, decisionAt, type Watched } from './demo-watcher.ts'

/** Who plays. */
export interface DemoStage {
  readonly options: DemoOptions
  readonly plan: DemoPlan
  readonly launcher: Launcher
  readonly watcher: DemoWatcher
  readonly show: DemoShow
  /** Aborts when time is up, or the person wants out. */
  readonly until: AbortSignal
}

/** How a decision went. */
export interface DemoDecision {
  readonly decision: string
  /** Everyone who was not killed. */
  readonly survivors: readonly Watched[]
  /** True if every survivor holds the certificate. */
  readonly isCertified: boolean
  /** From the question to the last survivor's certificate. */
  readonly decisionMs: number
  /** From the last ballot to the last survivor's certificate. */
  readonly afterBallotsMs: number
}

/** Asks the question, lets everybody answer, kills half-way, and waits for every survivor. */
export async function runDecision(stage: DemoStage): Promise<DemoDecision> {
  const { plan, watcher, show, options, until } = stage
  const survivors = watcher.peers.filter(({ peer }) => !plan.victims.includes(peer.number))
  const askedAt = performance.now()
  const proposer = watcher.peer(plan.proposer)
  show.say(`${labelOf(proposer)} asks: ${safeText(options.proposal.question, 500)}`)
  const { decision } = await proposer.client.call('propose', options.proposal)
  const isHeard = await watcher.wait(() => watcher.peers.every((one) => decisionAt(one, decision) !== undefined), until)
  if (isHeard) {
    await castAll(plan.firstVoters, decision, stage)
    await killVictims(decision, stage)
    await castAll(plan.otherVoters, decision, stage)
  }
  const castAt = performance.now()
  const hasEveryCertificate = (): boolean => survivors.every((one) => decisionAt(one, decision)?.certified === true)
  const isCertified = survivors.length > 0 && (await watcher.wait(hasEveryCertificate, until))
  const now = performance.now()
  return { decision, survivors, isCertified, decisionMs: now - askedAt, afterBallotsMs: now - castAt }
}

async function castAll(numbers: readonly number[], decision: string, stage: DemoStage): Promise<void> {
  for (const number of numbers) {
    await pause(stage.options.paceMs, undefined, { signal: stage.until }).catch(() => undefined)
    if (stage.until.aborted) return
    await cast(number, decision, stage)
  }
}

/** Answers as one peer. With a short deadline and a slow pace it may be too late: then the peer has said so itself. */
async function cast(number: number, decision: string, { watcher, plan, show }: DemoStage): Promise<void> {
  const voter = watcher.peer(number)
  const choices = plan.choices[number] ?? ['abstain']
  try {
    await voter.client.call('vote', { decision, choices, seal: true })
  } catch (error) {
    if ((error as Error).name !== 'OptionsError') throw error
    show.say(`${labelOf(voter)} was too late: its deadline had passed`)
  }
}

/** Kills everyone who is to be killed, once others know what they said: a ballot that was heard is not lost with its peer. */
async function killVictims(decision: string, stage: DemoStage): Promise<void> {
  const { plan, watcher, launcher, show, until } = stage
  const victims = plan.victims.map((number) => watcher.peer(number))
  const isKnownElsewhere = ({ short }: Watched): boolean =>
    watcher.peers.some((one) => one.short !== short && Object.hasOwn(decisionAt(one, decision)?.cast ?? {}, short))
  const isAlone = watcher.peers.length === 1
  await watcher.wait(() => isAlone || victims.every(isKnownElsewhere), until)
  if (until.aborted) return
  await Promise.all(
    victims.map(async (victim) => {
      await launcher.kill(victim.peer.number)
      const who = victim.peer.number === 1 ? `${labelOf(victim)}, who started first,` : labelOf(victim)
      show.onLauncher(
        { type: 'fault-injected', fault: 'SIGKILL', target: victim.short },
        `✗ ${who} was killed (SIGKILL)`
      )
    })
  )
}
