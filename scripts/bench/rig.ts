/** A community of real processes that tells what happens in it, for programs that measure. */

import type { TraceEvent } from '../../src/consensus/trace.ts'
import { foundCommunity } from '../../src/launcher/community.ts'
import { createLauncher, type Launcher } from '../../src/launcher/launcher.ts'
import { findPeerEntry } from '../../src/launcher/peer-entry.ts'
import { type ControlClient, connectControl } from '../../src/peer/control-client.ts'
import { until } from './measure.ts'

/** How long anything may take that is waited for. Unit: milliseconds. */
const PATIENCE_MS = 60_000

/** The peers of one community, and what they told us lately. */
export interface Rig {
  readonly launcher: Launcher
  readonly clients: ControlClient[]
  readonly directories: readonly string[]
  /** When each peer last told of this; keyed by `${peer}/${what}`. Unit: milliseconds of this process's clock. */
  readonly heard: Map<string, number>
}

function note(rig: Rig, index: number, event: TraceEvent): void {
  const now = performance.now()
  if (event.type === 'presence') rig.heard.set(`${index}/presence/${event.sequence}`, now)
  if (event.type === 'decided' || event.type === 'certified') {
    rig.heard.set(`${index}/${event.type}/${event.decision}`, now)
  }
}

/** When the last of these peers told of `what`; waits for it. */
export async function lastHeard(rig: Rig, indexes: readonly number[], what: string): Promise<number> {
  const all = (): (number | undefined)[] => indexes.map((index) => rig.heard.get(`${index}/${what}`))
  await until(() => all().every((at) => at !== undefined), PATIENCE_MS, `${what} at every peer`)
  return Math.max(...all().map((at) => at as number))
}

/** The launcher at work, so that nothing is left running whatever ends this process. */
let working: Launcher | undefined

for (const signal of ['SIGINT', 'SIGTERM'] as const) {
  process.once(signal, () => {
    working?.killAllNow()
    process.exit(130)
  })
}
process.once('exit', () => working?.killAllNow())

/** Founds a community, starts it, and waits until the loss of no peer would cut it apart. */
export async function launch(size: number, directory: string): Promise<{ rig: Rig; launchMs: number }> {
  const { peers } = await foundCommunity({ directory, peers: size, name: 'bench' })
  const launcher = createLauncher({ directory, entry: findPeerEntry() })
  working = launcher
  const begunAt = performance.now()
  const numbers = peers.map((_, index) => index + 1)
  await launcher.startAll(numbers, { vote: 'random' })
  const directories = peers.map((peer) => peer.dataDirectory)
  const clients = await Promise.all(directories.map((dataDirectory) => connectControl(dataDirectory)))
  const wanted = Math.min(2, size - 1)
  for (const client of clients) {
    await until(
      async () => {
        const { members, graph } = await client.call('status', {})
        const isLinked = members.filter((member) => member.mesh).length >= wanted
        return isLinked && graph.peers === size && graph.articulationPoints.length === 0
      },
      PATIENCE_MS,
      'a full mesh'
    )
  }
  const launchMs = performance.now() - begunAt
  const rig: Rig = { launcher, clients, directories, heard: new Map() }
  const types = ['presence', 'decided', 'certified'] as const
  await Promise.all(clients.map((client, index) => client.watch((event) => note(rig, index, event), { types })))
  return { rig, launchMs }
}

/** Puts a question and waits until all that are alive hold the certificate. Times are from the proposal on. */
export async function measureDecision(
  rig: Rig,
  sender: number,
  alive: readonly number[],
  deadlineMs: number
): Promise<{ decision: string; decidedMs: number; certifiedMs: number }> {
  const begunAt = performance.now()
  const question = { question: 'Where do we meet?', options: ['lake', 'forest', 'city'], deadlineMs }
  const { decision } = await (rig.clients[sender] as ControlClient).call('propose', question)
  const certifiedAt = await lastHeard(rig, alive, `certified/${decision}`)
  const decidedAt = await lastHeard(rig, alive, `decided/${decision}`)
  return { decision, decidedMs: decidedAt - begunAt, certifiedMs: certifiedAt - begunAt }
}

/** The process of a peer. */
export const pidOf = (rig: Rig, index: number): number => rig.launcher.child(index + 1)?.pid as number
