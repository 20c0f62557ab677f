/** What a soak says: in lines for people, or one JSON object a line. */

import type { Finding } from './judgement.ts'

/** What was counted. Times in milliseconds. */
export interface Counts {
  readonly seconds: number
  readonly decisions: number
  /** Processes ended by SIGKILL, by others or by themselves at a crash point, and started again from disk. */
  readonly cycles: number
  readonly faults: number
  /** Faults by kind. */
  readonly injected: Readonly<Record<string, number>>
  /** Times that a process ended at a crash point, by name. */
  readonly crashPoints: Readonly<Record<string, number>>
  readonly restarts: number
  readonly heals: number
  readonly recoveryMedianMs: number
  readonly recoveryMaxMs: number
}

/** How far it is. */
export interface Progress {
  readonly elapsedMs: number
  readonly leftMs: number
  readonly decisions: number
  readonly cycles: number
  readonly faults: number
  readonly awake: number
  readonly peers: number
}

/** Where a soak says things. */
export interface Report {
  begin(seed: number, directory: string): void
  progress(progress: Progress): void
  note(line: string): void
  verdict(counts: Counts, findings: readonly Finding[], pass: boolean): void
}

/** For people. */
export function textReport(write: (line: string) => void): Report {
  return {
    begin(seed, directory) {
      write(`Seed ${seed}. Peers live in ${directory}`)
    },
    progress({ elapsedMs, leftMs, decisions, cycles, faults, awake, peers }) {
      const left = leftMs < 60_000 ? `${Math.ceil(leftMs / 1_000)} s` : `${Math.ceil(leftMs / 60_000)} min`
      write(
        `${clock(elapsedMs)}  ${decisions} decisions, ${cycles} kill-restart cycles, ${faults} faults; ` +
          `${awake} of ${peers} awake; about ${left} left`
      )
    },
    note: write,
    verdict(counts, findings, pass) {
      for (const line of countLines(counts)) write(line)
      for (const { name, promise, result, explanation } of findings) {
        write(`${MARK[result]} ${name}: ${promise}`)
        for (const line of explanation.split('; ')) write(`  ${line}`)
      }
      write(`Verdict: ${pass ? 'pass' : 'FAIL'}`)
    }
  }
}

/** For programs. */
export function jsonReport(write: (line: string) => void): Report {
  const say = (event: object): void => write(JSON.stringify(event))
  return {
    begin: (seed, directory) => say({ type: 'seed', seed, directory }),
    progress: (progress) => say({ type: 'progress', ...progress }),
    note: (line) => say({ type: 'note', line }),
    verdict: (counts, findings, pass) => say({ type: 'soak', verdict: pass ? 'pass' : 'fail', ...counts, findings })
  }
}

const MARK = { pass: '✓', fail: '✗', 'not-judged': '–' } as const

function countLines(counts: Counts): string[] {
  const seconds = (ms: number): string => `${(ms / 1_000).toFixed(1)} s`
  return [
    '',
    `In ${clock(counts.seconds * 1_000)}: ${counts.decisions} decisions, ${counts.cycles} kill-restart cycles, ` +
      `${counts.restarts} clean restarts, ${counts.faults} faults`,
    `  faults: ${inWords(counts.injected)}`,
    `  crash points hit: ${inWords(counts.crashPoints) || 'none'}`,
    `  ${counts.heals} heals; everything finished after ${seconds(counts.recoveryMedianMs)} (median), ` +
      `${seconds(counts.recoveryMaxMs)} (slowest)`,
    ''
  ]
}

const inWords = (counts: Readonly<Record<string, number>>): string =>
  Object.entries(counts)
    .map(([name, count]) => `${name} ${count}`)
    .join(', ')

function clock(ms: number): string {
  const seconds = Math.round(ms / 1_000)
  return `${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, '0')}`
}
