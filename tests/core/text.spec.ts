import { describe, expect, test } from 'vitest'
import { codePointCount, safeText } from '../../src/core/text.ts'

describe('text of others', () => {
  test('is unchanged if it can be shown', () => {
    expect(safeText('Zoë & 李 🙂')).toBe('Zoë & 李 🙂')
  })

  test('cannot move a cursor or turn the line around', () => {
    expect(safeText('a\u001b[2Jb')).toBe('a\\u{1b}[2Jb')
    expect(safeText('a\u202eb')).toBe('a\\u{202e}b')
  })

  test('is cut to so many code points, visibly', () => {
    expect(safeText('abcdef', 4)).toBe('abc…')
    expect(safeText('abcd', 4)).toBe('abcd')
  })

  test('is counted in code points and no further than asked', () => {
    expect(codePointCount('a🙂b')).toBe(3)
    expect(codePointCount('aaaaaaaa', 5)).toBe(5)
  })
})
