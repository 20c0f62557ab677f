/**
 * Starts, kills, restarts and stops peers on this machine. It owns their process ids and nothing else.
 *
 * It is no coordinator: it tells a peer where to find others and never what to say. Peers live in sessions of their own,
 * write to files and not to pipes, and outlast it. The first peer starts first and the others join through it; once the
 * others have found one another, the first is a peer like any other.
 *
 * @packageDocumentation
 */

import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { OperationError } from '../core/errors.ts'
import { type ChildPeer, type StartingPeer, type StartOptions, startChild } from './child-peer.ts'
import { type LocalPeer, localPeer, localPeers } from './community.ts'
import { findPeerProcess } from './process-check.ts'
import { askToStop, PATIENCE_MS } from './stop-process.ts'

/** The file in which a peer says where it listens. */
export const ADDRESS_FILE = 'address'

/** How many members a peer is told to join through; one would do, and may be down. */
const JOIN_THROUGH_MAX = 3

/** What the launcher can do. Peers are named by number, from 1. */
export interface Launcher {
  /** Starts one peer; resolves when it listens. */
  start(number: number, options?: StartOptions): Promise<ChildPeer>
  /** Starts peer 1, then all others at once through it. Resolves when all listen. */
  startAll(numbers: readonly number[], options?: StartOptions): Promise<readonly ChildPeer[]>
  /** Ends one peer with SIGKILL, or sends another signal. Resolves when it has ended, if the signal ends it. */
  kill(number: number, signal?: NodeJS.Signals): Promise<void>
  /** Stops one peer: asks it, then SIGTERM, then SIGKILL. */
  stop(number: number): Promise<void>
  stopAll(): Promise<void>
  /** Stops a peer if it runs and starts it anew from its disk, through whoever runs. */
  restart(number: number, options?: StartOptions): Promise<ChildPeer>
  /** Kills everything this launcher started, now and without waiting: for the last moment of a process. */
  killAllNow(): void
  /** Lets go of every peer: they run on without us. */
  release(): void
  /** A peer this launcher started and that listens. */
  child(number: number): ChildPeer | undefined
}

/** What a launcher needs to know. */
export interface LauncherOptions {
  /** The community's folder. */
  readonly directory: string
  /** The program that is one peer; see `peer-entry.ts`. */
  readonly entry: string
}

/** Makes a launcher. Nothing starts yet. */
export function createLauncher({ directory, entry }: LauncherOptions): Launcher {
  const starting = new Map<number, StartingPeer>()
  const children = new Map<number, ChildPeer>()
  let isClosing = false

  async function start(number: number, options: StartOptions = {}): Promise<ChildPeer> {
    if (isClosing) throw new OperationError('everything is being stopped', 'did-not-happen')
    const peer = localPeer(directory, number)
    if (!existsSync(peer.dataDirectory)) throw new OperationError(`there is no ${peer.folder} here`, 'did-not-happen')
    const process = startChild(entry, peer, options)
    starting.set(number, process)
    const child = await process.listening
    children.set(number, child)
    return child
  }

  async function kill(number: number, signal: NodeJS.Signals = 'SIGKILL'): Promise<void> {
    const process = starting.get(number)
    if (process?.signal(signal) === true && signal === 'SIGKILL') await process.exited
  }

  async function stop(number: number): Promise<void> {
    const process = starting.get(number)
    if (process === undefined || !process.running) return
    await askToStop(process.peer.dataDirectory)
    if (await endedWithin(process, PATIENCE_MS)) return
    process.signal('SIGTERM')
    if (await endedWithin(process, PATIENCE_MS)) return
    process.signal('SIGKILL')
    await process.exited
  }

  return {
    start,
    async startAll(numbers, options = {}) {
      const [first, ...others] = numbers
      if (first === undefined) return []
      const door = await start(first, options)
      const through = { ...options, join: door.addresses }
      return [door, ...(await Promise.all(others.map((number) => start(number, through))))]
    },
    kill,
    stop,
    async stopAll() {
      isClosing = true
      await Promise.all([...starting.keys()].map(stop))
    },
    async restart(number, options = {}) {
      await stop(number)
      return start(number, { ...options, join: await addressesOfRunning(directory, number) })
    },
    killAllNow() {
      isClosing = true
      for (const process of starting.values()) process.signal('SIGKILL')
    },
    release() {
      for (const child of children.values()) child.release()
    },
    child: (number) => children.get(number)
  }
}

/** Where other running peers of a community listen: a few of them, never the one asked about. */
export async function addressesOfRunning(directory: string, except?: number): Promise<string[]> {
  const running = await runningPeers(directory)
  return running
    .filter((peer) => peer.number !== except)
    .flatMap((peer) => readAddresses(peer).slice(0, 1))
    .slice(0, JOIN_THROUGH_MAX)
}

/** The peers of a community's folder that run, whoever started them. */
export async function runningPeers(directory: string): Promise<LocalPeer[]> {
  const peers = localPeers(directory)
  const found = await Promise.all(peers.map((peer) => findPeerProcess(peer.dataDirectory)))
  return peers.filter((_, index) => found[index] !== undefined)
}

function readAddresses(peer: LocalPeer): string[] {
  try {
    const text = readFileSync(join(peer.dataDirectory, ADDRESS_FILE), 'utf8')
    return text.split('\n').filter((line) => line.startsWith('/'))
  } catch {
    return []
  }
}

async function endedWithin(process: StartingPeer, withinMs: number): Promise<boolean> {
  let timer: NodeJS.Timeout | undefined
  const tooLate = new Promise<false>((resolve) => {
    timer = setTimeout(() => resolve(false), withinMs)
  })
  const ended = await Promise.race([process.exited.then(() => true as const), tooLate])
  clearTimeout(timer)
  return ended
}
