/** Communities of real processes on loopback. Everything that a test starts has ended when it is over. */

import { type ChildProcess, spawn } from 'node:child_process'
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { onTestFinished } from 'vitest'
import { storedCertificates } from '../../scripts/lib/stored-certificates.ts'
import { verifyCertificate } from '../../src/decision/certificate.ts'
import type { StartOptions } from '../../src/launcher/child-peer.ts'
import { foundCommunity } from '../../src/launcher/community.ts'
import { createLauncher, type Launcher } from '../../src/launcher/launcher.ts'
import { connectControl } from '../../src/peer/control-client.ts'
import type { ControlMethods } from '../../src/peer/control-protocol.ts'
import { verify } from '../../src/storage/keys.ts'
import { temporaryDirectory, until } from '../support/peers.ts'

const DIST = join(import.meta.dirname, '../../dist')

/** The program that is one peer. */
export const PEER_ENTRY = join(DIST, 'peer.mjs')

/** A running community; peers are named by number, from 1. */
export interface Running {
  readonly launcher: Launcher
  readonly directory: string
  dataDirectory(number: number): string
  ask<Method extends 'status' | 'propose' | 'vote' | 'decisions'>(
    number: number,
    method: Method,
    params: ControlMethods[Method]['params']
  ): Promise<ControlMethods[Method]['result']>
}

/**
 * Founds and starts a community; resolves when the graph survives the loss of any peer. `prepare` may change what is on disk
 * in between.
 */
export async function launch(
  size: number,
  options: StartOptions = {},
  prepare: (directory: string) => void = () => undefined
): Promise<Running> {
  const directory = await temporaryDirectory()
  const { peers } = await foundCommunity({ directory, peers: size, name: 'test' })
  prepare(directory)
  const launcher = createLauncher({ directory, entry: PEER_ENTRY })
  onTestFinished(() => launcher.stopAll())
  await launcher.startAll(
    peers.map((_, index) => index + 1),
    options
  )
  const dataDirectory = (number: number): string => peers[number - 1]!.dataDirectory
  const running: Running = {
    launcher,
    directory,
    dataDirectory,
    async ask(number, method, params) {
      const client = await connectControl(dataDirectory(number))
      try {
        return await client.call(method, params)
      } finally {
        client.close()
      }
    }
  }
  for (const [index] of peers.entries()) {
    await until(async () => {
      const { graph } = await running.ask(index + 1, 'status', {})
      // A peer alone has no links, and so no part in a graph of links.
      return graph.peers === (size === 1 ? 0 : size) && graph.articulationPoints.length === 0
    })
  }
  return running
}

/** The hash of the outcome that a certificate proves; throws if it proves nothing. */
export function provenOutcome(text: string): string {
  const checked = verifyCertificate(text, verify)
  if (!checked.ok) throw new Error(checked.explanation)
  return checked.outcomeHash
}

/** Waits until these peers hold the certificate. */
export async function untilCertified(running: Running, numbers: readonly number[], decision: string): Promise<void> {
  for (const number of numbers) {
    await until(async () => {
      const { closed } = await running.ask(number, 'decisions', {})
      return closed.some((known) => known.decision === decision)
    }, 40_000)
  }
}

/** The outcomes that the stores of these peers prove, after everything has stopped. */
export async function outcomesOf(running: Running, numbers: readonly number[], decision: string): Promise<Set<string>> {
  await running.launcher.stopAll()
  const outcomes = await Promise.all(
    numbers.map(async (number) => {
      const text = (await storedCertificates(running.dataDirectory(number))).get(decision)
      return text === undefined ? 'none' : provenOutcome(text)
    })
  )
  return new Set(outcomes)
}

/** The data directories in a community's directory. */
export const dataDirectories = (directory: string): string[] =>
  readdirSync(directory)
    .filter((name) => name.startsWith('peer-'))
    .map((name) => join(directory, name))

/** The process of the peer in a data directory, or `undefined` if none runs. */
export function pidIn(dataDirectory: string): number | undefined {
  const file = join(dataDirectory, 'pid')
  return existsSync(file) ? Number(readFileSync(file, 'utf8')) : undefined
}

/** True if a process of this id exists. */
export function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch {
    return false
  }
}

/** A finished run of the command. */
export interface Ran {
  readonly code: number | null
  readonly stdout: string
  readonly stderr: string
  /** Standard output as JSON lines. */
  readonly events: readonly Record<string, unknown>[]
}

/** Runs `equipotent` to its end, or until `onLine` has killed it. */
export async function equipotent(
  argv: readonly string[],
  onLine: (line: Record<string, unknown>, child: ChildProcess) => void = () => undefined,
  cwd?: string
): Promise<Ran> {
  const child = spawn(process.execPath, [join(DIST, 'equipotent.js'), ...argv], {
    stdio: ['ignore', 'pipe', 'pipe'],
    ...(cwd === undefined ? {} : { cwd }),
    env: { ...process.env, NO_COLOR: '1' }
  })
  const lines: string[] = []
  let stderr = ''
  child.stderr.on('data', (chunk: Buffer) => {
    stderr += chunk.toString('utf8')
  })
  const reader = createInterface({ input: child.stdout })
  reader.on('line', (line) => {
    lines.push(line)
    if (line.startsWith('{')) onLine(JSON.parse(line), child)
  })
  const [code] = await Promise.all([
    new Promise<number | null>((resolve) => child.once('exit', resolve)),
    new Promise((resolve) => reader.once('close', resolve))
  ])
  const events = lines.filter((line) => line.startsWith('{')).map((line) => JSON.parse(line) as Record<string, unknown>)
  return { code, stdout: lines.join('\n'), stderr, events }
}
