/**
 * One thing on disk after another, in the order it was asked for.
 *
 * @packageDocumentation
 */

/** Runs jobs one after the other. The first that fails is fatal, and nothing runs after it. */
export class Ledger {
  readonly #onFatal: (error: unknown) => void
  #last: Promise<void> = Promise.resolve()
  #failed = false

  constructor(onFatal: (error: unknown) => void) {
    this.#onFatal = onFatal
  }

  /** Runs a job when all earlier ones are done. */
  write(job: () => Promise<void>): void {
    this.#last = this.#last.then(async () => {
      if (this.#failed) return
      try {
        await job()
      } catch (error) {
        this.#failed = true
        this.#onFatal(error)
      }
    })
  }

  /** Resolves when everything asked for so far is done (or will never be). */
  written(): Promise<void> {
    return this.#last
  }
}
