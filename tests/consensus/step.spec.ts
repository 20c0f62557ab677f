import { describe, expect, test } from 'vitest'
import {
  because,
  type Effect,
  idle,
  join,
  lift,
  RULES,
  ruleId,
  type Step,
  timerName
} from '../../src/consensus/index.ts'
import { nodeId } from '../../src/core/ids.ts'

const say = (message: string): Effect<string, string> => ({ type: 'broadcast', message })
const one = because(ruleId('one'), say('a'), say('b'))
const two = because(ruleId('two'), say('c'))

describe('steps', () => {
  test('are joined in order', () => {
    expect(join(one, idle, two)).toEqual({ effects: [say('a'), say('b'), say('c')], rules: ['one', 'two'] })
  })

  test('that do nothing cost nothing', () => {
    expect(join(idle, idle)).toBe(idle)
    expect(join(idle, one, idle)).toBe(one)
    expect(
      lift(
        idle,
        () => 'x',
        () => idle
      )
    ).toBe(idle)
  })

  test('of a child become its parent’s, its decision a call in its place', () => {
    const fault = { peer: nodeId(1), kind: 'equivocated', explanation: '', slot: 's' } as const
    const child: Step<string, number> = {
      effects: [
        { type: 'broadcast', message: 'm' },
        { type: 'send', to: nodeId(2), message: 'p' },
        { type: 'decide', decision: 7 },
        { type: 'accuse', fault },
        { type: 'stop-timer', timer: timerName('t') }
      ],
      rules: [ruleId('child')]
    }
    const parent = lift<string, number, string, string>(
      child,
      (message) => `<${message}>`,
      (decision) => because(ruleId('parent'), say(`decided ${decision}`)),
      (given) => ({ ...given, slot: `0/${given.slot}` })
    )
    expect(parent.rules).toEqual(['child', 'parent'])
    expect(parent.effects).toEqual([
      say('<m>'),
      { type: 'send', to: 2, message: '<p>' },
      say('decided 7'),
      { type: 'accuse', fault: { ...fault, slot: '0/s' } },
      { type: 'stop-timer', timer: 't' }
    ])
  })
})

describe('the table of rules', () => {
  test.each(Object.entries(RULES))('%s is one sentence with a source', (id, { sentence, source }) => {
    expect(id).toMatch(/^(rbc|bv|aba|acs)\/[a-z-]+$/)
    expect(sentence).toMatch(/^[A-Z].*\.$/)
    expect(source).not.toBe('')
  })
})
