/**
 * Ready-made networks for the consensus tests: text as values, a toy hash, and a coin that nobody can know ahead.
 */

import {
  type AgreementMessage,
  type BinaryAgreement,
  type Bit,
  type BroadcastMessage,
  type Coin,
  type CommonSubset,
  createBinaryAgreement,
  createCommonSubset,
  createReliableBroadcast,
  type ReliableBroadcast,
  type Repair,
  type Subset,
  type SubsetMessage,
  scheduledCoin
} from '../../src/consensus/index.ts'
import type { Epoch, Hash, NodeId } from '../../src/core/ids.ts'
import { Crank, type Distort } from './crank.ts'

/** A hash good enough for tests: FNV-1a with a final mix, 32 bits. */
export function toyHash(bytes: Uint8Array): Uint8Array {
  let hash = 0x811c9dc5
  for (const byte of bytes) hash = Math.imul(hash ^ byte, 0x01000193)
  hash ^= hash >>> 15
  hash = Math.imul(hash, 0x2c1b3c6d)
  hash ^= hash >>> 12
  return Uint8Array.of(hash >>> 24, hash >>> 16, hash >>> 8, hash)
}

/** The hash of a text: the text, marked, so that a test can read it. */
export const hashOfText = (text: string): Hash => `#${text}` as Hash

/** The coin the product uses. */
export const productCoin = (instance: NodeId | string): Coin => scheduledCoin(`test/${instance}`, toyHash)

/** Who is missing and who lies. */
export interface Cast<Message> {
  readonly silent?: readonly NodeId[]
  readonly liars?: ReadonlyMap<NodeId, Distort<Message>>
}

/** A broadcast by `broadcaster`. */
export function broadcastCrank(
  validatorCount: number,
  broadcaster: NodeId,
  cast: Cast<BroadcastMessage<string>> = {}
): Crank<string, BroadcastMessage<string>, string, ReliableBroadcast<string>> {
  return new Crank({
    validatorCount,
    machineOf: (self: NodeId) =>
      cast.silent?.includes(self)
        ? undefined
        : createReliableBroadcast({ self, validatorCount, broadcaster, hashOf: hashOfText }),
    distort: cast.liars ?? new Map()
  })
}

/** An agreement. */
export function agreementCrank(
  validatorCount: number,
  cast: Cast<AgreementMessage> & { readonly coin?: Coin; readonly repair?: Repair } = {}
): Crank<Bit, AgreementMessage, Bit, BinaryAgreement> {
  const coin = cast.coin ?? productCoin('agreement')
  return new Crank({
    validatorCount,
    machineOf: (self: NodeId) =>
      cast.silent?.includes(self)
        ? undefined
        : createBinaryAgreement({ self, validatorCount, coin, repair: cast.repair ?? 'union' }),
    distort: cast.liars ?? new Map()
  })
}

/** A common subset. */
export function subsetCrank(
  validatorCount: number,
  cast: Cast<SubsetMessage<string>> = {}
): Crank<string, SubsetMessage<string>, Subset<string>, CommonSubset<string>> {
  return new Crank({
    validatorCount,
    machineOf: (self: NodeId) =>
      cast.silent?.includes(self)
        ? undefined
        : createCommonSubset({ self, validatorCount, hashOf: hashOfText, coinOf: productCoin }),
    distort: cast.liars ?? new Map()
  })
}

/**
 * What a host does about `missing`: some correct validator has echoed the value that won, so it has the author's signed
 * INIT and hands it over. A lying author may have told everybody else other values.
 */
export function fetchMissing(crank: ReturnType<typeof broadcastCrank>, author: NodeId): void {
  for (const node of crank.correct) {
    const hash = crank.machines.get(node)?.missing
    if (hash !== undefined) crank.inject(author, node, { type: 'init', value: hash.slice(1) })
  }
}

/** The same for every instance of a common subset. */
export function fetchMissingValues(crank: ReturnType<typeof subsetCrank>): void {
  for (const node of crank.correct) {
    for (const [instance, hash] of crank.machines.get(node)?.missing ?? []) {
      crank.inject(instance, node, { type: 'init', value: hash.slice(1), instance })
    }
  }
}

/** A coin of which a scheduler learns an epoch's bit only after a validator has looked at it. */
export interface SecretCoin {
  readonly coin: Coin
  /** The bit of an epoch. Throws if nobody has looked yet: a scheduler that asks is cheating. */
  readonly revealed: (epoch: Epoch) => Bit
}

/** A coin whose bits come from `toss`, and are known to nobody before they are used. */
export function secretCoin(toss: () => Bit): SecretCoin {
  const bits = new Map<Epoch, Bit>()
  const coin: Coin = (epoch) => {
    const bit = bits.get(epoch) ?? toss()
    bits.set(epoch, bit)
    return bit
  }
  const revealed = (epoch: Epoch): Bit => {
    const bit = bits.get(epoch)
    if (bit === undefined) throw new Error(`nobody has looked at the coin of epoch ${epoch}`)
    return bit
  }
  return { coin, revealed }
}
