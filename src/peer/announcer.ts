/**
 * Tells the community where this peer listens and whom it is connected to, whenever that changes.
 *
 * What it says is numbered, and a higher number replaces a lower one. The numbers are wall-clock time, so that those of a
 * restarted peer are higher than those of its earlier life. If the clock was set back in between they are not: then
 * the others still hold the old presence, it comes back in the digest exchange, and the next number is one above it.
 *
 * @packageDocumentation
 */

import type { NodeId } from '../core/ids.ts'
import type { PublicKey, Sign } from '../core/keys.ts'
import type { Roster } from '../decision/roster.ts'
import { encodeEnvelope } from '../wire/envelope.ts'
import { fittingAddresses } from '../wire/payload.ts'
import type { Cancel, Clock } from './clock.ts'
import type { PresenceTable } from './presence.ts'
import type { Standing } from './standing.ts'

/** Changes that come together are told together. Unit: milliseconds. */
const GATHER_MS = 250

/**
 * The least time between two tellings. Unit: milliseconds.
 *
 * When a community starts, everybody's links change all the time, and each telling costs every other member a message: the
 * pause grows with the community, so that all tellings together cost each member no more than six messages a second.
 */
function pauseMs(memberCount: number): number {
  return Math.max(1_000, memberCount * 150)
}

/** Told again this often without a change. Unit: milliseconds. */
const REFRESH_MS = 60_000

/** What is needed. */
export interface AnnouncerOptions {
  readonly self: NodeId
  readonly key: PublicKey
  readonly sign: Sign
  readonly roster: Roster
  readonly presence: PresenceTable
  readonly clock: Clock
  readonly publish: (frame: Uint8Array) => void
  readonly addresses: () => readonly string[]
  /** Members connected now. */
  readonly neighbours: () => readonly NodeId[]
  /** Which life of this peer speaks, and whether it only observes. */
  readonly standing: Pick<Standing, 'session' | 'life' | 'isObserving'>
}

/** Speaks about this peer itself. */
export class Announcer {
  readonly #options: AnnouncerOptions
  #cancel: Cancel | undefined
  #sequence = 0
  readonly #pauseMs: number
  #announcedAt = Number.NEGATIVE_INFINITY
  /** When the waiting announcement is due. */
  #armedFor = 0
  #stopped = false

  constructor(options: AnnouncerOptions) {
    this.#options = options
    this.#pauseMs = pauseMs(options.roster.members.length)
  }

  /** Something changed: tells it shortly. */
  changed(): void {
    this.#arm(Math.max(GATHER_MS, this.#announcedAt + this.#pauseMs - this.#options.clock.now()))
  }

  /** Tells it now. The answer is the sequence number of what was said. */
  announce(): number {
    if (this.#stopped) return this.#sequence
    this.#announcedAt = this.#options.clock.now()
    const { roster, key, sign, presence, self, publish, addresses, neighbours, standing } = this.#options
    this.#sequence = Math.max(this.#known() + 1, Date.now())
    const envelope = encodeEnvelope({
      roster,
      author: key,
      payload: {
        type: 'presence',
        sequence: this.#sequence,
        addresses: fittingAddresses(addresses()),
        neighbours: neighbours().toSorted((left, right) => left - right),
        session: standing.session,
        life: standing.life,
        observing: standing.isObserving
      },
      sign
    })
    presence.accept(self, envelope)
    publish(envelope.frame)
    this.#cancel?.()
    this.#cancel = undefined
    this.#arm(REFRESH_MS)
    return this.#sequence
  }

  /** Tells it anew if a presence of an earlier life of this peer is known that would stand for ever above all new ones. */
  catchUp(): void {
    if (this.#known() > Math.max(this.#sequence, Date.now())) this.changed()
  }

  stop(): void {
    this.#stopped = true
    this.#cancel?.()
  }

  /** The highest number known to be used, in this life or an earlier one. */
  #known(): number {
    const { presence, self } = this.#options
    return Math.max(this.#sequence, presence.sequences()[self] ?? 0)
  }

  #arm(afterMs: number): void {
    const at = this.#options.clock.now() + afterMs
    if (this.#stopped || (this.#cancel !== undefined && this.#armedFor <= at)) return
    this.#cancel?.()
    this.#armedFor = at
    this.#cancel = this.#options.clock.after(afterMs, () => {
      this.#cancel = undefined
      this.announce()
    })
  }
}
