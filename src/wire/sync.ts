/**
 * The messages of the digest exchange: what I have, then everything you lack.
 *
 * Each side sends one digest, then as many messages as it takes with frames and certificates, then ends its stream. Frames
 * are carried as their authors signed them, and certificates prove themselves, so a relay can withhold but not forge.
 * `decision/delivery.ts` says what is kept and what is lacking.
 *
 * @packageDocumentation
 */

import { bytesEqual, concatBytes, fromHex, toHex, utf8 } from '../core/bytes.ts'
import { invariant } from '../core/errors.ts'
import type { CommunityId, DecisionId } from '../core/ids.ts'
import { DIGEST_ID_DIGITS } from '../decision/delivery.ts'
import { hashBytes, hashOfBytes, wire } from './codec.ts'
import { LIMITS } from './limits.ts'
import * as messages from './messages.ts'
import { type Attempt, attempt, decoded, expecting } from './refusal.ts'

const DIGEST_ID_SIZE_BYTES = DIGEST_ID_DIGITS / 2

/** What one side has. Ids are cut to their first `DIGEST_ID_DIGITS` hexadecimal digits. */
export interface SyncDigest {
  readonly community: CommunityId
  readonly open: readonly { readonly decision: DecisionId; readonly have: readonly string[] }[]
  readonly closed: readonly string[]
  /** Presence sequence numbers in roster order, 0 for none. */
  readonly presence: readonly number[]
}

/** One message of the exchange. */
export interface SyncMessage {
  readonly digest?: SyncDigest
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
    frames: message.frames.map(wire),
    certificates: message.certificates.map((certificate) => wire(utf8(certificate)))
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
      frames: fields.frames,
      certificates: fields.certificates.map(textOf)
    }
    expecting(bytesEqual(bytes, encodeSync(message)), 'the message is not in its one form')
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
    open: cutOpen(digest.open).map(({ decision, have }) => ({ decision: hashBytes(decision), have: joinIds(have) })),
    closed: joinIds(digest.closed.slice(-LIMITS.closedInDigestMax)),
    presence: [...digest.presence]
  }
}

function cutOpen(open: SyncDigest['open']): SyncDigest['open'] {
  let room: number = LIMITS.framesInDigestMax
  return open.slice(0, LIMITS.openInDigestMax).map(({ decision, have }) => {
    const kept = have.slice(0, room)
    room -= kept.length
    return { decision, have: kept }
  })
}

function readDigest(fields: messages.SyncDigest): SyncDigest {
  expecting(fields.presence.every(Number.isSafeInteger), 'a presence number is too high')
  return {
    community: hashOfBytes(fields.community, 'the community') as CommunityId,
    open: fields.open.map(({ decision, have }) => ({
      decision: hashOfBytes(decision, 'a decision') as DecisionId,
      have: splitIds(have, LIMITS.framesInDigestMax)
    })),
    closed: splitIds(fields.closed, LIMITS.closedInDigestMax),
    presence: fields.presence
  }
}

function joinIds(ids: readonly string[]): Uint8Array<ArrayBuffer> {
  const parts = ids.map((id) => fromHex(id))
  invariant(
    parts.every((part) => part?.length === DIGEST_ID_SIZE_BYTES),
    `ids in a digest are ${DIGEST_ID_DIGITS} hexadecimal digits`
  )
  return wire(concatBytes(...(parts as Uint8Array[])))
}

function splitIds(bytes: Uint8Array, countMax: number): string[] {
  expecting(bytes.length % DIGEST_ID_SIZE_BYTES === 0, 'an id in a digest is cut off')
  const count = bytes.length / DIGEST_ID_SIZE_BYTES
  expecting(count <= countMax, 'a digest names too many ids')
  return Array.from({ length: count }, (_, index) =>
    toHex(bytes.subarray(index * DIGEST_ID_SIZE_BYTES, (index + 1) * DIGEST_ID_SIZE_BYTES))
  )
}

/** UTF-8 as text. Replacing what is not UTF-8 would make it three times as long, more than a message of ours may have. */
function textOf(bytes: Uint8Array): string {
  return decoded(() => new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes), 'a certificate')
}
