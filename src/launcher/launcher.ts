/**
 * Starts, kills, restarts and stops peers on this machine. It owns their process ids and nothing else.
 *
 * It is no coordinator: it tells a peer where to find others, for a partition whom to refuse, and never what to say. Peers
 * live in sessions of their own, write to files and not to pipes, and outlast it. The first peer starts first and the others
 * join through it; once the others have found one another, the first is a peer like any other.
 *
 * @packageDocumentation
 */

import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { OperationError } from '../core/errors.ts'
import { type ChildPeer, type StartingPeer, type StartOptions, startChild } from './child-peer.ts'
import { type LocalPeer, localPeer, localPeers } from './community.ts'
import { peerIdIn } from './orders.ts'
import { Partition } from './partition.ts'
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
  /** SIGSTOP: the process stands still, its connections stay open. False if it does not run. */
  pause(number: number): boolean
  /** SIGCONT. */
  resume(number: number): boolean
  /**
   * Partition: peers of different groups refuse each other, instead of any partition before; a peer in no group refuses
   * nobody. Resolves when every peer that runs has carried it out, or kept us waiting for seconds; a paused one carries it out
   * when it goes on, and one that is started later as soon as it listens. It ends with `heal`, or with this process.
   */
  cut(groups: readonly (readonly number[])[]): Promise<void>
  /** Ends the partition. */
  heal(): Promise<void>
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
export function createLauncher(options: LauncherOptions): Launcher {
  return new LocalLauncher(options)
}

class LocalLauncher implements Launcher {
  readonly #options: LauncherOptions
  readonly #starting = new Map<number, StartingPeer>()
  readonly #children = new Map<number, ChildPeer>()
  readonly #paused = new Set<number>()
  readonly #partition = new Partition()
  #isClosing = false

  constructor(options: LauncherOptions) {
    this.#options = options
  }

  async start(number: number, options: StartOptions = {}): Promise<ChildPeer> {
    const { directory, entry } = this.#options
    if (this.#isClosing) throw new OperationError('everything is being stopped', 'did-not-happen')
    const peer = localPeer(directory, number)
    if (!existsSync(peer.dataDirectory)) throw new OperationError(`there is no ${peer.folder} here`, 'did-not-happen')
    const process = startChild(entry, peer, options)
    this.#starting.set(number, process)
    this.#paused.delete(number)
    if (this.#partition.isInForce) void process.refuse(this.#partition.refusedBy(number))
    const child = await process.listening
    this.#children.set(number, child)
    const id = child.addresses.map(peerIdIn).find((found) => found !== undefined)
    // Its id was not known when the others were told whom to refuse.
    if (id !== undefined && this.#partition.learn(number, id) && this.#partition.isInForce) await this.#part()
    return child
  }

  async startAll(numbers: readonly number[], options: StartOptions = {}): Promise<readonly ChildPeer[]> {
    const [first, ...others] = numbers
    if (first === undefined) return []
    const door = await this.start(first, options)
    const through = { ...options, join: door.addresses }
    return [door, ...(await Promise.all(others.map((number) => this.start(number, through))))]
  }

  async kill(number: number, signal: NodeJS.Signals = 'SIGKILL'): Promise<void> {
    const process = this.#starting.get(number)
    if (process?.signal(signal) === true && signal === 'SIGKILL') await process.exited
  }

  async stop(number: number): Promise<void> {
    const process = this.#starting.get(number)
    if (process === undefined || !process.running) return
    // A process that stands still can neither be asked nor end by a signal that it handles.
    if (this.#paused.has(number)) this.resume(number)
    await askToStop(process.peer.dataDirectory)
    if (await endedWithin(process, PATIENCE_MS)) return
    process.signal('SIGTERM')
    if (await endedWithin(process, PATIENCE_MS)) return
    process.signal('SIGKILL')
    await process.exited
  }

  async stopAll(): Promise<void> {
    this.#isClosing = true
    await Promise.all([...this.#starting.keys()].map((number) => this.stop(number)))
  }

  async restart(number: number, options: StartOptions = {}): Promise<ChildPeer> {
    await this.stop(number)
    const join = await addressesOfRunning(this.#options.directory, number, this.#partition)
    return this.start(number, { ...options, join })
  }

  pause(number: number): boolean {
    const isPaused = this.#starting.get(number)?.signal('SIGSTOP') ?? false
    if (isPaused) this.#paused.add(number)
    return isPaused
  }

  resume(number: number): boolean {
    this.#paused.delete(number)
    return this.#starting.get(number)?.signal('SIGCONT') ?? false
  }

  cut(groups: readonly (readonly number[])[]): Promise<void> {
    this.#partition.set(groups)
    return this.#part()
  }

  heal(): Promise<void> {
    return this.cut([])
  }

  killAllNow(): void {
    this.#isClosing = true
    for (const process of this.#starting.values()) process.signal('SIGKILL')
  }

  release(): void {
    for (const child of this.#children.values()) child.release()
  }

  child(number: number): ChildPeer | undefined {
    return this.#children.get(number)
  }

  /** Tells every peer whom to refuse. */
  async #part(): Promise<void> {
    const told = [...this.#starting].map(async ([number, process]) => {
      const isDone = process.refuse(this.#partition.refusedBy(number))
      if (!this.#paused.has(number)) await isDone
    })
    await Promise.all(told)
  }
}

/**
 * Where other running peers of a community listen: a few of them, never the one asked about. In a partition a few of its own
 * side come first, then a few of the other, who refuse it until there is none.
 */
export async function addressesOfRunning(
  directory: string,
  except?: number,
  partition = new Partition()
): Promise<string[]> {
  const others = (await runningPeers(directory)).filter((peer) => peer.number !== except)
  const isApart = ({ number }: LocalPeer): boolean => except !== undefined && partition.isApart(number, except)
  const sides = [others.filter((peer) => !isApart(peer)), others.filter(isApart)]
  return sides.flatMap((side) => side.flatMap((peer) => readAddresses(peer).slice(0, 1)).slice(0, JOIN_THROUGH_MAX))
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
