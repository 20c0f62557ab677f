/**
 * Decisions and memory of a community of seven, quiet and while an outsider floods it with all it can, up to 16 MiB/s:
 * `npm run bench -- --flood`.
 *
 * The flooder calls under eight names at once and comes back under new ones whenever it is cut off. A victim hangs up on it
 * early, so most of what it gets rid of ends in the system's buffers. There is also a flood without a handshake: raw
 * sockets, each filled until it is closed or takes no more. What the system took is told, and what the victim read of it.
 *
 * The flooder shares the machine's cores with the community, so its CPU time is told, and there is a control: 16 MiB/s sent
 * to a socket that belongs to no peer. What the control costs the community is the machine's doing, not the flood's. The
 * kinds take turns, so that what else the machine does falls on all alike.
 */

import { readFileSync } from 'node:fs'
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
const FLOOD = { callsPerSecond: 200, bytesPerSecond: 16 * 1024 * 1024, topic: '' } as const

/** What is done meanwhile, to whom, and with what. */
const KINDS = {
  quiet: { title: 'quiet', doing: undefined, targets: 'nobody' },
  control: { title: 'control', doing: { attack: 'raw', heldMax: 1 }, targets: 'sink' },
  one: { title: 'flood of one', doing: { attack: 'flood', heldMax: 1, atOnce: 8 }, targets: 'one' },
  all: { title: 'flood of all', doing: { attack: 'flood', heldMax: 1, atOnce: 8 }, targets: 'all' },
  raw: { title: 'raw, of one', doing: { attack: 'raw', heldMax: 64 }, targets: 'one' }
} as const
type Kind = keyof typeof KINDS
const ALL_KINDS = Object.keys(KINDS) as readonly Kind[]

/** What was seen of one kind, over all rounds. */
interface Seen {
  readonly certifiedMs: number[]
  readonly pssMiB: number[]
  readonly reports: Report[]
  /** Bytes that the first peer, a victim of every flood, read in each turn. */
  readonly readBytes: number[]
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
      ALL_KINDS.map((kind) => [kind, { certifiedMs: [], pssMiB: [], reports: [], readBytes: [] }])
    ) as unknown as Record<Kind, Seen>
    for (let round = 0; round < ROUNDS; round++) {
      for (const kind of ALL_KINDS) await takeTurn(rig, kind, sink, seen[kind])
    }
    if (!json) tell(COLUMNS.map(([title, width]) => title.padStart(width)).join('  '))
    for (const kind of ALL_KINDS) {
      const row = rowOf(kind, seen)
      tell(json ? JSON.stringify(row) : COLUMNS.map(([, width, read]) => read(row).padStart(width)).join('  '))
    }
    if (!json) for (const line of NOTES) tell(line)
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
  const [victim] = pids as [number]
  const readBefore = readBytesOf(victim)
  const endAt = performance.now() + TURN_MS
  try {
    for (let turn = 0; performance.now() < endAt; turn++) {
      const { certifiedMs } = await measureDecision(rig, turn % PEERS, everyone, 30_000)
      seen.certifiedMs.push(certifiedMs)
    }
    seen.readBytes.push(readBytesOf(victim) - readBefore)
    if (underWay !== undefined) seen.reports.push(await underWay.report)
  } finally {
    clearInterval(memory)
    underWay?.kill()
  }
}

/** Bytes that a process has read, from sockets and files; not a number where the system does not tell. */
function readBytesOf(pid: number): number {
  try {
    return Number(/^rchar: (\d+)/.exec(readFileSync(`/proc/${pid}/io`, 'utf8'))?.[1])
  } catch {
    return Number.NaN
  }
}

async function begin(rig: Rig, kind: Kind, sink: Server): Promise<Attack | undefined> {
  const { doing } = KINDS[kind]
  if (doing === undefined) return undefined
  const targets = await targetsOf(rig, kind, sink)
  const program = join(dirname(findPeerEntry()), '../tests/hostile/attacker.ts')
  return attack({ ...FLOOD, ...doing, targets, forMs: TURN_MS }, program)
}

async function targetsOf(rig: Rig, kind: Kind, sink: Server): Promise<string[]> {
  const { targets } = KINDS[kind]
  if (targets === 'sink') return [`/ip4/127.0.0.1/tcp/${(sink.address() as { port: number }).port}`]
  const statuses = await Promise.all(rig.clients.map((client) => client.call('status', {})))
  const addresses = statuses.map(({ listen }) => listen[0] as string)
  return targets === 'one' ? addresses.slice(0, 1) : addresses
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
  /** What the flooder got rid of, taken by the system or read by a victim. Unit: MiB a second. */
  readonly sentMiBPerSecond: number
  /** What the first peer read, from everybody. Unit: MiB a second. */
  readonly readMiBPerSecond: number
  /** The flooder's calls, and those of them that were let in far enough to send anything. */
  readonly callsPerSecond: number
  readonly letInPerSecond: number
  /** Share of one core that the flooder took. */
  readonly flooderPercent: number
}

function rowOf(kind: Kind, seen: Readonly<Record<Kind, Seen>>): Row {
  const { certifiedMs, pssMiB, reports, readBytes } = seen[kind]
  const total = (values: readonly number[]): number => values.reduce((sum, value) => sum + value, 0)
  const seconds = (ROUNDS * TURN_MS) / 1_000
  const perSecond = (read: (report: Report) => number): number => total(reports.map(read)) / seconds
  return {
    kind: KINDS[kind].title,
    decisions: certifiedMs.length,
    certifiedMs: median(certifiedMs),
    timeRatio: median(certifiedMs) / median(seen.quiet.certifiedMs),
    pssMiB: Math.max(...pssMiB),
    memoryRatio: Math.max(...pssMiB) / Math.max(...seen.quiet.pssMiB),
    sentMiBPerSecond: perSecond(({ bytes }) => bytes) / 1024 / 1024,
    readMiBPerSecond: total(readBytes) / seconds / 1024 / 1024,
    callsPerSecond: perSecond(({ calls }) => calls),
    letInPerSecond: perSecond(({ connections }) => connections),
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
  ['MiB/s read', 10, (row) => row.readMiBPerSecond.toFixed(1)],
  ['calls/s', 7, (row) => row.callsPerSecond.toFixed(1)],
  ['let in/s', 8, (row) => row.letInPerSecond.toFixed(1)],
  ['flooder CPU %', 13, (row) => row.flooderPercent.toFixed(0)]
]

/** How to read the table. */
const NOTES = [
  '',
  "quiet: nobody disturbs. control: 16 MiB/s to a socket that is no peer's. flood: eight outsiders at once, again and again",
  'under new names, with 16 MiB/s to send if they were let. raw: the same without a handshake, so that the system takes it.',
  'certified ms: median from a question to its certificate at every peer. PSS: largest of any peer at any time.',
  'sent: what left the flooder. read: what the first peer read, votes and all; the difference was refused unread.'
] as const
