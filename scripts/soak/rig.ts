/**
 * The peers of a soak: real processes, each at an address of its own, killed and started again from their disks.
 *
 * A peer that ends although nobody ended it has found a bug of ours; the one exception is a crash point that was armed.
 */

import { createServer } from 'node:net'
import { type Random, randomBelow } from '../../src/core/random.ts'
import { safeText } from '../../src/core/text.ts'
import type { Community, LocalPeer } from '../../src/launcher/community.ts'
import { createLauncher, type Launcher } from '../../src/launcher/launcher.ts'
import { findPeerEntry } from '../../src/launcher/peer-entry.ts'
import { type ControlClient, connectControl } from '../../src/peer/control-client.ts'
import { CRASH_VARIABLE, type CrashPoint } from '../../src/storage/crash-points.ts'
import type { Statements } from './statements.ts'

/** Where a peer stands. */
type State = 'down' | 'starting' | 'up' | 'ending'

/** A crash point that a peer was started with. */
interface Armed {
  readonly at: CrashPoint
  readonly hit: number
}

interface Slot {
  readonly peer: LocalPeer
  readonly port: number
  state: State
  isPaused: boolean
  armed: Armed | undefined
  /** Counts its processes: what was begun for an earlier one is not done to a later one. */
  life: number
}

/** Ports below those that systems give to connections, so that nobody takes a peer's port while it is down. */
const PORTS = { from: 20_000, to: 31_000 } as const

/** How long a peer may take to answer; it may be paused, or starting with six others. Unit: milliseconds. */
const ANSWER_WITHIN_MS = 5_000

/** If the soak itself is killed: how long its peers stay when nothing is open. Unit: milliseconds. */
const LINGER_MS = 5_000

/** How long it may take until every peer runs, at worst all of them at once. Unit: milliseconds. */
const ALL_UP_WITHIN_MS = 60_000

/** Time between two looks at who runs. Unit: milliseconds. */
const LOOK_EVERY_MS = 50

/** The peers. Numbers are from 1. */
export class Rig {
  readonly numbers: readonly number[]
  readonly launcher: Launcher
  /** In words, every end of a process that nobody had ordered. */
  readonly unexpected: string[] = []
  /** How often each crash point ended a process. */
  readonly crashes = new Map<CrashPoint, number>()
  killCount = 0
  restartCount = 0
  readonly #slots: ReadonlyMap<number, Slot>
  readonly #statements: Statements
  readonly #inspecting = new Set<Promise<void>>()
  #isEnding = false

  private constructor(directory: string, slots: ReadonlyMap<number, Slot>, statements: Statements) {
    this.numbers = [...slots.keys()]
    this.launcher = createLauncher({ directory, entry: findPeerEntry() })
    this.#slots = slots
    this.#statements = statements
  }

  /** Gives each peer a port. Nothing starts yet. */
  static async create(directory: string, { peers }: Community, random: Random, statements: Statements): Promise<Rig> {
    const slots = new Map<number, Slot>()
    const ports = new Set<number>()
    for (const peer of peers) {
      const port = await freePort(random, ports)
      ports.add(port)
      slots.set(peer.number, { peer, port, state: 'down', isPaused: false, armed: undefined, life: 0 })
    }
    return new Rig(directory, slots, statements)
  }

  /** The first of these that runs, is not paused, and has no crash point armed. */
  firstFree(order: readonly number[]): number | undefined {
    return order.find((number) => this.isAwake(number) && this.#slot(number).armed === undefined)
  }

  /** True if this peer runs and is not paused. */
  isAwake(number: number): boolean {
    const { state, isPaused } = this.#slot(number)
    return state === 'up' && !isPaused
  }

  /** Peers that run and are not paused. */
  get awake(): readonly number[] {
    return this.numbers.filter((number) => this.isAwake(number))
  }

  /** Peers with a crash point that was not reached yet. */
  get armed(): readonly number[] {
    return this.numbers.filter((number) => this.#slot(number).armed !== undefined)
  }

  /** The name of the peer's folder. */
  folder(number: number): string {
    return this.#slot(number).peer.folder
  }

  /** The directory of a peer. */
  dataDirectory(number: number): string {
    return this.#slot(number).peer.dataDirectory
  }

  /** Asks a peer something. Throws if it does not run, does not answer in time, or refuses. */
  async ask<Answer>(number: number, question: (client: ControlClient) => Promise<Answer>): Promise<Answer> {
    const client = await connectControl(this.dataDirectory(number), { answerWithinMs: ANSWER_WITHIN_MS })
    try {
      return await question(client)
    } finally {
      client.close()
    }
  }

  /** Starts a peer that is down, from its disk, and waits until it listens. */
  async start(number: number, armed?: Armed): Promise<void> {
    const slot = this.#slot(number)
    if (slot.state !== 'down' || this.#isEnding) return
    Object.assign(slot, { state: 'starting', isPaused: false, armed, life: slot.life + 1 })
    const { life } = slot
    try {
      const child = await this.launcher.start(number, {
        vote: 'random',
        lingerMs: LINGER_MS,
        listen: [addressOf(slot)],
        join: [...this.#slots.values()].filter((other) => other !== slot).map(addressOf),
        ...(armed === undefined ? {} : { environment: { [CRASH_VARIABLE]: `${armed.at}:${armed.hit}` } })
      })
      if (slot.life === life) slot.state = 'up'
      void child.exited.then((how) => this.#onEnded(slot, life, how))
    } catch (error) {
      this.#onEnded(slot, life, (error as Error).message)
    }
  }

  /** SIGKILL. False if it does not run. Resolves when its store has been read. */
  async kill(number: number): Promise<boolean> {
    const slot = this.#slot(number)
    if (!isRunning(slot)) return false
    this.#markEnding(slot)
    await this.launcher.kill(number)
    this.killCount += 1
    await this.#inspect(slot)
    slot.state = 'down'
    return true
  }

  /** Stops a peer as a person would. False if it does not run. */
  async stop(number: number): Promise<boolean> {
    const slot = this.#slot(number)
    if (!isRunning(slot)) return false
    this.#markEnding(slot)
    await this.launcher.stop(number)
    this.restartCount += 1
    slot.state = 'down'
    return true
  }

  /** SIGSTOP. The answer resumes it, if it is still the same process. */
  pause(number: number): () => void {
    const slot = this.#slot(number)
    const { life } = slot
    slot.isPaused = this.launcher.pause(number)
    return () => {
      if (slot.life !== life || !slot.isPaused) return
      slot.isPaused = false
      this.launcher.resume(number)
    }
  }

  /** Resumes every peer that is paused. */
  resumeAll(): void {
    for (const number of this.numbers) {
      const slot = this.#slot(number)
      if (slot.isPaused) this.launcher.resume(number)
      slot.isPaused = false
    }
  }

  /** Starts whoever is down, and waits until everybody runs. False if that takes too long. */
  async startAll(): Promise<boolean> {
    const deadline = performance.now() + ALL_UP_WITHIN_MS
    while (this.awake.length < this.numbers.length && performance.now() < deadline && !this.#isEnding) {
      await Promise.all(this.numbers.map((number) => this.start(number)))
      await new Promise((resolve) => setTimeout(resolve, LOOK_EVERY_MS))
    }
    return this.awake.length === this.numbers.length
  }

  /** Stops every peer, and waits until every store that is being read has been. */
  async end(): Promise<void> {
    this.#isEnding = true
    for (const slot of this.#slots.values()) this.#markEnding(slot)
    await this.launcher.stopAll()
    await Promise.all(this.#inspecting)
  }

  #markEnding(slot: Slot): void {
    // A new number of life: what this process's end means is known already.
    Object.assign(slot, { state: 'ending', isPaused: false, armed: undefined, life: slot.life + 1 })
  }

  /** A process ended by itself, or could not start. */
  #onEnded(slot: Slot, life: number, how: string): void {
    if (slot.life !== life || this.#isEnding) return
    const { armed } = slot
    this.#markEnding(slot)
    if (armed === undefined || !how.includes('SIGKILL')) {
      this.unexpected.push(`${slot.peer.folder} ended by itself: ${safeText(how, 300)}`)
    } else {
      this.crashes.set(armed.at, (this.crashes.get(armed.at) ?? 0) + 1)
    }
    void this.#inspect(slot).then(() => {
      slot.state = 'down'
      return this.start(slot.peer.number)
    })
  }

  /** Reads what the dead peer left, before it is started again. */
  async #inspect(slot: Slot): Promise<void> {
    const { peer } = slot
    const reading = this.#statements.read(peer.dataDirectory, peer.folder).catch((error: unknown) => {
      this.unexpected.push(`the store of ${peer.folder} cannot be read: ${safeText((error as Error).message, 300)}`)
    })
    this.#inspecting.add(reading)
    await reading.finally(() => this.#inspecting.delete(reading))
  }

  #slot(number: number): Slot {
    return this.#slots.get(number) as Slot
  }
}

const isRunning = ({ state }: Slot): boolean => state === 'up' || state === 'starting'

const addressOf = ({ port }: Slot): string => `/ip4/127.0.0.1/tcp/${port}`

async function freePort(random: Random, taken: ReadonlySet<number>): Promise<number> {
  for (;;) {
    const port = PORTS.from + randomBelow(random, PORTS.to - PORTS.from)
    if (!taken.has(port) && (await canListen(port))) return port
  }
}

function canListen(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer()
    server.once('error', () => resolve(false))
    server.listen(port, '127.0.0.1', () => server.close(() => resolve(true)))
  })
}
