/**
 * Measures a community of real processes on this machine: `npm run bench -- --peers 7,16,32`.
 *
 * Absolute times say more about the machine than about the program, so beside each decision stands, measured in the same
 * minute on the same processes, the time of one bare message (a presence, signed and checked like any other) from its
 * sender to the last peer. A decision needs five such ways one after the other: proposal, ballots, echoes, inputs,
 * endorsements. Prints a table for people, and with `--json` one object a line.
 */

import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { maxFaulty } from '../src/core/quorum.ts'
import type { ControlClient } from '../src/peer/control-client.ts'
import { readJournals } from '../src/storage/journal.ts'
import { measureFlood } from './bench/flood.ts'
import { cpuMsOf, median, proportionalMiB } from './bench/measure.ts'
import { readBenchOptions } from './bench/options.ts'
import { lastHeard, launch, measureDecision, pidOf, type Rig } from './bench/rig.ts'

const HELP = `Measures communities of real peers on this machine.

  npm run bench                            communities of 7, 16 and 32
  npm run bench -- --peers 64              one of 64
  npm run bench -- --peers 7 --decisions 50 --json
  npm run bench -- --flood                 one of 7, quiet and under the flood of an outsider

Options
  --peers N,N,…      sizes of community (default 7,16,32)
  --decisions N      decisions measured in each (default 20)
  --idle SECONDS     how long the idle cost is watched (default 10)
  --flood            decisions and memory under a flood of 16 MiB/s instead; takes two minutes
  --json             one JSON object a line instead of a table
`

/** What was measured of one size. Times are medians in milliseconds. */
interface Row {
  readonly peers: number
  readonly launchMs: number
  readonly bareMs: number
  readonly decidedMs: number
  readonly certifiedMs: number
  readonly certifiedMaxMs: number
  /** CPU time that one decision costs one peer. */
  readonly cpuMs: number
  /** `certifiedMs` over `bareMs`. */
  readonly ratio: number
  /** Most gossip messages that any peer said in any decision. */
  readonly messagesMax: number
  readonly messagesMaxWithSilent: number
  readonly pssMiB: number
  /** Share of one core that a peer takes while nothing happens. */
  readonly idlePercent: number
}

async function measureBare(rig: Rig, sender: number): Promise<number> {
  const begunAt = performance.now()
  const { sequence } = await (rig.clients[sender] as ControlClient).call('announce', {})
  const others = rig.clients.map((_, index) => index).filter((index) => index !== sender)
  return (await lastHeard(rig, others, `presence/${sequence}`)) - begunAt
}

/** The most gossip messages that any peer sent about any of these decisions. */
function messagesMax(rig: Rig, decisions: readonly string[]): number {
  const wanted = new Set(decisions)
  const counts = rig.directories.flatMap((directory) => {
    const count = new Map<string, number>()
    for (const event of readJournals(directory).events) {
      if (event.type !== 'message' || event.direction !== 'sent' || !wanted.has(event.decision)) continue
      count.set(event.decision, (count.get(event.decision) ?? 0) + 1)
    }
    return [...count.values()]
  })
  return Math.max(0, ...counts)
}

async function measureIdle(rig: Rig, seconds: number): Promise<number> {
  const before = cpuMsOfAll(rig)
  const begunAt = performance.now()
  await new Promise((resolve) => setTimeout(resolve, seconds * 1_000))
  return ((cpuMsOfAll(rig) - before) / (performance.now() - begunAt) / rig.directories.length) * 100
}

const cpuMsOfAll = (rig: Rig): number => rig.directories.reduce((sum, _, index) => sum + cpuMsOf(pidOf(rig, index)), 0)

async function measureSize(size: number, decisionCount: number, idleSeconds: number): Promise<Row> {
  const directory = await mkdtemp(join(tmpdir(), 'equipotent-bench-'))
  const { rig, launchMs } = await launch(size, directory)
  try {
    const everyone = rig.clients.map((_, index) => index)
    for (let warm = 0; warm < 3; warm++) await measureDecision(rig, warm % size, everyone, 30_000)
    const bare: number[] = []
    const runs: Awaited<ReturnType<typeof measureDecision>>[] = []
    for (let run = 0; run < decisionCount; run++) bare.push(await measureBare(rig, run % size))
    const cpuBeforeMs = cpuMsOfAll(rig)
    for (let run = 0; run < decisionCount; run++) runs.push(await measureDecision(rig, run % size, everyone, 30_000))
    const cpuMs = (cpuMsOfAll(rig) - cpuBeforeMs) / decisionCount / size
    const idlePercent = await measureIdle(rig, idleSeconds)
    const pssMiB = median(everyone.map((index) => proportionalMiB(pidOf(rig, index))))
    const silent = maxFaulty(size)
    const alive = everyone.slice(silent)
    for (const index of everyone.slice(0, silent)) await rig.launcher.kill(index + 1)
    const withSilent: string[] = []
    for (let run = 0; run < 3; run++) {
      withSilent.push((await measureDecision(rig, alive[run % alive.length] as number, alive, 300)).decision)
    }
    await rig.launcher.stopAll()
    const certified = runs.map(({ certifiedMs }) => certifiedMs)
    return {
      peers: size,
      launchMs,
      bareMs: median(bare),
      decidedMs: median(runs.map(({ decidedMs }) => decidedMs)),
      certifiedMs: median(certified),
      certifiedMaxMs: Math.max(...certified),
      cpuMs,
      ratio: median(certified) / median(bare),
      messagesMax: messagesMax(
        rig,
        runs.map(({ decision }) => decision)
      ),
      messagesMaxWithSilent: messagesMax(rig, withSilent),
      pssMiB,
      idlePercent
    }
  } finally {
    for (const client of rig.clients) client.close()
    rig.launcher.killAllNow()
    await rig.launcher.stopAll()
    await rm(directory, { recursive: true, force: true })
  }
}

const COLUMNS: readonly (readonly [title: string, read: (row: Row) => string])[] = [
  ['peers', (row) => String(row.peers)],
  ['launch ms', (row) => row.launchMs.toFixed(0)],
  ['bare message ms', (row) => row.bareMs.toFixed(1)],
  ['decided ms', (row) => row.decidedMs.toFixed(0)],
  ['certified ms', (row) => row.certifiedMs.toFixed(0)],
  ['slowest ms', (row) => row.certifiedMaxMs.toFixed(0)],
  ['ratio', (row) => row.ratio.toFixed(1)],
  ['CPU ms a peer', (row) => row.cpuMs.toFixed(1)],
  ['messages', (row) => String(row.messagesMax)],
  ['with f silent', (row) => String(row.messagesMaxWithSilent)],
  ['PSS MiB', (row) => row.pssMiB.toFixed(0)],
  ['idle %', (row) => row.idlePercent.toFixed(1)]
]

function print(cells: readonly string[]): void {
  process.stdout.write(`${cells.map((cell, index) => cell.padStart(COLUMNS[index]?.[0].length ?? 0)).join('  ')}\n`)
}

async function main(): Promise<void> {
  const options = readBenchOptions(process.argv.slice(2))
  if (options.type === 'help') return void process.stdout.write(HELP)
  if (options.type === 'mistake') {
    for (const sentence of options.sentences) process.stderr.write(`${sentence}\n`)
    process.exitCode = 2
    return
  }
  if (options.flood) return measureFlood((line) => process.stdout.write(`${line}\n`), options.json)
  if (!options.json) print(COLUMNS.map(([title]) => title))
  for (const size of options.peers) {
    const row = await measureSize(size, options.decisions, options.idleSeconds)
    if (options.json) process.stdout.write(`${JSON.stringify(row)}\n`)
    else print(COLUMNS.map(([, read]) => read(row)))
  }
}

await main()
