import { fc, test } from '@fast-check/vitest'
import { describe, expect, it } from 'vitest'
import { canonicalJson, prettyJson } from '../../src/core/canonical.ts'

/** What a document may hold. */
const documents = fc.letrec((tie) => ({
  value: fc.oneof(
    { maxDepth: 4 },
    fc.string({ unit: 'binary' }),
    fc.boolean(),
    fc.constant(null),
    fc.maxSafeInteger(),
    fc.array(tie('value'), { maxLength: 4 }),
    fc.dictionary(fc.string({ unit: 'binary' }), tie('value'), { maxKeys: 4 })
  )
})).value

/** The same document with the members of every object put in the opposite order. */
function reversed(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(reversed)
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(
    Object.entries(value)
      .reverse()
      .map(([name, member]) => [name, reversed(member)])
  )
}

describe('canonical JSON', () => {
  it('sorts members by UTF-16 code unit, as in RFC 8785, section 3.2.3', () => {
    const input = {
      '\u20ac': 'Euro Sign',
      '\r': 'Carriage Return',
      '\ufb33': 'Hebrew Letter Dalet With Dagesh',
      '1': 'One',
      '\ud83d\ude00': 'Emoji: Grinning Face',
      '\u0080': 'Control',
      '\u00f6': 'Latin Small Letter O With Diaeresis'
    }
    const order = [...canonicalJson(input).matchAll(/":"([^"]*)"/g)].map((match) => match[1])
    expect(order).toEqual([
      'Carriage Return',
      'One',
      'Control',
      'Latin Small Letter O With Diaeresis',
      'Euro Sign',
      'Emoji: Grinning Face',
      'Hebrew Letter Dalet With Dagesh'
    ])
  })

  it('writes strings as RFC 8785, section 3.2.2.2, does', () => {
    expect(canonicalJson('\u20ac$\u000f\u000aA\'\u0042"\\\\"/')).toBe('"€$\\u000f\\nA\'B\\"\\\\\\\\\\"/"')
  })

  it('has no white space, and the pretty form has exactly one layout', () => {
    const value = { b: [1, { c: null }], a: {}, d: [] }
    expect(canonicalJson(value)).toBe('{"a":{},"b":[1,{"c":null}],"d":[]}')
    expect(prettyJson(value)).toBe(
      '{\n  "a": {},\n  "b": [\n    1,\n    {\n      "c": null\n    }\n  ],\n  "d": []\n}\n'
    )
  })

  it('writes minus zero as zero', () => {
    expect(canonicalJson(-0)).toBe('0')
  })

  it.each([
    ['undefined', undefined],
    ['an undefined member', { a: undefined }],
    ['a hole in a list', [undefined]],
    ['a fraction', 1.5],
    ['a number beyond 2^53', 2 ** 53],
    ['not a number', Number.NaN],
    ['an unpaired surrogate', '\ud800'],
    ['an unpaired surrogate in a name', { '\udc00': 1 }],
    ['a big integer', 1n],
    ['an object with a class', new Date(0)],
    ['bytes', new Uint8Array(2)],
    ['a function', () => 1]
  ])('refuses %s', (_, value) => {
    expect(() => canonicalJson(value)).toThrow(expect.objectContaining({ name: 'InvariantError' }))
    expect(() => prettyJson(value)).toThrow(expect.objectContaining({ name: 'InvariantError' }))
  })

  it('refuses a cycle instead of following it', () => {
    const cycle: unknown[] = []
    cycle.push(cycle)
    expect(() => canonicalJson(cycle)).toThrow(/nested deeply/)
  })

  test.prop([documents])('reads back as the same value, from both forms', (value) => {
    expect(JSON.parse(canonicalJson(value))).toEqual(JSON.parse(JSON.stringify(value)))
    expect(JSON.parse(prettyJson(value))).toEqual(JSON.parse(JSON.stringify(value)))
  })

  test.prop([documents])('is the same text whatever order members were written in', (value) => {
    expect(canonicalJson(reversed(value))).toBe(canonicalJson(value))
    expect(prettyJson(reversed(value))).toBe(prettyJson(value))
  })
})
