import { describe, expect, it } from 'vitest'
import { durationInWords, parseDurationMs } from '../../src/cli/duration.ts'

describe('a length of time', () => {
  it.each([
    ['500ms', 500],
    ['60s', 60_000],
    ['2m', 120_000],
    ['1h', 3_600_000],
    ['7d', 604_800_000],
    ['1.5s', 1_500],
    [' 4 s ', 4_000],
    ['0', 0]
  ])('%j is %d ms', (text, ms) => {
    expect(parseDurationMs(text)).toBe(ms)
  })

  it.each(['', 's', '-1s', '1e3s', '60', 'Infinity', '5 min', '1s2s', '９s', '1.2345s'])('%j is none', (text) => {
    expect(parseDurationMs(text)).toBeUndefined()
  })

  it('may go without a unit where the option says which one it means', () => {
    expect(parseDurationMs('60', 's')).toBe(60_000)
    expect(parseDurationMs('60ms', 's')).toBe(60)
  })

  it.each([
    [0, '0 ms'],
    [850, '850 ms'],
    [4_200, '4.2 s'],
    [60_000, '1 min'],
    [86_400_000, '24 h']
  ])('%d ms reads %s', (ms, words) => {
    expect(durationInWords(ms)).toBe(words)
  })
})
