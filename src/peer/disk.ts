/**
 * What a peer does while its disk takes nothing: it reads on, says so, and promises nothing.
 *
 * Nothing is said that is not on disk, so a peer with a full disk falls silent by itself: the store holds its writes back
 * and goes on when there is room. Whoever waits for an answer of their own to be kept is told at once.
 *
 * @packageDocumentation
 */

import type { TraceFact } from '../consensus/trace.ts'
import { OperationError } from '../core/errors.ts'

/** Whether the disk takes what is written. */
export class Disk {
  #trouble: string | undefined
  #trace: (fact: TraceFact) => void = () => undefined
  #onWell: () => void = () => undefined
  #waiting = new Set<(error: OperationError) => void>()

  /** One sentence, or `undefined` if all is well. */
  get trouble(): string | undefined {
    return this.#trouble
  }

  /** Tells every change from now on, and calls `onWell` when the disk takes things again. */
  tellTo(trace: (fact: TraceFact) => void, onWell: () => void): void {
    this.#trace = trace
    this.#onWell = onWell
    if (this.#trouble !== undefined) trace({ type: 'disk', state: 'failing', reason: this.#trouble })
  }

  /** What the store is given to report to. */
  readonly onTrouble = (trouble: string | undefined): void => {
    if (trouble === this.#trouble) return
    this.#trouble = trouble
    this.#trace({ type: 'disk', state: trouble === undefined ? 'well' : 'failing', reason: trouble ?? '' })
    if (trouble === undefined) this.#onWell()
    else this.#tellWaiting(trouble)
  }

  #tellWaiting(trouble: string): void {
    for (const reject of this.#waiting) reject(waits(trouble))
    this.#waiting.clear()
  }

  /** Throws OperationError if the disk takes nothing now. */
  requireWell(): void {
    if (this.#trouble !== undefined) throw refused(this.#trouble)
  }

  /** Waits for something to be kept. Throws OperationError if the disk takes nothing, or as soon as it does not. */
  async kept(written: Promise<void>): Promise<void> {
    if (this.#trouble !== undefined) throw waits(this.#trouble)
    const { promise, reject } = Promise.withResolvers<never>()
    this.#waiting.add(reject)
    try {
      await Promise.race([written, promise])
    } finally {
      this.#waiting.delete(reject)
    }
  }
}

const refused = (trouble: string): OperationError =>
  new OperationError(`this peer votes again when its disk has room: ${trouble}`, 'did-not-happen')

const waits = (trouble: string): OperationError =>
  new OperationError(
    `this waits until the disk has room and is kept then, unless this peer stops: ${trouble}`,
    'unknown'
  )
