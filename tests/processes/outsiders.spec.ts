/**
 * Outsiders who can reach the port play every attack of `tests/hostile/attacks.ts` on a peer of a running community, while
 * it decides. Each decision ends; the attacked peer's memory stays within one and a half times what it was; its counters
 * show what was refused; and afterwards nothing is left of the attack.
 *
 * Memory is the resident set as the system tells it: before, after some decisions; then every tenth of a second during the
 * attack, of which the largest counts.
 */

import { readFileSync } from 'node:fs'
import { describe, expect, it, onTestFinished } from 'vitest'
import type { CounterName } from '../../src/network/counters.ts'
import type { AttackName } from '../hostile/attacks.ts'
import { type Attack, attack } from '../hostile/play.ts'
import type { Bounds } from '../hostile/siege.ts'
import { until } from '../support/peers.ts'
import { launch, type Running } from './support.ts'

const EVERYBODY = [1, 2, 3, 4]

/** How much memory may grow. */
const GROWTH_MAX = 1.5

/** What an attack may do at most. It lasts four seconds. */
const BOUNDS = { forMs: 4_000, callsPerSecond: 100, bytesPerSecond: 16 * 1024 * 1024, heldMax: 150 } as const

const pidOf = (running: Running, number: number): number => running.launcher.child(number)?.pid as number

/** Unit: MiB. */
function residentMiB(pid: number): number {
  return Number(/^VmRSS:\s+(\d+) kB/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]) / 1024
}

/** Established connections that came in on the port of a multiaddr. */
function connectionsTo(address: string): number {
  const port = Number(/\/tcp\/(\d+)/.exec(address)?.[1])
  const local = `:${port.toString(16).toUpperCase().padStart(4, '0')}`
  const sockets = readFileSync('/proc/net/tcp', 'utf8').split('\n')
  return sockets
    .map((line) => line.trim().split(/\s+/))
    .filter(([, from, , state]) => {
      return from?.endsWith(local) === true && state === ESTABLISHED
    }).length
}

/** As `/proc/net/tcp` says it. */
const ESTABLISHED = '01'

const statusOf = (running: Running, number: number) => running.ask(number, 'status', {})

/** True if no single peer's loss would cut a peer off from the others. */
async function isWellConnected(running: Running, number: number): Promise<boolean> {
  const { members, graph } = await statusOf(running, number)
  const others = members.filter(({ self, connected }) => connected && !self)
  return others.length >= 2 && graph.peers === EVERYBODY.length && graph.articulationPoints.length === 0
}

/** Puts a question and waits until all hold the certificate. */
async function decide(running: Running, proposer: number): Promise<void> {
  const question = { question: 'Where do we meet?', options: ['lake', 'forest', 'city'], deadlineMs: 5_000 }
  const { decision } = await running.ask(proposer, 'propose', question)
  for (const number of EVERYBODY) {
    await until(
      async () => (await running.ask(number, 'decisions', {})).closed.some((known) => known.decision === decision),
      20_000
    )
  }
}

async function begin(
  running: Running,
  name: AttackName,
  targets: readonly string[],
  bounds: Partial<Bounds> = {}
): Promise<Attack> {
  const { community } = await statusOf(running, 1)
  const underWay = await attack({ ...BOUNDS, topic: `equipotent/1/${community.id}`, ...bounds, targets, attack: name })
  onTestFinished(() => underWay.kill())
  return underWay
}

/** One attack on one peer, with decisions one after another until it is over. Answers what the peer counted. */
async function play(running: Running, name: AttackName, victim: number): Promise<Readonly<Record<string, number>>> {
  const { listen, counters: before } = await statusOf(running, victim)
  const pid = pidOf(running, victim)
  const beforeMiB = residentMiB(pid)
  let mostMiB = beforeMiB
  const watch = setInterval(() => {
    mostMiB = Math.max(mostMiB, residentMiB(pid))
  }, 100)
  onTestFinished(() => clearInterval(watch))
  const underWay = await begin(running, name, listen)
  let decisions = 0
  while (underWay.goesOn) await decide(running, 1 + (decisions++ % EVERYBODY.length))
  const report = await underWay.report
  clearInterval(watch)
  const { counters } = await statusOf(running, victim)
  const growth = mostMiB / beforeMiB
  const counted = Object.entries(counters).map(([reason, total]) => [reason, total - (before[reason] ?? 0)] as const)
  const shown = Object.fromEntries(counted.filter(([, count]) => count > 0))
  console.log(JSON.stringify({ victim, ...report, decisions, growth: Number(growth.toFixed(2)), counted: shown }))
  expect(report.calls, name).toBeGreaterThan(0)
  expect(decisions, name).toBeGreaterThan(0)
  expect(growth, name).toBeLessThan(GROWTH_MAX)
  await until(() => connectionsTo(listen[0] as string) < EVERYBODY.length)
  return shown
}

/** Attacks in one community, each on another peer; each must make its counters go up. No member is ever struck out. */
async function siege(attacks: Partial<Record<AttackName, readonly CounterName[]>>): Promise<void> {
  const running = await launch(EVERYBODY.length, { vote: 'random' })
  for (const proposer of EVERYBODY) await decide(running, proposer)
  for (const [index, [name, reasons]] of Object.entries(attacks).entries()) {
    const counted = await play(running, name as AttackName, 1 + (index % EVERYBODY.length))
    expect(Object.keys(counted), name).toEqual(expect.arrayContaining([...reasons]))
  }
  for (const number of EVERYBODY) {
    expect(await isWellConnected(running, number)).toBe(true)
    expect((await statusOf(running, number)).counters).not.toHaveProperty('refused-struck-out')
  }
}

describe('outsiders', () => {
  it('who send data, frames and streams without end are cut off', () =>
    siege({
      flood: ['outsider-bytes'],
      frames: ['outsider-frames'],
      streams: ['outsider-streams'],
      unread: ['outsider-frames']
    }))

  it('who talk gossip are not listened to', () =>
    siege({
      subscriptions: ['gossip-by-outsider'],
      control: ['gossip-by-outsider'],
      messages: ['gossip-by-outsider'],
      malformed: ['gossip-by-outsider', 'exchanges-failed']
    }))

  it('who come in crowds, never finish a call, or come and go under new names keep no member out', () =>
    siege({
      slow: ['calls-displaced'],
      knocks: ['calls-over-rate'],
      churn: ['outsiders-over-rate'],
      crowd: ['outsiders-over-rate'],
      identify: ['outsiders-over-rate']
    }))

  it('who fill the places of one peer before and after it starts do not cut it off from the others', async () => {
    const running = await launch(EVERYBODY.length, { vote: 'random' })
    const victim = 2
    const [address] = (await statusOf(running, victim)).listen
    await running.launcher.kill(victim)
    const bounds = { forMs: 30_000, callsPerSecond: 300 }
    const crowds = await Promise.all(
      (['crowd', 'slow', 'knocks'] as const).map((name) => begin(running, name, [address as string], bounds))
    )
    await running.launcher.restart(victim, { vote: 'random', listen: [(address as string).replace(/\/p2p.*/, '')] })
    await until(() => isWellConnected(running, victim))
    await decide(running, victim)
    await until(async () => {
      const { counters } = await statusOf(running, victim)
      return ['outsiders-over-rate', 'calls-over-rate'].every((reason) => (counters[reason] ?? 0) > 0)
    })
    await decide(running, victim)
    expect(await isWellConnected(running, victim)).toBe(true)
    expect(crowds.every(({ goesOn }) => goesOn)).toBe(true)
    for (const crowd of crowds) crowd.kill()
    await Promise.allSettled(crowds.map(({ report }) => report))
  })
})
