/**
 * How one thing is written into the store: with a hash that shows when it is no longer what was written.
 *
 * A disk, a copy or a careless hand can change bits that no database notices. Every record therefore begins with the first
 * 16 bytes of SHA-256 over its key and its value; a record moved to another key does not fit there either.
 *
 * @packageDocumentation
 */

import { createHash } from 'node:crypto'
import { bytesEqual, concatBytes, utf8 } from '../core/bytes.ts'
import type { Answer } from '../decision/ballot.ts'

/** Bytes of hash before the value. */
export const HASH_SIZE_BYTES = 16

/** `value` as it is stored under `key`. */
export function sealRecord(key: string, value: Uint8Array): Uint8Array {
  return concatBytes(recordHash(key, value), value)
}

/** The value of a stored record, or `undefined` if the record is damaged. */
export function openRecord(key: string, record: Uint8Array): Uint8Array | undefined {
  if (record.length < HASH_SIZE_BYTES) return undefined
  const value = new Uint8Array(record.subarray(HASH_SIZE_BYTES))
  return bytesEqual(record.subarray(0, HASH_SIZE_BYTES), recordHash(key, value)) ? value : undefined
}

/** The hash that stands before `value` under `key`. */
export function recordHash(key: string, value: Uint8Array): Uint8Array {
  const hash = createHash('sha256').update(key).update('\n').update(value).digest()
  return hash.subarray(0, HASH_SIZE_BYTES)
}

/** One thing that happened to an open decision here, in the order it happened. */
export type StoredInput =
  /** A frame of somebody else was taken in. */
  | { readonly type: 'frame'; readonly frame: Uint8Array }
  /** This peer's person answered: sealed, or changeable until the deadline. */
  | { readonly type: 'answered'; readonly answer: Answer; readonly seal: boolean }
  /** A timer of the decision ran out. */
  | { readonly type: 'timed-out'; readonly timer: string }
  /** This peer is about to say this frame. */
  | { readonly type: 'said'; readonly frame: Uint8Array }

/** The first byte of an input says how to read the rest: bytes of a frame, or JSON. */
const FRAME_TAGS = { frame: 0, said: 1 } as const
const JSON_TAG = 2

/** An input as bytes. */
export function inputToBytes(input: StoredInput): Uint8Array {
  if (input.type === 'frame' || input.type === 'said') {
    return concatBytes(Uint8Array.of(FRAME_TAGS[input.type]), input.frame)
  }
  return concatBytes(Uint8Array.of(JSON_TAG), utf8(JSON.stringify(input)))
}

/** An input from bytes that `openRecord` found whole, so that they are our own. */
export function bytesToInput(bytes: Uint8Array): StoredInput {
  const rest = bytes.subarray(1)
  if (bytes[0] === FRAME_TAGS.frame) return { type: 'frame', frame: rest }
  if (bytes[0] === FRAME_TAGS.said) return { type: 'said', frame: rest }
  return JSON.parse(textOf(rest)) as StoredInput
}

/** UTF-8 bytes of our own as text. */
export const textOf = (bytes: Uint8Array): string => new TextDecoder('utf-8', { ignoreBOM: true }).decode(bytes)
