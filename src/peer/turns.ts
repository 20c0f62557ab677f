/**
 * Everything that happens to a peer is worked off in *turns*: what came together is answered together.
 *
 * @packageDocumentation
 */

import type { Clock } from './clock.ts'
import type { Session } from './session.ts'

/** What is needed. */
export interface TurnsOptions {
  readonly clock: Clock
  /** Called at the end of a turn, for each decision that was touched in it. */
  readonly settle: (session: Session) => void
  readonly onFatal: (error: unknown) => void
}

/** An inbox that is emptied at the end of the event loop's round. */
export class Turns {
  readonly #options: TurnsOptions
  #inbox: (() => void)[] = []
  #touched = new Set<Session>()
  #isInTurn = false
  #stopped = false

  constructor(options: TurnsOptions) {
    this.#options = options
  }

  /** Runs this in the next turn. */
  later(run: () => void): void {
    if (this.#inbox.length === 0) this.#options.clock.soon(() => this.#turn())
    this.#inbox.push(run)
  }

  /** Looks at this decision when the turn is over. */
  touch(session: Session): void {
    this.#touched.add(session)
    if (!this.#isInTurn) this.later(() => undefined)
  }

  /** Works nothing off any more. */
  stop(): void {
    this.#stopped = true
  }

  #turn(): void {
    if (this.#stopped) return
    const inbox = this.#inbox
    this.#inbox = []
    this.#isInTurn = true
    try {
      for (const run of inbox) run()
      const touched = this.#touched
      this.#touched = new Set()
      for (const session of touched) this.#options.settle(session)
    } catch (error) {
      this.#options.onFatal(error)
    } finally {
      this.#isInTurn = false
    }
  }
}
