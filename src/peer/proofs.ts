/**
 * Proofs in the digest exchange: a peer that was away when a liar was convicted hears of it from a neighbour.
 *
 * Each side says against which members it keeps proof. For every other one the neighbour sends one proof, in a frame of its
 * own, as gossip would have brought it. One is enough to convict, so what this costs is bounded by the number of liars.
 *
 * @packageDocumentation
 */

import { fromBitmap, toBitmap } from '../core/bytes.ts'
import type { NodeId } from '../core/ids.ts'
import type { PublicKey, Sign } from '../core/keys.ts'
import type { Roster } from '../decision/roster.ts'
import { decodeEnvelope, encodeEnvelope } from '../wire/envelope.ts'
import type { EvidenceShelf } from './evidence-shelf.ts'

/** What is needed. */
export interface ProofsOptions {
  readonly roster: Roster
  readonly key: PublicKey
  readonly sign: Sign
  readonly shelf: Pick<EvidenceShelf, 'accused' | 'proof'>
}

/** Proofs, as the exchange carries them. */
export class Proofs {
  readonly #options: ProofsOptions

  constructor(options: ProofsOptions) {
    this.#options = options
  }

  /** Against whom proof is kept here: a bitmap over the roster. */
  convicted(): Uint8Array {
    const { roster, shelf } = this.#options
    return toBitmap(shelf.accused, roster.members.length)
  }

  /** One proof against each member that the other side does not know as convicted. None if its bitmap is no good. */
  async lackedBy(theirs: Uint8Array | undefined): Promise<Uint8Array[]> {
    const { roster, shelf } = this.#options
    const known = theirs && fromBitmap(theirs, roster.members.length)
    const frames: Uint8Array[] = []
    for (const accused of known === undefined ? [] : shelf.accused) {
      if (known?.includes(accused) === false) frames.push(...(await this.#frameAbout(accused)))
    }
    return frames
  }

  async #frameAbout(accused: NodeId): Promise<Uint8Array[]> {
    const { roster, key, sign, shelf } = this.#options
    const pair = await shelf.proof(accused)
    const decoded = pair && decodeEnvelope(pair.first, roster)
    if (pair === undefined || decoded?.ok !== true || decoded.envelope.decision === undefined) return []
    const { decision } = decoded.envelope
    return [encodeEnvelope({ roster, author: key, decision, payload: { type: 'evidence', ...pair }, sign }).frame]
  }
}
