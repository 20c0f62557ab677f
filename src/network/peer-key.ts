/**
 * One identity, two spellings: the libp2p peer id that connections speak of, and the raw Ed25519 key that rosters list.
 *
 * An Ed25519 peer id contains its public key, so that each can be had from the other without asking anybody.
 *
 * Source: libp2p specs, peer-ids: keys of up to 42 bytes are written into the id itself.
 *
 * @packageDocumentation
 */

import './runtime.ts'
import { publicKeyFromRaw } from '@libp2p/crypto/keys'
import type { PeerId } from '@libp2p/interface'
import { peerIdFromPublicKey, peerIdFromString } from '@libp2p/peer-id'
import { fromHex, toHex } from '../core/bytes.ts'
import { invariant } from '../core/errors.ts'
import type { PeerIdString } from '../core/ids.ts'
import type { PublicKey } from '../core/keys.ts'

/** Bytes of a raw Ed25519 public key. */
const KEY_SIZE_BYTES = 32

/** The peer id of whoever holds the private half of `key`. Throws InvariantError if `key` is not 64 hexadecimal digits. */
export function peerIdOf(key: PublicKey): PeerIdString {
  const raw = fromHex(key)
  invariant(raw?.length === KEY_SIZE_BYTES, 'a PublicKey is 64 hexadecimal digits')
  return nameOf(peerIdFromPublicKey(publicKeyFromRaw(raw)))
}

/** The key inside `peerId`, or `undefined` if that is no Ed25519 peer id: it may have come from anybody. */
export function keyOf(peerId: string): PublicKey | undefined {
  const parsed = parsePeerId(peerId)
  return parsed?.type === 'Ed25519' ? (toHex(parsed.publicKey.raw) as PublicKey) : undefined
}

/** libp2p's own object for `peerId`, or `undefined` if the text is no peer id. */
export function parsePeerId(peerId: string): PeerId | undefined {
  try {
    return peerIdFromString(peerId)
  } catch {
    return undefined
  }
}

/** The text of a libp2p peer id, as the rest of the program carries it. */
export const nameOf = (peer: PeerId): PeerIdString => peer.toString() as PeerIdString
