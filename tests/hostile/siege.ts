/** One attack under way: its targets, its bounds, and what it got done. */

/** What an attack may do. */
export interface Bounds {
  /** Multiaddrs on 127.0.0.1, attacked in turn. */
  readonly targets: readonly string[]
  /** Time it lasts. */
  readonly forMs: number
  /** Calls a second at most. */
  readonly callsPerSecond: number
  /** Bytes a second at most, over all connections. */
  readonly bytesPerSecond: number
  /** Connections held at once at most. */
  readonly heldMax: number
  /** Attackers at work at once, each under a name of its own. Default: one. */
  readonly atOnce?: number
  /** The community's gossip topic; anybody can learn it. */
  readonly topic: string
}

/** What an attack got done. */
export interface Tally {
  calls: number
  /** Calls that were answered with a connection. */
  connections: number
  /** Calls that were refused or ended before they were of use. */
  refused: number
  bytes: number
  /** Streams opened or tried. */
  streams: number
}

/** The running attack. */
export class Siege {
  readonly bounds: Bounds
  readonly tally: Tally = { calls: 0, connections: 0, refused: 0, bytes: 0, streams: 0 }
  readonly #begunAt = performance.now()
  #callsGranted = 0

  constructor(bounds: Bounds) {
    this.bounds = bounds
  }

  get goesOn(): boolean {
    return this.#elapsedMs < this.bounds.forMs
  }

  get leftMs(): number {
    return Math.max(0, this.bounds.forMs - this.#elapsedMs)
  }

  /** Waits for the next call's turn and answers whom to call. */
  async nextTarget(): Promise<string> {
    const dueMs = (this.#callsGranted / this.bounds.callsPerSecond) * 1_000
    this.#callsGranted = Math.max(this.#callsGranted + 1, (this.#elapsedMs / 1_000) * this.bounds.callsPerSecond)
    await pause(dueMs - this.#elapsedMs)
    const { targets } = this.bounds
    return targets[this.tally.calls++ % targets.length] as string
  }

  /** Notes what was sent, and waits if that was faster than allowed. */
  async sent(sizeBytes: number): Promise<void> {
    this.tally.bytes += sizeBytes
    await pause((this.tally.bytes / this.bounds.bytesPerSecond) * 1_000 - this.#elapsedMs)
  }

  get #elapsedMs(): number {
    return performance.now() - this.#begunAt
  }
}

export const pause = (forMs: number): Promise<void> =>
  forMs < 1 ? Promise.resolve() : new Promise((resolve) => setTimeout(resolve, forMs))
