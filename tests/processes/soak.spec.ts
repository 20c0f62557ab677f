import { type ChildProcess, spawn } from 'node:child_process'
import { randomInt } from 'node:crypto'
import { existsSync } from 'node:fs'
import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { describe, expect, it, onTestFinished } from 'vitest'
import { localPeers } from '../../src/launcher/community.ts'
import { until } from '../support/peers.ts'
import { isAlive, pidIn } from './support.ts'

const SOAK = join(import.meta.dirname, '../../dist/soak.js')

interface SoakRun {
  readonly code: number | null
  readonly events: readonly Record<string, unknown>[]
}

/** Runs a soak to its end; `onEvent` may signal it. */
async function soak(
  argv: readonly string[],
  onEvent: (event: Record<string, unknown>, child: ChildProcess) => void = () => undefined
): Promise<SoakRun> {
  const child = spawn(process.execPath, [SOAK, '--json', ...argv], { stdio: ['ignore', 'pipe', 'inherit'] })
  onTestFinished(() => void child.kill('SIGTERM'))
  const events: Record<string, unknown>[] = []
  const reader = createInterface({ input: child.stdout })
  reader.on('line', (line) => {
    const event = JSON.parse(line) as Record<string, unknown>
    events.push(event)
    if (event['type'] !== 'progress') console.log(line.slice(0, 2_000))
    onEvent(event, child)
  })
  const [code] = await Promise.all([
    new Promise<number | null>((resolve) => child.once('exit', resolve)),
    new Promise((resolve) => reader.once('close', resolve))
  ])
  return { code, events }
}

describe('a soak', { timeout: 240_000 }, () => {
  it('of half a minute kills, pauses, restarts and cuts, and every promise is kept', async () => {
    const seed = randomInt(2 ** 32)
    const argv = ['--seed', String(seed), '--minutes', '0.5', '--peers', '4', '--cycles', '8', '--faults', '15']
    const { code, events } = await soak(argv)
    expect(events[0]).toMatchObject({ type: 'seed', seed })
    const verdict = events.find(({ type }) => type === 'soak')
    expect({ seed, code, verdict }).toMatchObject({ code: 0, verdict: { verdict: 'pass' } })
    expect(verdict?.['decisions']).toBeGreaterThan(0)
    expect(verdict?.['cycles']).toBeGreaterThanOrEqual(8)
    expect(verdict?.['faults']).toBeGreaterThanOrEqual(15)
    expect(existsSync(String(events[0]?.['directory']))).toBe(false)
  })

  it('that is interrupted comes to a verdict about what there is, and leaves nothing running', async () => {
    let pids: number[] = []
    let directory = ''
    const argv = ['--seed', '1', '--minutes', '5', '--peers', '4', '--keep']
    const { code, events } = await soak(argv, (event, child) => {
      if (event['type'] === 'seed') directory = String(event['directory'])
      if (event['type'] !== 'progress' || pids.length > 0) return
      pids = localPeers(directory).flatMap((peer) => pidIn(peer.dataDirectory) ?? [])
      child.kill('SIGINT')
    })
    const verdict = events.find(({ type }) => type === 'soak')
    expect({ code, verdict }).toMatchObject({ code: 0, verdict: { verdict: 'pass' } })
    expect(pids.length).toBeGreaterThan(0)
    await until(() => !pids.some(isAlive))
    const left = localPeers(directory).flatMap((peer) => pidIn(peer.dataDirectory) ?? [])
    expect(left.filter(isAlive)).toEqual([])
    await rm(directory, { recursive: true })
  })
})
