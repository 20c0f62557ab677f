/**
 * One thing on disk after another, in the order it was asked for.
 *
 * @packageDocumentation
 */

/** Runs jobs one after the other. The first that fails is fatal, and nothing runs after it. */
export class Ledger {
  readonly #onFatal: (error: unknown) => void
  #last: Promise<void> = Promise.resolve()
  #failure: { readonly error: unknown } | undefined
  #isEnding = false

  constructor(onFatal: (error: unknown) => void) {
    this.#onFatal = onFatal
  }

  /** Runs a job when all earlier ones are done. */
  write(job: () => Promise<void>): void {
    this.#last = this.#last.then(async () => {
      if (this.#failure !== undefined) return
      try {
        await job()
      } catch (error) {
        this.#failure = { error }
        if (!this.#isEnding) this.#onFatal(error)
      }
    })
  }

  /** Resolves when everything asked for so far is done. Throws what a job threw, if it will never be. */
  async written(): Promise<void> {
    await this.#last
    if (this.#failure !== undefined) throw this.#failure.error
  }

  /** Resolves when nothing runs any more. What fails from now on is not fatal, because the peer ends anyway. */
  end(): Promise<void> {
    this.#isEnding = true
    return this.#last
  }
}
