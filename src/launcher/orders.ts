/**
 * What the launcher and a peer that it started say to each other on the channel between them.
 *
 * The launcher may tell a peer whom to refuse, because a partition on one machine has to come from somewhere; the peer's own
 * connection gater carries it out, so that real connections really close. Nothing said here touches a decision. Both sides
 * look at every message before they believe it: a channel is open to whatever program stands at its other end.
 *
 * @packageDocumentation
 */

import type { PeerIdString } from '../core/ids.ts'
import { CHARTER_LIMITS } from '../decision/charter.ts'

/** What a peer says to whoever started it. */
export type LaunchMessage =
  | { readonly type: 'listening'; readonly addresses: readonly string[] }
  | { readonly type: 'failed'; readonly message: string }
  /** The order of this number has been carried out. */
  | { readonly type: 'done'; readonly order: number }

/** What a peer is told by whoever started it. */
export type LaunchOrder =
  /** Refuse these members and no others, until told otherwise. */
  | { readonly type: 'cut'; readonly order: number; readonly peers: readonly PeerIdString[] }
  /** Refuse nobody any more. */
  | { readonly type: 'heal'; readonly order: number }

/** Addresses of one peer that are believed at most; it has one for each network of the machine. */
const ADDRESSES_MAX = 64

/** Characters of the longest text in a message: an address, or the reason of a failure. */
const TEXT_LENGTH_MAX = 2_000

/** A peer id as libp2p writes one of an Ed25519 key. */
const PEER_ID = /^[1-9A-HJ-NP-Za-km-z]{40,64}$/

/** A message of a peer, or `undefined` if it is none. */
export function readLaunchMessage(message: unknown): LaunchMessage | undefined {
  if (!isRecord(message)) return undefined
  const { type, addresses, message: reason, order } = message
  if (type === 'listening' && isListOf(addresses, isText, ADDRESSES_MAX)) return { type, addresses }
  if (type === 'failed' && isText(reason)) return { type, message: reason }
  if (type === 'done' && isNumber(order)) return { type, order }
  return undefined
}

/** An order of a launcher, or `undefined` if it is none. */
export function readLaunchOrder(message: unknown): LaunchOrder | undefined {
  if (!isRecord(message) || !isNumber(message['order'])) return undefined
  const { type, order, peers } = message
  if (type === 'cut' && isListOf(peers, isPeerId, CHARTER_LIMITS.membersMax)) return { type, order, peers }
  if (type === 'heal') return { type, order }
  return undefined
}

/** The peer id at the end of an address, or `undefined` if there is none. */
export function peerIdIn(address: string): PeerIdString | undefined {
  const last = address.split('/').at(-1)
  return isPeerId(last) ? last : undefined
}

const isRecord = (value: unknown): value is Record<string, unknown> => typeof value === 'object' && value !== null
const isText = (value: unknown): value is string => typeof value === 'string' && value.length <= TEXT_LENGTH_MAX
const isNumber = (value: unknown): value is number => Number.isSafeInteger(value)
const isPeerId = (value: unknown): value is PeerIdString => typeof value === 'string' && PEER_ID.test(value)

function isListOf<Item>(
  value: unknown,
  isItem: (item: unknown) => item is Item,
  countMax: number
): value is readonly Item[] {
  return Array.isArray(value) && value.length <= countMax && value.every(isItem)
}
