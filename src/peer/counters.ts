/**
 * Counts of what was refused or dropped, by reason, for `status` and the journal.
 *
 * @packageDocumentation
 */

/** Counters by name. */
export class Counters {
  readonly #counts = new Map<string, number>()

  /** Counts one more. */
  add(name: string, count = 1): void {
    this.#counts.set(name, (this.#counts.get(name) ?? 0) + count)
  }

  /** Those above zero. */
  read(): Record<string, number> {
    return Object.fromEntries(this.#counts)
  }
}

/** The counts that are worth showing. */
export const aboveZero = (counts: Readonly<Record<string, number>>): Record<string, number> =>
  Object.fromEntries(Object.entries(counts).filter(([, count]) => count > 0))
