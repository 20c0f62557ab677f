/**
 * Once a second: what was refused or dropped since the last look, who has come into or left the gossip mesh, and whether
 * this peer is cut off.
 *
 * A flood is told as one line a second and reason, with a count, so that it floods neither the journal nor a screen.
 *
 * @packageDocumentation
 */

import type { TraceFact } from '../consensus/trace.ts'
import { type PeerIdString, short } from '../core/ids.ts'
import type { Cancel, Clock } from './clock.ts'
import type { Reach } from './reach.ts'

/** Time between two looks. Unit: milliseconds. */
const PULSE_MS = 1_000

/** Looks in a row after which being cut off is worth telling. */
const LASTING_LOOKS = 5

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
  'exchanges-failed',
  'member-slowed',
  'outsiders-replaced',
  'refused-crossing',
  'refused-cut'
])

/** What is looked at. */
export interface PulseOptions {
  readonly clock: Clock
  readonly counters: () => Readonly<Record<string, number>>
  readonly mesh: () => readonly PeerIdString[]
  readonly reach: () => Reach
  readonly trace: (fact: TraceFact) => void
}

/** Looks once a second. */
export class Pulse {
  readonly #options: PulseOptions
  #told = new Map<string, number>()
  #mesh = new Set<PeerIdString>()
  #wasCutOff = false
  /** Looks in a row at which the peer was cut off, or was not, other than was last told. */
  #changedFor = 0
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
      this.#tellReach()
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

  /** Told when it has lasted: links come and go, and at its start every peer is alone. */
  #tellReach(): void {
    const reach = this.#options.reach()
    this.#changedFor = reach.cutOff === this.#wasCutOff ? 0 : this.#changedFor + 1
    if (this.#changedFor < LASTING_LOOKS) return
    this.#changedFor = 0
    this.#wasCutOff = reach.cutOff
    this.#options.trace({ type: 'reach', ...reach })
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
