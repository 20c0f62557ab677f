/** Decisions that are proposed all the time, by whoever happens to run. */

import { type Random, randomBelow } from '../../src/core/random.ts'
import type { ProposeParams } from '../../src/peer/control-protocol.ts'
import type { Rig } from './rig.ts'

/** Time between two proposals, at most. Unit: milliseconds. */
const GAP_MS_MAX = 900

/** Open decisions above which a peer is spared: a side that cannot decide would collect them without end. */
const OPEN_MAX = 12

const PLACES = ['lake', 'forest', 'city', 'hill']

/** Proposes, until stopped. */
export class Decisions {
  /** Decisions whose proposer said that it has proposed them: they may never be lost. */
  readonly answered = new Set<string>()
  /** Proposals that were not answered, because the peer was killed, paused or busy: they may be lost or not. */
  unansweredCount = 0
  readonly #rig: Rig
  readonly #random: Random
  #isRunning = false
  #loop: Promise<void> = Promise.resolve()

  constructor(rig: Rig, random: Random) {
    this.#rig = rig
    this.#random = random
  }

  /** Begins to propose. */
  begin(): void {
    this.#isRunning = true
    this.#loop = this.#run()
  }

  /** Ends it; resolves when nothing is being proposed any more. */
  async end(): Promise<void> {
    this.#isRunning = false
    await this.#loop
  }

  /** Has this peer propose. `onAsked` is called when it was asked and has not answered yet. Never rejects. */
  async propose(number: number, onAsked: () => void = () => undefined): Promise<void> {
    try {
      await this.#rig.ask(number, async (client) => {
        const answer = client.call('propose', this.#question())
        onAsked()
        this.answered.add((await answer).decision)
      })
    } catch {
      this.unansweredCount += 1
    }
  }

  async #run(): Promise<void> {
    while (this.#isRunning) {
      const { awake } = this.#rig
      const number = awake[randomBelow(this.#random, awake.length)]
      if (number !== undefined && (await this.#isIdleEnough(number))) await this.propose(number)
      await new Promise((resolve) => setTimeout(resolve, this.#random() * GAP_MS_MAX))
    }
  }

  async #isIdleEnough(number: number): Promise<boolean> {
    try {
      const { open } = await this.#rig.ask(number, (client) => client.call('status', {}))
      return open.length < OPEN_MAX
    } catch {
      return false
    }
  }

  #question(): ProposeParams {
    const options = PLACES.slice(0, 2 + randomBelow(this.#random, PLACES.length - 1))
    return { question: 'Where do we meet?', options, deadlineMs: 200 + randomBelow(this.#random, 1_300) }
  }
}
