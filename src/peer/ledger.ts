/**
 * One thing on disk after another, in the order it was asked for.
 *
 * @packageDocumentation
 */

/** A busy peer has some dozens of jobs waiting, and a full disk must not fill the memory. */
const WAITING_JOBS_MAX = 1_000

/** Runs jobs one after the other. The first that fails is fatal, and nothing runs after it. */
export class Ledger {
  readonly #onFatal: (error: unknown) => void
  #last: Promise<void> = Promise.resolve()
  #failure: { readonly error: unknown } | undefined
  #isEnding = false
  #waitingCount = 0

  constructor(onFatal: (error: unknown) => void) {
    this.#onFatal = onFatal
  }

  /** True while so much waits for the disk that nothing more should be asked for. */
  get isBusy(): boolean {
    return this.#waitingCount > WAITING_JOBS_MAX
  }

  /** Runs a job when all earlier ones are done. */
  write(job: () => Promise<void>): void {
    this.#waitingCount += 1
    this.#last = this.#last.then(() => this.#run(job))
  }

  async #run(job: () => Promise<void>): Promise<void> {
    this.#waitingCount -= 1
    if (this.#failure !== undefined) return
    try {
      await job()
    } catch (error) {
      this.#failure = { error }
      if (!this.#isEnding) this.#onFatal(error)
    }
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
