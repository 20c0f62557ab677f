/**
 * Proofs against members, on disk: what convicts somebody outlives the decision it was about, and a restart.
 *
 * A few of each member are kept, the first ones, so that a liar can fill its own places and nobody else's. One proof is
 * enough to convict; more would only cost disk. They are named values of the store, `evidence-<member>-<place>`.
 *
 * @packageDocumentation
 */

import * as v from 'valibot'
import { fromHex, toHex } from '../core/bytes.ts'
import { everyNode, type NodeId } from '../core/ids.ts'
import type { Store } from '../storage/store.ts'
import type { Ledger } from './ledger.ts'

/** Proofs kept of one member. */
export const EVIDENCE_PER_MEMBER_MAX = 4

/** Two frames of one author that contradict each other. */
export interface FramePair {
  readonly first: Uint8Array
  readonly second: Uint8Array
}

/** What is needed. */
export interface EvidenceShelfOptions {
  readonly store: Store
  readonly ledger: Ledger
}

const Bytes = v.pipe(
  v.string(),
  v.transform((hex) => fromHex(hex)),
  v.instance(Uint8Array)
)
const StoredPair = v.object({ first: Bytes, second: Bytes })

/** Keeps proofs. */
export class EvidenceShelf {
  readonly #options: EvidenceShelfOptions
  /** The first free place of each member. */
  readonly #free = new Map<NodeId, number>()
  readonly #accused = new Set<NodeId>()

  constructor(options: EvidenceShelfOptions) {
    this.#options = options
  }

  /** What was kept in earlier lives. Damaged ones are left out, and their places stay taken. */
  async load(validatorCount: number): Promise<FramePair[]> {
    const kept: FramePair[] = []
    for (const accused of everyNode(validatorCount)) {
      for (let place = 0; place < EVIDENCE_PER_MEMBER_MAX; place++) {
        const text = await this.#options.store.get(nameOf(accused, place)).catch(() => '')
        if (text === undefined) break
        this.#free.set(accused, place + 1)
        const pairs = parse(text)
        if (pairs.length > 0) this.#accused.add(accused)
        kept.push(...pairs)
      }
    }
    return kept
  }

  /** Members against whom proof is kept. */
  get accused(): readonly NodeId[] {
    return [...this.#accused]
  }

  /** The first proof against a member that can be read. */
  async proof(accused: NodeId): Promise<FramePair | undefined> {
    for (let place = 0; place < (this.#free.get(accused) ?? 0); place++) {
      const text = await this.#options.store.get(nameOf(accused, place)).catch(() => '')
      const [pair] = parse(text ?? '')
      if (pair !== undefined) return pair
    }
    return undefined
  }

  /** Keeps a proof, if there is a place for it. */
  keep(accused: NodeId, { first, second }: FramePair): void {
    const { store, ledger } = this.#options
    const place = this.#free.get(accused) ?? 0
    if (place >= EVIDENCE_PER_MEMBER_MAX) return
    this.#free.set(accused, place + 1)
    this.#accused.add(accused)
    const text = JSON.stringify({ first: toHex(first), second: toHex(second) })
    ledger.write(() => store.put(nameOf(accused, place), text))
  }
}

const nameOf = (accused: NodeId, place: number): string => `evidence-${accused}-${place}`

function parse(text: string): FramePair[] {
  try {
    return [v.parse(StoredPair, JSON.parse(text))]
  } catch {
    return []
  }
}
