import { fc, test as property } from '@fast-check/vitest'
import { describe, expect, test } from 'vitest'
import { bytesEqual, concatBytes, fromBitmap, fromHex, toBitmap, toHex, utf8 } from '../../src/core/bytes.ts'
import { nodeId } from '../../src/core/ids.ts'

describe('bytes', () => {
  property.prop([fc.uint8Array()])('survive hexadecimal and back', (bytes) => {
    expect(fromHex(toHex(bytes))).toEqual(bytes)
  })

  test.each(['0', 'AB', 'zz', '0x', ' 00'])('%j is no hexadecimal', (text) => {
    expect(fromHex(text)).toBeUndefined()
  })

  property.prop([fc.array(fc.uint8Array())])('are joined end to end', (parts) => {
    expect(toHex(concatBytes(...parts))).toBe(parts.map(toHex).join(''))
  })

  test('are equal only if length and content are', () => {
    expect(bytesEqual(utf8('ab'), utf8('ab'))).toBe(true)
    expect(bytesEqual(utf8('ab'), utf8('ac'))).toBe(false)
    expect(bytesEqual(utf8('ab'), utf8('abc'))).toBe(false)
  })
})

describe('a bitmap', () => {
  property.prop([fc.uniqueArray(fc.nat(20)), fc.constant(21)])('survives the way there and back', (members, size) => {
    const nodes = members.sort((a, b) => a - b).map(nodeId)
    expect(fromBitmap(toBitmap(nodes, size), size)).toEqual(nodes)
  })

  test('of the wrong length is refused', () => {
    expect(fromBitmap(Uint8Array.of(1, 0), 8)).toBeUndefined()
    expect(fromBitmap(Uint8Array.of(), 1)).toBeUndefined()
  })

  test('with a bit beyond the roster is refused', () => {
    expect(fromBitmap(Uint8Array.of(0b1000), 3)).toBeUndefined()
    expect(fromBitmap(Uint8Array.of(0b0100), 3)).toEqual([2])
  })
})
