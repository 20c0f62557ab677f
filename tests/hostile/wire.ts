/** Bytes that a correct peer would not send, made by hand: Yamux frames, gossip RPCs and identify answers. */

import { utf8 } from '../../src/core/bytes.ts'

/** Types and flags of Yamux frames (Yamux specification). */
export const YAMUX = { data: 0, grant: 1, ping: 2, syn: 1, rst: 8 } as const

const FRAME_HEAD_SIZE_BYTES = 12

/** One Yamux frame. */
export function yamuxFrame(type: number, flag: number, stream: number, length: number, data?: Uint8Array): Uint8Array {
  const frame = new Uint8Array(FRAME_HEAD_SIZE_BYTES + (data?.length ?? 0))
  const view = new DataView(frame.buffer)
  view.setUint8(1, type)
  view.setUint16(2, flag)
  view.setUint32(4, stream)
  view.setUint32(8, length)
  if (data !== undefined) frame.set(data, FRAME_HEAD_SIZE_BYTES)
  return frame
}

export function joined(parts: readonly Uint8Array[]): Uint8Array {
  const whole = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0))
  let at = 0
  for (const part of parts) {
    whole.set(part, at)
    at += part.length
  }
  return whole
}

/** Unsigned, seven bits a byte, the lowest first. */
export function varint(value: number | bigint): Uint8Array {
  const bytes: number[] = []
  let rest = BigInt(value)
  do {
    bytes.push(Number(rest & 0x7fn) | (rest > 0x7fn ? 0x80 : 0))
    rest >>= 7n
  } while (rest > 0n)
  return Uint8Array.from(bytes)
}

/** Bytes with their length before them. */
export const prefixed = (bytes: Uint8Array): Uint8Array => joined([varint(bytes.length), bytes])

/** A Protocol Buffers field that holds bytes. */
export const field = (number: number, bytes: Uint8Array): Uint8Array =>
  joined([varint((number << 3) | 2), prefixed(bytes)])

/** A Protocol Buffers field that holds a number. */
export const numberField = (number: number, value: number | bigint): Uint8Array =>
  joined([varint(number << 3), varint(value)])

const many = (count: number, make: (index: number) => Uint8Array): Uint8Array =>
  joined(Array.from({ length: count }, (_, index) => make(index)))

/** A message id that nobody has. */
const inventedId = (index: number): Uint8Array => utf8(String(index).padStart(20, '0'))

/** Gossip RPCs (libp2p specs, gossipsub v1.2): fields 1 subscriptions, 2 messages, 3 control. */
export const RPC = {
  subscriptions: (topics: readonly string[]): Uint8Array =>
    joined(topics.map((topic) => field(1, joined([numberField(1, 1), field(2, utf8(topic))])))),
  messages: (topic: string, count: number, size: number): Uint8Array =>
    many(count, (index) => field(2, joined([field(2, filled(size, index)), field(4, utf8(topic))]))),
  graft: (topic: string): Uint8Array => field(3, field(3, field(1, utf8(topic)))),
  /** With the longest backoff that 64 bits can say. */
  prune: (topic: string): Uint8Array =>
    field(3, field(4, joined([field(1, utf8(topic)), numberField(3, 2n ** 64n - 1n)]))),
  ihave: (topic: string, count: number): Uint8Array =>
    field(3, field(1, joined([field(1, utf8(topic)), many(count, (index) => field(2, inventedId(index)))]))),
  iwant: (count: number): Uint8Array =>
    field(
      3,
      field(
        2,
        many(count, (index) => field(1, inventedId(index)))
      )
    ),
  idontwant: (count: number): Uint8Array =>
    field(
      3,
      field(
        5,
        many(count, (index) => field(1, inventedId(index)))
      )
    )
} as const

/** `size` bytes that differ with `index`. */
export function filled(size: number, index: number): Uint8Array {
  const bytes = new Uint8Array(size).fill(index & 0xff)
  new DataView(bytes.buffer).setUint32(0, index)
  return bytes
}

/** What a peer says it is (libp2p specs, identify): 1 key, 2 addresses, 3 protocols, 6 agent. */
export const identifyAnswer = (key: Uint8Array, protocolCount: number, agentLength: number): Uint8Array =>
  joined([
    field(1, key),
    many(protocolCount, (index) => field(3, utf8(`/invented/${index}`))),
    field(6, utf8('\u001b[2J'.padEnd(agentLength, 'a')))
  ])
