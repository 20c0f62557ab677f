import { describe, expect, test } from 'vitest'
import { InvariantError, invariant, OperationError, OptionsError } from '../../src/core/errors.ts'

describe('errors', () => {
  test('of the caller list every problem', () => {
    const error = new OptionsError([
      { path: 'a', got: '1', expected: '2' },
      { path: 'b.0', got: 'x', expected: 'y' }
    ])
    expect(error.message).toBe('a: expected 2, got 1\nb.0: expected y, got x')
  })

  test('of the world say whether it happened, and why', () => {
    const error = new OperationError('no', 'unknown', 'cause')
    expect([error.outcome, error.cause]).toEqual(['unknown', 'cause'])
  })

  test('of our own are thrown by a broken promise only', () => {
    expect(() => invariant(true, 'p')).not.toThrow()
    expect(() => invariant(false, 'p')).toThrow(InvariantError)
  })
})
