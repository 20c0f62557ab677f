/**
 * Everything that members were seen to have signed, read from the stores of peers that had just been killed.
 *
 * A store holds the frames of open decisions: those its peer was about to send, and those it took in from others. Whoever
 * fills one slot with two values, in any two of these frames, before and after whatever happened in between, has voted
 * twice. The store is copied first and the copy is opened, so that looking leaves no trace.
 */

import { cp, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { short } from '../../src/core/ids.ts'
import { slotOf, slotValueOf } from '../../src/decision/evidence.ts'
import type { Roster } from '../../src/decision/roster.ts'
import { openStore, type StoredInput, storeDirectory } from '../../src/storage/store.ts'
import { decodeEnvelope } from '../../src/wire/envelope.ts'

/** What was read so far. */
export class Statements {
  readonly #roster: Roster
  /** By decision, author and slot: what was said there, and by whose store. */
  readonly #said = new Map<string, { readonly value: string; readonly holder: string }>()
  readonly #contradictions: string[] = []
  readonly #damages: string[] = []
  #storeCount = 0
  #statementCount = 0

  constructor(roster: Roster) {
    this.#roster = roster
  }

  /** Stores that were read. */
  get storeCount(): number {
    return this.#storeCount
  }

  /** Words that were compared. */
  get statementCount(): number {
    return this.#statementCount
  }

  /** In words, each slot that was filled twice. */
  get contradictions(): readonly string[] {
    return this.#contradictions
  }

  /** In words, each store in which a record was not what was written: a kill may lose records, and never spoil one. */
  get damages(): readonly string[] {
    return this.#damages
  }

  /** Every decision is over: what was said about them is no longer in any store. */
  forget(): void {
    this.#said.clear()
  }

  /** Reads the store of a peer that does not run. */
  async read(dataDirectory: string, holder: string): Promise<void> {
    const copy = await mkdtemp(join(tmpdir(), 'equipotent-soak-store-'))
    try {
      await cp(storeDirectory(dataDirectory), storeDirectory(copy), { recursive: true })
      await this.#readCopy(copy, holder)
    } finally {
      await rm(copy, { recursive: true, force: true })
    }
  }

  async #readCopy(copy: string, holder: string): Promise<void> {
    const store = await openStore(copy)
    try {
      this.#storeCount += 1
      for (const { records } of await store.openDecisions()) for (const record of records) this.#note(record, holder)
      if (store.damaged.length > 0) this.#damages.push(`${holder}: ${store.damaged.slice(0, 3).join(', ')}`)
    } finally {
      await store.close()
    }
  }

  #note(record: StoredInput, holder: string): void {
    if (record.type !== 'frame' && record.type !== 'said') return
    const decoded = decodeEnvelope(record.frame, this.#roster)
    if (!decoded.ok || decoded.envelope.payload.type !== 'words') return
    const { author, decision = '', payload } = decoded.envelope
    for (const word of payload.words) {
      const slot = slotOf(word)
      if (slot === undefined) continue
      this.#statementCount += 1
      this.#compare(`${decision}/${author}/${slot}`, slotValueOf(word), holder)
    }
  }

  #compare(slot: string, value: string, holder: string): void {
    const earlier = this.#said.get(slot)
    if (earlier === undefined) this.#said.set(slot, { value, holder })
    else if (earlier.value !== value) {
      const [decision = '', author = '', ...rest] = slot.split('/')
      this.#contradictions.push(
        `decision ${short(decision)}: member ${short(author)} said ${earlier.value} and ${value} in ${rest.join('/')} ` +
          `(stores of ${earlier.holder} and ${holder})`
      )
    }
  }
}
