/**
 * What a process has used so far: memory and processor time.
 *
 * @packageDocumentation
 */

import { execFile } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { promisify } from 'node:util'

/** What one process has used. */
export interface Resources {
  /** Memory it holds now. Unit: mebibytes. */
  readonly rssMiB: number
  /** Processor time since it started. Unit: milliseconds. */
  readonly cpuMs: number
}

/** Clock ticks a second in `/proc`, the same on every Linux that Node runs on. */
const TICKS_PER_SECOND = 100

const run = promisify(execFile)

/** What process `pid` has used, or `undefined` if it is gone. */
export async function resourcesOf(pid: number): Promise<Resources | undefined> {
  try {
    const { stdout } = await run('ps', ['-o', 'rss=,time=', '-p', String(pid)])
    const [rss, time] = stdout.trim().split(/\s+/)
    if (rss === undefined || time === undefined) return undefined
    return { rssMiB: Number(rss) / 1024, cpuMs: fineCpuMs(pid) ?? parseCpuTimeMs(time) }
  } catch {
    return undefined
  }
}

/** `ps` counts whole seconds on most systems; Linux itself counts hundredths. */
function fineCpuMs(pid: number): number | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8')
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
    const ticks = Number(fields[11]) + Number(fields[12])
    return Number.isFinite(ticks) ? (ticks * 1000) / TICKS_PER_SECOND : undefined
  } catch {
    return undefined
  }
}

/** The time that `ps` prints, `[[days-]hours:]minutes:seconds[.hundredths]`. */
export function parseCpuTimeMs(text: string): number {
  const [clock = '', days = '0'] = text.split('-').reverse()
  const seconds = clock.split(':').reduce((sum, part) => sum * 60 + Number(part), 0)
  return Math.round((Number(days) * 86_400 + seconds) * 1000)
}
