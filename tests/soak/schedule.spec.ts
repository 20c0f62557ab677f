import { describe, expect, it } from 'vitest'
import { createSchedule, FAULT_KINDS, type Scheduled } from '../../scripts/soak/faults.ts'
import { readSoakOptions } from '../../scripts/soak/options.ts'
import { seededRandom } from '../../src/core/random.ts'

const NUMBERS = [1, 2, 3, 4, 5, 6, 7]

function scheduleOf(seed: number, count: number): Scheduled[] {
  const schedule = createSchedule(seededRandom(seed), NUMBERS)
  return Array.from({ length: count }, () => schedule.next().value)
}

describe('a schedule of faults', () => {
  it('is the same for the same seed, and another for another', () => {
    expect(scheduleOf(1, 500)).toEqual(scheduleOf(1, 500))
    expect(scheduleOf(1, 500)).not.toEqual(scheduleOf(2, 500))
  })

  it('has every kind of fault in it, at least once in five hundred', () => {
    const kinds = new Set(scheduleOf(3, 500).map(({ fault }) => fault.kind))
    expect([...kinds].sort()).toEqual([...FAULT_KINDS].sort())
  })

  it('cuts into two sides with everybody on one of them, into halves at times, and for longer than 15 s at times', () => {
    const partitions = scheduleOf(4, 1_000).flatMap(({ fault }) => (fault.kind === 'partition' ? [fault] : []))
    for (const { groups } of partitions) {
      expect(groups.flat().toSorted()).toEqual(NUMBERS)
      expect(groups.every((group) => group.length > 0)).toBe(true)
    }
    expect(partitions.some(({ groups }) => groups[0]?.length === 3)).toBe(true)
    expect(partitions.some(({ forMs }) => forMs > 15_000)).toBe(true)
    expect(partitions.some(({ forMs }) => forMs < 9_000)).toBe(true)
  })

  it('pauses for 2 to 15 seconds', () => {
    const times = scheduleOf(5, 1_000).flatMap(({ fault }) => (fault.kind === 'pause' ? [fault.forMs] : []))
    expect(Math.min(...times)).toBeGreaterThanOrEqual(2_000)
    expect(Math.max(...times)).toBeLessThanOrEqual(15_000)
  })
})

describe('the command line of a soak', () => {
  it('needs nothing, and scales what is to be reached with the time', () => {
    expect(readSoakOptions([], 42)).toEqual({
      type: 'soak',
      plan: { seed: 42, minutes: 10, peers: 7, cycles: 200, faults: 500, json: false, keep: false }
    })
    expect(readSoakOptions(['--minutes', '0.5'], 42)).toMatchObject({ plan: { cycles: 10, faults: 25 } })
  })

  it('tells every mistake at once, each in a sentence', () => {
    const options = readSoakOptions(['--minutes', '0', '--seed', 'x', '--peers', '3', '--faults', 'many'], 42)
    expect(options).toMatchObject({ type: 'mistake' })
    expect(options.type === 'mistake' ? options.sentences.map((line) => line.split(':')[0]) : []).toEqual([
      '--minutes',
      '--seed',
      '--peers',
      '--faults'
    ])
  })

  it('names an option that there is not', () => {
    expect(readSoakOptions(['--perfect'], 42)).toMatchObject({
      type: 'mistake',
      sentences: [expect.stringContaining('--perfect')]
    })
  })
})
