/** Starts the attacker as a process of its own and waits for its report. */

import '../../src/network/runtime.ts'
import { type ChildProcess, spawn } from 'node:child_process'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import type { Order, Report } from './attacker.ts'

const ATTACKER = join(import.meta.dirname, 'attacker.ts')

/** An attack that has begun. */
export interface Attack {
  readonly pid: number
  /** What it got done; rejects if the attacker itself failed. */
  readonly report: Promise<Report>
  /** True until it is over. */
  readonly goesOn: boolean
  kill(): void
}

/** Resolves when the attack begins. `program` is where the attacker's source is, for a caller that is not run from its own. */
export async function attack(order: Order, program = ATTACKER): Promise<Attack> {
  const child = spawn(process.execPath, ['--import', 'tsx', program, JSON.stringify(order)], {
    stdio: ['ignore', 'pipe', 'inherit']
  })
  const lines: string[] = []
  const { promise: ready, resolve: begin } = Promise.withResolvers<void>()
  createInterface({ input: child.stdout }).on('line', (line) => {
    if (line === 'ready') begin()
    else lines.push(line)
  })
  const report = ended(child).then((code) => {
    const text = lines.at(-1)
    if (code !== 0 || text === undefined) throw new Error(`the attacker of "${order.attack}" ended with code ${code}`)
    return JSON.parse(text) as Report
  })
  await Promise.race([ready, report])
  return {
    pid: child.pid as number,
    report,
    get goesOn() {
      return child.exitCode === null && child.signalCode === null
    },
    kill: () => void child.kill('SIGKILL')
  }
}

const ended = (child: ChildProcess): Promise<number | null> =>
  new Promise((resolve) => {
    child.once('close', resolve)
    child.once('error', () => resolve(null))
  })
