/**
 * The messages of the digest exchange: what I have, then everything you lack.
 *
 * Each side sends one digest; where the digests could not name everything and differ, an inventory; then as many messages as
 * it takes with frames and certificates; then one that carries nothing, which ends it. Frames are carried as their authors
 * signed them, and certificates prove themselves, so a relay can withhold but not forge. `decision/delivery.ts` says what is
 * kept and what is lacking.
 *
 * @packageDocumentation
 */

import { bytesEqual, concatBytes, fromBitmap, fromHex, toBitmap, toHex, utf8 } from '../core/bytes.ts'
import { invariant } from '../core/errors.ts'
import { type CommunityId, type DecisionId, type NodeId, nodeId } from '../core/ids.ts'
import {
  BUCKET_HASH_DIGITS,
  DIGEST_ID_DIGITS,
  type Inventory,
  type OpenDigest,
  SUMMARY_BUCKETS
} from '../decision/delivery.ts'
import { hashBytes, hashOfBytes, wire } from './codec.ts'
import { LIMITS } from './limits.ts'
import * as messages from './messages.ts'
import { type Attempt, attempt, decoded, expecting, refuse } from './refusal.ts'

const DIGEST_ID_SIZE_BYTES = DIGEST_ID_DIGITS / 2
const BUCKET_HASH_SIZE_BYTES = BUCKET_HASH_DIGITS / 2
const CONVICTED_SIZE_BYTES_MAX = Math.ceil(LIMITS.validatorsMax / 8)

/** What one side has. Ids are cut to their first `DIGEST_ID_DIGITS` hexadecimal digits. */
export interface SyncDigest {
  readonly community: CommunityId
  readonly open: readonly OpenDigest[]
  readonly closed: readonly string[]
  /** Presence sequence numbers in roster order, 0 for none. */
  readonly presence: readonly number[]
  /** A hash of each bucket of closed decisions; absent if `closed` names all. */
  readonly summary?: readonly string[]
  /** Bitmap of the members against whom this side keeps proof; absent if it does not say. */
  readonly convicted?: Uint8Array
}

/** One message of the exchange. */
export interface SyncMessage {
  readonly digest?: SyncDigest
  readonly inventory?: Inventory
  /** True in the last message of a side that had more to give. */
  readonly more?: boolean
  readonly frames: readonly Uint8Array[]
  /** Certificates as JSON. */
  readonly certificates: readonly string[]
}

const DECODE_LIMITS = {
  digest: {
    open: LIMITS.openInDigestMax,
    presence: LIMITS.validatorsMax
  },
  frames: LIMITS.syncFramesMax,
  certificates: LIMITS.syncCertificatesMax
}

/**
 * Writes one message. It is our own: `syncBatches` keeps what is to be sent within the limits.
 *
 * A digest that is too long is cut. Then the other side sends some of what is here already, and never less than it should.
 */
export function encodeSync(message: SyncMessage): Uint8Array {
  const bytes = messages.SyncMessage.encode({
    ...(message.digest === undefined ? {} : { digest: digestFields(message.digest) }),
    ...(message.inventory === undefined ? {} : { inventory: inventoryFields(message.inventory) }),
    frames: message.frames.map(wire),
    certificates: message.certificates.map((certificate) => wire(utf8(certificate))),
    more: message.more ?? false
  })
  invariant(bytes.length <= LIMITS.syncSizeBytesMax, 'a message of the digest exchange keeps its limit')
  return bytes
}

/** Reads one message. Never throws, whatever the bytes. */
export function decodeSync(received: Uint8Array): Attempt<SyncMessage> {
  return attempt(() => {
    expecting(received.length <= LIMITS.syncSizeBytesMax, 'the message is too large')
    const bytes = new Uint8Array(received)
    const fields = decoded(() => messages.SyncMessage.decode(bytes, { limits: DECODE_LIMITS }), 'the message')
    const fitting = (size: number, sizeMax: number): boolean => size > 0 && size <= sizeMax
    expecting(
      fields.frames.every(({ length }) => fitting(length, LIMITS.frameSizeBytesMax)),
      'a frame is too large'
    )
    expecting(
      fields.certificates.every(({ length }) => fitting(length, LIMITS.certificateSizeBytesMax)),
      'a certificate is too large'
    )
    const message: SyncMessage = {
      ...(fields.digest === undefined ? {} : { digest: readDigest(fields.digest) }),
      ...(fields.inventory === undefined ? {} : { inventory: readInventory(fields.inventory) }),
      ...(fields.more ? { more: true } : {}),
      frames: fields.frames,
      certificates: fields.certificates.map(textOf)
    }
    expecting(bytesEqual(bytes, messages.SyncMessage.encode(fields)), 'the message is not in its one form')
    return message
  })
}

/** Frames and certificates, in order, in as few messages as the limits allow. */
export function syncBatches(frames: readonly Uint8Array[], certificates: readonly string[]): SyncMessage[] {
  const frameBatches = batches(frames, LIMITS.syncFramesMax, (frame) => frame.length)
  const certificateBatches = batches(certificates, LIMITS.syncCertificatesMax, (text) => utf8(text).length)
  return [
    ...frameBatches.map((batch) => ({ frames: batch, certificates: [] })),
    ...certificateBatches.map((batch) => ({ frames: [], certificates: batch }))
  ]
}

/** Items in order, in lists of at most `countMax` that leave room for tags below the size limit. */
function batches<Item>(items: readonly Item[], countMax: number, sizeBytes: (item: Item) => number): Item[][] {
  const result: Item[][] = []
  let room = 0
  for (const item of items) {
    const size = sizeBytes(item) + LIMITS.itemOverheadSizeBytes
    const last = result.at(-1)
    if (last === undefined || last.length >= countMax || size > room) {
      result.push([item])
      room = LIMITS.syncSizeBytesMax - size
    } else {
      last.push(item)
      room -= size
    }
  }
  return result
}

function digestFields(digest: SyncDigest): messages.SyncDigest {
  return {
    community: hashBytes(digest.community),
    open: cutOpen(digest.open).map(({ decision, have, full = [] }) => ({
      decision: hashBytes(decision),
      have: joinIds(have),
      full: Uint8Array.from(full)
    })),
    closed: joinIds(digest.closed.slice(-LIMITS.closedInDigestMax)),
    presence: [...digest.presence],
    summary: joinIds(digest.summary ?? [], BUCKET_HASH_SIZE_BYTES),
    convicted: wire(digest.convicted ?? new Uint8Array(0))
  }
}

function inventoryFields({ buckets, closed }: Inventory): messages.SyncInventory {
  return { buckets: wire(toBitmap(buckets as readonly NodeId[], SUMMARY_BUCKETS)), closed: joinIds(closed) }
}

function readInventory({ buckets, closed }: messages.SyncInventory): Inventory {
  return {
    buckets: fromBitmap(buckets, SUMMARY_BUCKETS) ?? refuse('the buckets of an inventory do not fit'),
    closed: splitIds(closed, LIMITS.closedInInventoryMax)
  }
}

function cutOpen(open: SyncDigest['open']): SyncDigest['open'] {
  let room: number = LIMITS.framesInDigestMax
  return open.slice(0, LIMITS.openInDigestMax).map((entry) => {
    const have = entry.have.slice(0, room)
    room -= have.length
    return { ...entry, have }
  })
}

function readDigest(fields: messages.SyncDigest): SyncDigest {
  expecting(fields.presence.every(Number.isSafeInteger), 'a presence number is too high')
  expecting(fields.convicted.length <= CONVICTED_SIZE_BYTES_MAX, 'a bitmap is too long')
  return {
    community: hashOfBytes(fields.community, 'the community') as CommunityId,
    open: readOpen(fields.open),
    closed: splitIds(fields.closed, LIMITS.closedInDigestMax),
    presence: fields.presence,
    ...(fields.summary.length === 0 ? {} : { summary: readSummary(fields.summary) }),
    ...(fields.convicted.length === 0 ? {} : { convicted: fields.convicted })
  }
}

function readPositions(bytes: Uint8Array): NodeId[] {
  const positions = [...bytes]
  const areInOrder = positions.every((position, index) => index === 0 || position > (positions[index - 1] as number))
  expecting(
    areInOrder && (positions.at(-1) ?? 0) < LIMITS.validatorsMax,
    'members are not in order, or not on any roster'
  )
  return positions.map(nodeId)
}

function readOpen(open: readonly messages.OpenDigest[]): SyncDigest['open'] {
  const sizeBytes = open.reduce((sum, { have }) => sum + have.length, 0)
  expecting(sizeBytes <= LIMITS.framesInDigestMax * DIGEST_ID_SIZE_BYTES, 'a digest names too many ids')
  return open.map(({ decision, have, full }) => ({
    decision: hashOfBytes(decision, 'a decision') as DecisionId,
    have: splitIds(have, LIMITS.framesInDigestMax),
    ...(full.length === 0 ? {} : { full: readPositions(full) })
  }))
}

function readSummary(bytes: Uint8Array): string[] {
  expecting(bytes.length === SUMMARY_BUCKETS * BUCKET_HASH_SIZE_BYTES, 'a summary does not have its length')
  return splitIds(bytes, SUMMARY_BUCKETS, BUCKET_HASH_SIZE_BYTES)
}

function joinIds(ids: readonly string[], sizeBytes = DIGEST_ID_SIZE_BYTES): Uint8Array<ArrayBuffer> {
  const parts = ids.map((id) => fromHex(id))
  invariant(
    parts.every((part) => part?.length === sizeBytes),
    `ids in a digest are ${DIGEST_ID_DIGITS} hexadecimal digits, hashes of buckets ${BUCKET_HASH_DIGITS}`
  )
  return wire(concatBytes(...(parts as Uint8Array[])))
}

function splitIds(bytes: Uint8Array, countMax: number, sizeBytes = DIGEST_ID_SIZE_BYTES): string[] {
  expecting(bytes.length % sizeBytes === 0, 'an id in a digest is cut off')
  const count = bytes.length / sizeBytes
  expecting(count <= countMax, 'a digest names too many ids')
  return Array.from({ length: count }, (_, index) => toHex(bytes.subarray(index * sizeBytes, (index + 1) * sizeBytes)))
}

/** UTF-8 as text. Replacing what is not UTF-8 would make it three times as long, more than a message of ours may have. */
function textOf(bytes: Uint8Array): string {
  return decoded(() => new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes), 'a certificate')
}
