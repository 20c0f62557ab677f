import { afterEach, describe, expect, it } from 'vitest'
import { utf8 } from '../../../src/core/bytes.ts'
import {
  createExchange,
  type ExchangeHandler,
  type ExchangeOptions,
  SYNC_PROTOCOL
} from '../../../src/network/streams/exchange.ts'
import { eventually, startHost, stopAll } from '../support.ts'

afterEach(stopAll)

const text = (bytes: Uint8Array): string => new TextDecoder().decode(bytes)

/** Two connected hosts, each with its own handler. */
async function pair(left: ExchangeHandler, right: ExchangeHandler, options: Partial<ExchangeOptions> = {}) {
  const [ann, bob] = await Promise.all([startHost(0), startHost(1)])
  const failures: unknown[] = []
  const annSpeaks = await createExchange(ann, { onExchange: left, ...options })
  const bobSpeaks = await createExchange(bob, {
    onExchange: right,
    ...options,
    onFailure: (_, error) => failures.push(error)
  })
  await ann.node.dial(bob.node.getMultiaddrs())
  return { ann, bob, annSpeaks, bobSpeaks, failures }
}

/** Says `words`, and keeps what the other says. */
const sayAndKeep = (words: readonly string[], kept: string[]): ExchangeHandler =>
  async function* (_peer, incoming, saidAll) {
    for (const word of words) yield utf8(word)
    saidAll()
    for await (const bytes of incoming) kept.push(text(bytes))
  }

const silent: ExchangeHandler = async function* () {
  await new Promise(() => undefined)
  yield utf8('never')
}

const untilTheEnd: ExchangeHandler = async function* (_peer, incoming) {
  for await (const _ of incoming);
  yield* []
}

describe('an exchange', () => {
  it('runs the same handler on both sides, whoever begins', async () => {
    const ofAnn: string[] = []
    const ofBob: string[] = []
    const { ann, bob, annSpeaks, bobSpeaks } = await pair(sayAndKeep(['a1', 'a2'], ofAnn), sayAndKeep(['b1'], ofBob))
    await annSpeaks.with(bob.id)
    await eventually(() => expect([ofAnn, ofBob]).toEqual([['b1'], ['a1', 'a2']]))
    await bobSpeaks.with(ann.id)
    await eventually(() =>
      expect([ofAnn, ofBob]).toEqual([
        ['b1', 'b1'],
        ['a1', 'a2', 'a1', 'a2']
      ])
    )
    await eventually(() => expect(bob.counters['exchanges-completed']).toBe(2))
  })

  it('runs into the time limit when both sides wait for the end of the other', async () => {
    const { bob, annSpeaks, bobSpeaks } = await pair(untilTheEnd, untilTheEnd, { timeoutMs: 200 })
    await expect(annSpeaks.with(bob.id)).rejects.toMatchObject({ name: 'OperationError' })
    await bobSpeaks.stop()
  })

  it('answers what it hears, message by message', async () => {
    const answers: string[] = []
    const asker: ExchangeHandler = async function* (_peer, incoming) {
      yield utf8('one')
      for await (const bytes of incoming) {
        answers.push(text(bytes))
        if (answers.length === 1) yield utf8('two')
        else return
      }
    }
    const echo: ExchangeHandler = async function* (_peer, incoming) {
      for await (const bytes of incoming) yield utf8(`${text(bytes)}!`)
    }
    const { bob, annSpeaks } = await pair(asker, echo)
    await annSpeaks.with(bob.id)
    expect(answers).toEqual(['one!', 'two!'])
  })

  it('carries large messages up to the limit', async () => {
    const kept: number[] = []
    const big: ExchangeHandler = async function* () {
      for (let index = 0; index < 8; index++) yield new Uint8Array(256 * 1024)
    }
    const counting: ExchangeHandler = async function* (_peer, incoming) {
      for await (const bytes of incoming) kept.push(bytes.length)
      yield* []
    }
    const { bob, annSpeaks } = await pair(big, counting)
    await annSpeaks.with(bob.id)
    expect(kept).toEqual(Array.from({ length: 8 }, () => 256 * 1024))
  })

  it('ends when one side says nothing for too long, and both can go on', async () => {
    const { bob, annSpeaks, failures } = await pair(untilTheEnd, silent, { timeoutMs: 200 })
    await expect(annSpeaks.with(bob.id)).rejects.toMatchObject({ name: 'OperationError', outcome: 'unknown' })
    await eventually(() => expect(failures).toHaveLength(1))
    expect(bob.node.getConnections()).toHaveLength(1)
  })

  it('breaks off at a message that is too long, and notes who sent it', async () => {
    const long: ExchangeHandler = async function* () {
      yield new Uint8Array(2_000)
    }
    const { bob, annSpeaks, failures } = await pair(long, untilTheEnd, { messageSizeMax: 1_000 })
    await expect(annSpeaks.with(bob.id)).rejects.toMatchObject({ name: 'OperationError' })
    await eventually(() => expect(failures).toHaveLength(1))
    expect(bob.counters.strikes).toBe(1)
  })

  it('breaks off when all messages together are too much', async () => {
    const many: ExchangeHandler = async function* () {
      for (let index = 0; index < 50; index++) yield new Uint8Array(900)
    }
    const { bob, annSpeaks, failures } = await pair(many, untilTheEnd, {
      messageSizeMax: 1_000,
      exchangeSizeMax: 10_000
    })
    await expect(annSpeaks.with(bob.id)).rejects.toMatchObject({ name: 'OperationError' })
    await eventually(() => expect(failures).toHaveLength(1))
    expect(bob.counters.strikes).toBe(1)
  })

  it('survives a handler that throws and a stream that is aborted in the middle', async () => {
    const throwing: ExchangeHandler = async function* () {
      yield utf8('so far')
      throw new Error('a bug of ours')
    }
    const { bob, annSpeaks, failures } = await pair(throwing, untilTheEnd)
    await expect(annSpeaks.with(bob.id)).rejects.toMatchObject({ name: 'OperationError' })
    await eventually(() => expect(failures).toHaveLength(1))
    await expect(annSpeaks.with(bob.id)).rejects.toMatchObject({ name: 'OperationError' })
  })

  it('says that it did not happen when there is no connection', async () => {
    const { ann, bob, annSpeaks } = await pair(untilTheEnd, untilTheEnd)
    ann.hangUp(bob.id)
    await expect(annSpeaks.with(bob.id)).rejects.toMatchObject({ name: 'OperationError', outcome: 'did-not-happen' })
  })

  it('ends what is under way when it stops', async () => {
    const { bob, annSpeaks } = await pair(silent, silent)
    const exchange = annSpeaks.with(bob.id)
    const ended = expect(exchange).rejects.toMatchObject({ name: 'OperationError' })
    await eventually(() =>
      expect(bob.node.getConnections()[0]?.streams.map((s) => s.protocol)).toContain(SYNC_PROTOCOL)
    )
    await annSpeaks.stop()
    await ended
  })
})
