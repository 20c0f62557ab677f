/**
 * The coin of binary agreement: the same bit at every validator, for each epoch.
 *
 * That it is *common* carries safety: with coins tossed by each validator on its own, correct validators decided
 * differently in about 1 of 1,000 merely random schedules at 4 validators. That it is *unpredictable* would carry
 * termination against the strongest adversary, and the scheduled coin below is not: anyone can work it out ahead. So the
 * guarantee reads: agreement and validity always; termination with probability 1, unless one adversary controls both the
 * order of delivery on the whole network and a validator. A threshold-signature coin can take its place behind the same
 * type; see `tests/paper/patient-manipulator.spec.ts` for the difference.
 *
 * @packageDocumentation
 */

import { concatBytes, utf8 } from '../core/bytes.ts'
import type { Epoch } from '../core/ids.ts'
import type { Bit } from './message.ts'

/** The bit of an epoch. Pure: the same epoch gives the same bit, at every validator. */
export type Coin = (epoch: Epoch) => Bit

/** The first epochs: 1, because most ballots arrive and their agreements end on 1; then 0, for those that did not. */
const OPENING: readonly Bit[] = [1, 0]

/**
 * A coin that follows a schedule: epoch 0 gives 1, epoch 1 gives 0, then the low bit of hash(instance id, epoch).
 *
 * `hash` is handed in, because this folder depends on no package. `instanceId` must differ between instances.
 */
export function scheduledCoin(instanceId: Uint8Array | string, hash: (bytes: Uint8Array) => Uint8Array): Coin {
  const id = typeof instanceId === 'string' ? utf8(instanceId) : instanceId
  return (epoch) => OPENING[epoch] ?? lowBit(hash(concatBytes(id, bigEndian(epoch))))
}

/** The last bit of a hash. */
const lowBit = (digest: Uint8Array): Bit => ((digest.at(-1) ?? 0) & 1) as Bit

/** `epoch` in eight bytes, most significant first: every id is followed by the same length, so no two inputs collide. */
function bigEndian(epoch: Epoch): Uint8Array {
  const bytes = new Uint8Array(8)
  new DataView(bytes.buffer).setBigUint64(0, BigInt(epoch))
  return bytes
}
