/**
 * Once a second: what was refused or dropped since the last look, and who has come into or left the gossip mesh.
 *
 * A flood is told as one line a second and reason, with a count, so that it floods neither the journal nor a screen.
 *
 * @packageDocumentation
 */

import type { TraceFact } from '../consensus/trace.ts'
import { type PeerIdString, short } from '../core/ids.ts'
import type { Cancel, Clock } from './clock.ts'

/** Time between two looks. Unit: milliseconds. */
const PULSE_MS = 1_000

/**
 * Counters that count no refused or dropped message: some have a fact of their own, and what gossip rejects is counted
 * again by the reason.
 */
const NO_DROPS: ReadonlySet<string> = new Set([
  'accused',
  'muted-decision',
  'exchange-failed',
  'gossip-published',
  'gossip-accepted',
  'gossip-ignored',
  'gossip-rejected',
  'strikes',
  'struck-out',
  'dial-failed',
  'mute-links',
  'exchanges-completed',
  'exchanges-failed'
])

/** What is looked at. */
export interface PulseOptions {
  readonly clock: Clock
  readonly counters: () => Readonly<Record<string, number>>
  readonly mesh: () => readonly PeerIdString[]
  readonly trace: (fact: TraceFact) => void
}

/** Looks once a second. */
export class Pulse {
  readonly #options: PulseOptions
  #told = new Map<string, number>()
  #mesh = new Set<PeerIdString>()
  #cancel: Cancel

  constructor(options: PulseOptions) {
    this.#options = options
    this.#cancel = this.#arm()
  }

  stop(): void {
    this.#cancel()
  }

  #arm(): Cancel {
    return this.#options.clock.after(PULSE_MS, () => {
      this.#cancel = this.#arm()
      this.#tellDrops()
      this.#tellMesh()
    })
  }

  #tellDrops(): void {
    for (const [reason, total] of Object.entries(this.#options.counters())) {
      const count = total - (this.#told.get(reason) ?? 0)
      if (count <= 0 || NO_DROPS.has(reason)) continue
      this.#told.set(reason, total)
      this.#options.trace({ type: 'dropped', reason, count })
    }
  }

  /** Each change with the size of the mesh after it. */
  #tellMesh(): void {
    const now = new Set(this.#options.mesh())
    for (const peer of [...this.#mesh]) {
      if (!now.has(peer)) this.#tellMember(peer, () => this.#mesh.delete(peer))
    }
    for (const peer of now) if (!this.#mesh.has(peer)) this.#tellMember(peer, () => this.#mesh.add(peer))
  }

  #tellMember(peer: PeerIdString, change: () => void): void {
    change()
    this.#options.trace({ type: 'meshed', to: short(peer), mesh: this.#mesh.size })
  }
}
