/**
 * Bytes: hexadecimal, comparison, joining, and bitmaps over a roster.
 *
 * @packageDocumentation
 */

import { type NodeId, nodeId } from './ids.ts'

const HEX = Array.from({ length: 256 }, (_, byte) => byte.toString(16).padStart(2, '0'))

/** Lower-case hexadecimal digits of `bytes`. */
export function toHex(bytes: Uint8Array): string {
  let text = ''
  for (const byte of bytes) text += HEX[byte]
  return text
}

/** The bytes of lower-case hexadecimal `text`, or `undefined` if it is anything else. */
export function fromHex(text: string): Uint8Array | undefined {
  if (text.length % 2 !== 0 || !/^[0-9a-f]*$/.test(text)) return undefined
  const bytes = new Uint8Array(text.length / 2)
  for (let index = 0; index < bytes.length; index++) {
    bytes[index] = Number.parseInt(text.slice(index * 2, index * 2 + 2), 16)
  }
  return bytes
}

/** True if both hold the same bytes. Not constant-time: nothing compared here is secret. */
export function bytesEqual(left: Uint8Array, right: Uint8Array): boolean {
  return left.length === right.length && left.every((byte, index) => byte === right[index])
}

/** The parts, one after the other, in one array. */
export function concatBytes(...parts: readonly Uint8Array[]): Uint8Array {
  const whole = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0))
  let offset = 0
  for (const part of parts) {
    whole.set(part, offset)
    offset += part.length
  }
  return whole
}

/** UTF-8 bytes of `text`. */
export const utf8 = (text: string): Uint8Array => new TextEncoder().encode(text)

/** A bitmap with bit `i` (least significant first) set for each node `i`, in `ceil(validatorCount / 8)` bytes. */
export function toBitmap(nodes: Iterable<NodeId>, validatorCount: number): Uint8Array {
  const bitmap = new Uint8Array(Math.ceil(validatorCount / 8))
  for (const node of nodes) bitmap[node >> 3] = (bitmap[node >> 3] as number) | (1 << (node & 7))
  return bitmap
}

/**
 * The nodes of a bitmap, in roster order, or `undefined` if the bitmap is not canonical: the wrong length, or a bit
 * beyond the roster.
 */
export function fromBitmap(bitmap: Uint8Array, validatorCount: number): NodeId[] | undefined {
  if (bitmap.length !== Math.ceil(validatorCount / 8)) return undefined
  const nodes: NodeId[] = []
  for (let index = 0; index < bitmap.length * 8; index++) {
    if ((((bitmap[index >> 3] as number) >> (index & 7)) & 1) === 0) continue
    if (index >= validatorCount) return undefined
    nodes.push(nodeId(index))
  }
  return nodes
}
