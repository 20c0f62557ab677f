import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { askProtocols } from '../../src/network/ask-protocols.ts'

beforeEach(() => void vi.useFakeTimers())
afterEach(() => void vi.useRealTimers())

/** A node with one connection that opens at once, on which each question is answered, or fails, when the test says so. */
function openOne() {
  const questions: PromiseWithResolvers<void>[] = []
  const identify = (): Promise<void> => {
    const question = Promise.withResolvers<void>()
    questions.push(question)
    return question.promise
  }
  const node = Object.assign(new EventTarget(), { services: { identify: { identify } } })
  const connection = {
    status: 'open',
    abort() {
      connection.status = 'aborted'
    }
  }
  askProtocols(node as unknown as Parameters<typeof askProtocols>[0])
  node.dispatchEvent(new CustomEvent('connection:open', { detail: connection }))
  const pass = (ms: number): Promise<unknown> => vi.advanceTimersByTimeAsync(ms)
  return {
    questions,
    connection,
    pass,
    async fail() {
      questions.at(-1)?.reject(new Error('lost'))
      await pass(1_000)
    }
  }
}

describe('who is at the other end of a new connection', () => {
  it('is asked again when the question was lost, and no more once it has answered', async () => {
    const { questions, connection, fail, pass } = openOne()
    await fail()
    expect(questions).toHaveLength(2)
    questions[1]?.resolve()
    await pass(60_000)
    expect(questions).toHaveLength(2)
    expect(connection.status).toBe('open')
  })

  it('is not asked beside a question that is under way, however long that takes', async () => {
    const { questions, connection, pass } = openOne()
    await pass(60_000)
    expect(questions).toHaveLength(1)
    expect(connection.status).toBe('open')
  })

  it('is hung up when it never says', async () => {
    const { questions, connection, fail } = openOne()
    await fail()
    await fail()
    expect(connection.status).toBe('open')
    await fail()
    expect(connection.status).toBe('aborted')
    expect(questions).toHaveLength(3)
  })

  it('is not asked on a connection that has closed meanwhile', async () => {
    const { questions, connection, fail } = openOne()
    connection.status = 'closed'
    await fail()
    expect(questions).toHaveLength(1)
  })
})
