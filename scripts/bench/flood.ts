/**
 * Decisions and memory of a community of seven, quiet and while an outsider floods it with all it can, up to 16 MiB/s:
 * `npm run bench -- --flood`.
 *
 * The flooder comes back under a new name whenever it is cut off, at most twenty times a second. It shares the machine's
 * cores with the community, so its CPU time is told, and there is a control: the same amount sent to a socket that belongs
 * to no peer. What the control costs the community is the machine's doing, not the flood's. The four kinds take turns, so
 * that what else the machine does falls on all alike.
 */

import { mkdtemp, rm } from 'node:fs/promises'
import { createServer, type Server } from 'node:net'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { findPeerEntry } from '../../src/launcher/peer-entry.ts'
import type { Report } from '../../tests/hostile/attacker.ts'
import { type Attack, attack } from '../../tests/hostile/play.ts'
import { median, proportionalMiB } from './measure.ts'
import { launch, measureDecision, pidOf, type Rig } from './rig.ts'

const PEERS = 7

/** Turns of each kind. */
const ROUNDS = 4

/** Time of one turn. Unit: milliseconds. */
const TURN_MS = 6_000

/** What the flooder may do. */
const FLOOD = { callsPerSecond: 20, bytesPerSecond: 16 * 1024 * 1024, heldMax: 1, topic: '' } as const

/** What is done meanwhile. */
const KINDS = ['quiet', 'control', 'one', 'all'] as const
type Kind = (typeof KINDS)[number]

const TITLES: Readonly<Record<Kind, string>> = {
  quiet: 'quiet',
  control: 'control',
  one: 'flood of one',
  all: 'flood of all'
}

/** What was seen of one kind, over all rounds. */
interface Seen {
  readonly certifiedMs: number[]
  readonly pssMiB: number[]
  readonly reports: Report[]
}

/** Measures, and tells line by line. */
export async function measureFlood(tell: (line: string) => void, json: boolean): Promise<void> {
  const directory = await mkdtemp(join(tmpdir(), 'equipotent-bench-'))
  const sink = await openSink()
  const { rig } = await launch(PEERS, directory)
  try {
    const everyone = rig.clients.map((_, index) => index)
    for (const index of everyone) await measureDecision(rig, index, everyone, 30_000)
    const seen = Object.fromEntries(
      KINDS.map((kind) => [kind, { certifiedMs: [], pssMiB: [], reports: [] }])
    ) as unknown as Record<Kind, Seen>
    for (let round = 0; round < ROUNDS; round++) {
      for (const kind of KINDS) await takeTurn(rig, kind, sink, seen[kind])
    }
    if (!json) tell(COLUMNS.map(([title, width]) => title.padStart(width)).join('  '))
    for (const kind of KINDS) {
      const row = rowOf(kind, seen)
      tell(json ? JSON.stringify(row) : COLUMNS.map(([, width, read]) => read(row).padStart(width)).join('  '))
    }
  } finally {
    for (const client of rig.clients) client.close()
    await rig.launcher.stopAll()
    sink.close()
    await rm(directory, { recursive: true, force: true })
  }
}

/** A port at which whatever is sent is thrown away. */
function openSink(): Promise<Server> {
  const server = createServer((socket) => void socket.on('error', () => undefined).resume())
  return new Promise((resolve) => server.listen(0, '127.0.0.1', () => resolve(server)))
}

async function takeTurn(rig: Rig, kind: Kind, sink: Server, seen: Seen): Promise<void> {
  const underWay = await begin(rig, kind, sink)
  const everyone = rig.clients.map((_, index) => index)
  const pids = everyone.map((index) => pidOf(rig, index))
  const memory = setInterval(() => seen.pssMiB.push(...pids.map(proportionalMiB)), 500)
  const endAt = performance.now() + TURN_MS
  try {
    for (let turn = 0; performance.now() < endAt; turn++) {
      const { certifiedMs } = await measureDecision(rig, turn % PEERS, everyone, 30_000)
      seen.certifiedMs.push(certifiedMs)
    }
    if (underWay !== undefined) seen.reports.push(await underWay.report)
  } finally {
    clearInterval(memory)
    underWay?.kill()
  }
}

async function begin(rig: Rig, kind: Kind, sink: Server): Promise<Attack | undefined> {
  if (kind === 'quiet') return undefined
  const targets = await targetsOf(rig, kind, sink)
  const program = join(dirname(findPeerEntry()), '../tests/hostile/attacker.ts')
  const name = kind === 'control' ? ('raw' as const) : ('flood' as const)
  return attack({ ...FLOOD, attack: name, targets, forMs: TURN_MS }, program)
}

async function targetsOf(rig: Rig, kind: Kind, sink: Server): Promise<string[]> {
  if (kind === 'control') return [`/ip4/127.0.0.1/tcp/${(sink.address() as { port: number }).port}`]
  const statuses = await Promise.all(rig.clients.map((client) => client.call('status', {})))
  const addresses = statuses.map(({ listen }) => listen[0] as string)
  return kind === 'one' ? addresses.slice(0, 1) : addresses
}

/** What is told of one kind. */
interface Row {
  readonly kind: string
  readonly decisions: number
  readonly certifiedMs: number
  /** Of the median time, to the quiet one. */
  readonly timeRatio: number
  /** Largest memory of any peer at any time. */
  readonly pssMiB: number
  /** Of that memory, to the largest while it was quiet. */
  readonly memoryRatio: number
  /** What the flooder got rid of. Unit: MiB a second. */
  readonly sentMiBPerSecond: number
  readonly callsPerSecond: number
  /** Share of one core that the flooder took. */
  readonly flooderPercent: number
}

function rowOf(kind: Kind, seen: Readonly<Record<Kind, Seen>>): Row {
  const { certifiedMs, pssMiB, reports } = seen[kind]
  const perSecond = (read: (report: Report) => number): number =>
    reports.reduce((sum, report) => sum + read(report), 0) / ((ROUNDS * TURN_MS) / 1_000)
  return {
    kind: TITLES[kind],
    decisions: certifiedMs.length,
    certifiedMs: median(certifiedMs),
    timeRatio: median(certifiedMs) / median(seen.quiet.certifiedMs),
    pssMiB: Math.max(...pssMiB),
    memoryRatio: Math.max(...pssMiB) / Math.max(...seen.quiet.pssMiB),
    sentMiBPerSecond: perSecond(({ bytes }) => bytes) / 1024 / 1024,
    callsPerSecond: perSecond(({ calls }) => calls),
    flooderPercent: perSecond(({ cpuMs }) => cpuMs) / 10
  }
}

const COLUMNS: readonly (readonly [title: string, width: number, read: (row: Row) => string])[] = [
  ['', 12, (row) => row.kind],
  ['decisions', 9, (row) => String(row.decisions)],
  ['certified ms', 12, (row) => row.certifiedMs.toFixed(0)],
  ['times quiet', 11, (row) => row.timeRatio.toFixed(2)],
  ['PSS MiB', 7, (row) => row.pssMiB.toFixed(0)],
  ['times quiet', 11, (row) => row.memoryRatio.toFixed(2)],
  ['MiB/s sent', 10, (row) => row.sentMiBPerSecond.toFixed(1)],
  ['calls/s', 7, (row) => row.callsPerSecond.toFixed(1)],
  ['flooder CPU %', 13, (row) => row.flooderPercent.toFixed(0)]
]
