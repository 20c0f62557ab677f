import { describe, expect, it, onTestFinished } from 'vitest'
import { Batches } from '../../src/storage/batches.ts'
import { type Database, openDatabase, type Write } from '../../src/storage/database.ts'
import { keyNumber, Tally } from '../../src/storage/head.ts'
import { openRecord, sealRecord, textOf } from '../../src/storage/record.ts'
import { temporaryDirectory } from '../support/peers.ts'

const NOTHING = { batch: 0, count: 0, sum: 0n }
const IO_ERROR = new Error('IO error: 000003.log: Input/output error')

/** How one batch goes wrong. */
type Failure = (batch: () => Promise<void>) => Promise<void>

const landsAndSaysNo: Failure = async (batch) => {
  await batch()
  throw IO_ERROR
}
const doesNothing: Failure = async () => {
  throw IO_ERROR
}

interface Bench {
  readonly batches: Batches
  readonly troubles: (string | undefined)[]
  put(key: string, text: string): Promise<void>
  read(key: string): Promise<string | undefined>
}

/** Batches on a database whose first batch goes wrong. */
async function benchOf(failure: Failure): Promise<Bench> {
  const dataDirectory = await temporaryDirectory()
  const database = failingOnce(await openDatabase(dataDirectory), failure)
  const totals = new Tally()
  const troubles: (string | undefined)[] = []
  const batches = new Batches({
    ...{ dataDirectory, database, totals, found: NOTHING, batch: 0, life: 0, loss: undefined, retryAfterMs: 1 },
    onTrouble: (trouble) => troubles.push(trouble)
  })
  onTestFinished(() => batches.close())
  const put = (key: string, text: string): Promise<void> => {
    const write: Write = { type: 'put', key: `other/${key}`, value: sealRecord(`other/${key}`, Buffer.from(text)) }
    totals.add(keyNumber(write.key))
    return batches.write([write])
  }
  const read = async (key: string): Promise<string | undefined> => {
    const record = await batches.read((from) => from.get(`other/${key}`))
    const value = record === undefined ? undefined : openRecord(`other/${key}`, record)
    return value === undefined ? undefined : textOf(value)
  }
  return { batches, troubles, put, read }
}

function failingOnce(database: Database, failure: Failure): Database {
  let isFirst = true
  const batch = (writes: Write[], options: { readonly sync: boolean }): Promise<void> => {
    const write = (): Promise<void> => database.batch(writes, options)
    if (!isFirst) return write()
    isFirst = false
    return failure(write)
  }
  return { batch, get: database.get.bind(database), close: database.close.bind(database) } as unknown as Database
}

describe('a batch that failed', () => {
  it.each([
    ['is on disk after all is not written again', landsAndSaysNo],
    ['is not on disk is written again', doesNothing]
  ])('and %s, and what waited follows', async (_, failure) => {
    const { put, read, troubles } = await benchOf(failure)
    await Promise.all([put('one', '1'), put('two', '2')])
    await put('three', '3')
    expect([await read('one'), await read('two'), await read('three')]).toEqual(['1', '2', '3'])
    expect(troubles).toEqual([expect.stringContaining('(Input/output error)'), undefined])
  })

  it('holds nobody up who closes', async () => {
    const { put, batches } = await benchOf(async () => {
      // Closing begins while the batch is under way.
      void batches.close()
      throw IO_ERROR
    })
    await expect(put('one', '1')).rejects.toMatchObject({ name: 'OperationError', outcome: 'unknown' })
    await expect(put('two', '2')).rejects.toMatchObject({ name: 'OperationError', outcome: 'did-not-happen' })
  })

  it('lets what is asked for afterwards wait, and a life be counted', async () => {
    const { put, batches } = await benchOf(doesNothing)
    const one = put('one', '1')
    expect(await batches.beginLife()).toBe(1)
    await one
    expect(await batches.beginLife()).toBe(2)
  })
})
