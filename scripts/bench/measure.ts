/** What the benchmark reads off the system, and small arithmetic. Linux only where it reads `/proc`. */

import { readFileSync } from 'node:fs'

/** The middle value; of an even number, the mean of the middle two. */
export function median(values: readonly number[]): number {
  const sorted = [...values].sort((left, right) => left - right)
  const middle = sorted.length / 2
  const low = sorted[Math.ceil(middle) - 1] ?? Number.NaN
  const high = sorted[Math.floor(middle)] ?? Number.NaN
  return (low + high) / 2
}

/** Memory of a process, shared pages counted by share. Unit: MiB; not a number where the system does not tell. */
export function proportionalMiB(pid: number): number {
  const kib = /^Pss:\s+(\d+) kB/m.exec(read(`/proc/${pid}/smaps_rollup`))?.[1]
  return kib === undefined ? Number.NaN : Number(kib) / 1_024
}

/** Clock ticks a second, as the kernel reports CPU time to programs: 100 on every Linux. */
const TICKS_PER_SECOND = 100

/** CPU time a process has used. Unit: milliseconds; 0 where the system does not tell. */
export function cpuMsOf(pid: number): number {
  const fields = read(`/proc/${pid}/stat`).split(') ')[1]?.split(' ') ?? []
  return ((Number(fields[11] ?? 0) + Number(fields[12] ?? 0)) / TICKS_PER_SECOND) * 1_000
}

function read(file: string): string {
  try {
    return readFileSync(file, 'utf8')
  } catch {
    return ''
  }
}

/** Waits until `condition` holds. Throws, naming `what`, after `withinMs`. */
export async function until(
  condition: () => boolean | Promise<boolean>,
  withinMs: number,
  what: string
): Promise<void> {
  const deadline = performance.now() + withinMs
  while (!(await condition())) {
    if (performance.now() > deadline) throw new Error(`waited ${withinMs} ms for ${what}`)
    await new Promise((resolve) => setTimeout(resolve, 5))
  }
}
