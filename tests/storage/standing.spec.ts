/** What a store tells about itself when it is opened: whether anything is missing, and how often it was lived from. */

import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { cp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { LevelDatastore } from 'datastore-level'
import { beforeEach, describe, expect, it, onTestFinished } from 'vitest'
import { utf8 } from '../../src/core/bytes.ts'
import type { DecisionId } from '../../src/core/ids.ts'
import { HEAD_KEY } from '../../src/storage/head.ts'
import { MARK_FILE, readMark } from '../../src/storage/mark.ts'
import { sealRecord } from '../../src/storage/record.ts'
import { openStore, type Standing, type Store, type StoredInput, storeDirectory } from '../../src/storage/store.ts'
import { temporaryDirectory } from '../support/peers.ts'

const SOUND: Standing = { state: 'sound', explanation: '' }
const CAST: StoredInput = { type: 'timed-out', timer: 'deadline' }
const CLOSED = { outcome: '{"result":"lake"}', certificate: 'lake' }
const decision = (index: number): DecisionId => index.toString(16).padStart(64, '0') as DecisionId

let directory = ''
beforeEach(async () => {
  directory = await temporaryDirectory()
})

/** Opens the store for as long as `use` takes. */
async function withStore<Result>(use: (store: Store) => Promise<Result> | Result): Promise<Result> {
  const store = await openStore(directory)
  try {
    return await use(store)
  } finally {
    await store.close()
  }
}

const standing = (): Promise<Standing> => withStore((store) => store.standing)

/** Some of everything. */
async function fillStore(): Promise<void> {
  await withStore(async (store) => {
    await store.beginLife()
    await store.put('charter', 'one')
    await store.appendDecision(decision(1), [CAST, CAST, CAST])
    await store.appendDecision(decision(2), [CAST])
    await store.closeDecision(decision(2), CLOSED)
    await store.put('charter', 'two')
  })
}

/** Changes the database behind the store's back. */
async function tamper(change: (database: LevelDatastore['db']) => Promise<unknown>): Promise<void> {
  const { db } = new LevelDatastore(storeDirectory(directory))
  await db.open()
  await change(db)
  await db.close()
}

describe('the standing of a store', () => {
  it('is sound when it is new, and after everything that a peer does', async () => {
    expect(await standing()).toEqual(SOUND)
    await fillStore()
    expect(await standing()).toEqual(SOUND)
    await withStore((store) => store.closeDecision(decision(1), CLOSED))
    expect(await standing()).toEqual(SOUND)
  })

  it.each<[string, (database: LevelDatastore['db']) => Promise<unknown>]>([
    ['a record of an open decision is gone', (database) => database.del(`open/${decision(1)}/0000000002`)],
    ['a closed decision is gone', (database) => database.del(`closed/0000000000/${decision(2)}`)],
    ['a named value is gone', (database) => database.del('named/charter')],
    ['a named value is an older one', (db) => db.put('named/charter', sealRecord('named/charter', utf8('one')))],
    [
      'a record that was removed is back',
      async (database) => {
        const key = `open/${decision(2)}/0000000000`
        await database.put(key, sealRecord(key, utf8('\u0000')))
      }
    ],
    ['its head is damaged', (database) => database.put(HEAD_KEY, sealRecord('other', utf8('{}')))]
  ])('is damaged when %s, in this life and later ones', async (_, change) => {
    await fillStore()
    await tamper(change)
    const found = await standing()
    expect(found).toMatchObject({ state: 'damaged', explanation: expect.stringMatching(/^The store.+\.$/) })
    expect(await withStore((store) => store.beginLife())).toBe(2)
    await withStore((store) => store.put('charter', 'three'))
    expect(await standing()).toEqual(found)
  })

  it('is behind when the store was emptied, in this life and later ones', async () => {
    await fillStore()
    await rm(storeDirectory(directory), { recursive: true })
    const found = await standing()
    expect(found).toMatchObject({ state: 'behind', explanation: expect.stringContaining('it holds 0 batches of 6') })
    await withStore((store) => store.put('charter', 'three'))
    expect(await standing()).toEqual(found)
    expect(readMark(directory)).toMatchObject({ batch: 7 })
  })

  it('is behind when the store was put back from a copy, however often', async () => {
    await fillStore()
    const copy = join(directory, 'copy')
    await cp(storeDirectory(directory), copy, { recursive: true })
    for (let time = 0; time < 2; time++) {
      await withStore((store) => store.appendDecision(decision(3), [CAST]))
      await rm(storeDirectory(directory), { recursive: true })
      await cp(copy, storeDirectory(directory), { recursive: true })
      expect(await standing()).toMatchObject({ state: 'behind' })
    }
  })

  it('is sound when all that is wrong is damage inside records, which are told one by one', async () => {
    await fillStore()
    await tamper(async (database) => {
      for (const key of [`open/${decision(1)}/0000000002`, 'named/charter']) {
        const record = Uint8Array.from((await database.get(key)) as Uint8Array)
        record[20 % record.length] = (record[20 % record.length] as number) ^ 1
        await database.put(key, record)
      }
    })
    await withStore(async (store) => {
      expect(store.standing).toEqual(SOUND)
      expect(store.damaged).toEqual(['named/charter', `open/${decision(1)}/0000000002`])
      expect(await store.openDecisions()).toMatchObject([{ complete: false }])
      await store.closeDecision(decision(1), CLOSED)
      await store.put('charter', 'three')
    })
    expect(await standing()).toEqual(SOUND)
    expect(await withStore((store) => store.damaged)).toEqual([])
  })
})

describe('the mark beside a store', () => {
  it('is for its own user only', async () => {
    await fillStore()
    expect((await stat(join(directory, MARK_FILE))).mode & 0o777).toBe(0o600)
  })

  it('proves nothing when it is gone, and is there again after the next write', async () => {
    await fillStore()
    await rm(join(directory, MARK_FILE))
    expect(await standing()).toEqual(SOUND)
    await withStore((store) => store.put('charter', 'three'))
    expect(readMark(directory)).toEqual({ batch: 7, life: 1 })
  })

  it.each(['', 'equipotent-mark/1 0000000000000099 0000000000000001 0123456789abcdef\n', 'x'.repeat(100)])(
    'proves nothing when it is unreadable, and that is told: %j',
    async (text) => {
      await fillStore()
      await writeFile(join(directory, MARK_FILE), text)
      expect(await standing()).toEqual({ state: 'sound', explanation: expect.stringContaining('mark') })
      await withStore((store) => store.put('charter', 'three'))
      expect(readMark(directory)).toEqual({ batch: 7, life: 1 })
      expect(await standing()).toEqual(SOUND)
    }
  )

  it('that is older than the store proves nothing', async () => {
    await fillStore()
    const mark = await readFile(join(directory, MARK_FILE))
    await withStore((store) => store.put('charter', 'three'))
    await writeFile(join(directory, MARK_FILE), mark)
    expect(await standing()).toEqual(SOUND)
  })
})

describe('a life', () => {
  it('has the number after the one before, and reading begins none', async () => {
    for (const expected of [1, 2, 3]) {
      expect(await withStore((store) => store.beginLife())).toBe(expected)
      await withStore((store) => store.openDecisions())
    }
  })

  it('is counted on when the store was emptied', async () => {
    await withStore((store) => store.beginLife())
    await rm(storeDirectory(directory), { recursive: true })
    expect(await withStore((store) => store.beginLife())).toBe(2)
  })
})

describe('a store of another version', () => {
  it('that is older, and has no head, is sound and gets one', async () => {
    const key = 'named/charter'
    await tamper((database) => database.put(key, sealRecord(key, utf8('one'))))
    expect(await standing()).toEqual(SOUND)
    await withStore((store) => store.appendDecision(decision(1), [CAST]))
    await tamper((database) => database.del(key))
    expect(await standing()).toMatchObject({ state: 'damaged' })
  })

  it('that is newer is refused in one sentence', async () => {
    const head = sealRecord(HEAD_KEY, utf8('{"format":"equipotent-store/3","whatever":[]}'))
    await tamper((database) => database.put(HEAD_KEY, head))
    await expect(openStore(directory)).rejects.toMatchObject({
      name: 'OptionsError',
      message: `${directory}: expected a store of this version; use the newer program, got a store that a newer version of this program has written`
    })
  })
})

describe('a database', () => {
  const tables = async (): Promise<string[]> =>
    (await readdir(storeDirectory(directory))).filter((name) => name.endsWith('.ldb'))

  it('that cannot be opened is refused with what to do and what not', async () => {
    await fillStore()
    await writeFile(join(storeDirectory(directory), 'CURRENT'), 'MANIFEST')
    await expect(openStore(directory)).rejects.toMatchObject({
      name: 'OperationError',
      message: expect.stringMatching(/^The store in .+ is damaged\. Do not empty it .+\.$/)
    })
  })

  it('that needs a damaged table is refused every time, and the table stays where it was', async () => {
    await fillStore()
    await standing()
    const [table] = await tables()
    const path = join(storeDirectory(directory), table as string)
    const bytes = await readFile(path)
    bytes[10] = (bytes[10] as number) ^ 1
    await writeFile(path, bytes)
    for (let time = 0; time < 2; time++) await expect(openStore(directory)).rejects.toThrow('is damaged')
    expect(await readFile(path)).toEqual(bytes)
  })

  it('opens in spite of a table that was never completed, and drops it', async () => {
    await fillStore()
    await writeFile(join(storeDirectory(directory), '000999.ldb'), 'half a table')
    expect(await standing()).toEqual(SOUND)
    expect((await readdir(storeDirectory(directory))).filter((name) => name.startsWith('000999'))).toEqual([])
  })

  it('in use is not touched by a second process that takes a half-written table for a damaged one', async () => {
    await withStore(async (store) => {
      await writeFile(join(storeDirectory(directory), '000999.ldb'), 'half a table')
      await expect(openStore(directory)).rejects.toThrow('another process uses this data directory')
      expect(await tables()).toContain('000999.ldb')
      await store.put('charter', 'one')
    })
  })
})

describe('a process killed while it writes', () => {
  it('loses nothing that it was told is kept, and the store is sound', async () => {
    let kept = 0
    for (let round = 0; round < 3; round++) {
      kept = await writeUntilKilled(kept, 40 + 150 * round)
      const [open] = await withStore((store) => {
        expect(store.standing).toEqual(SOUND)
        return store.openDecisions()
      })
      expect(open?.complete).toBe(true)
      expect(open?.records.length).toBeGreaterThanOrEqual(kept)
      kept = open?.records.length ?? 0
    }
  }, 60_000)

  /** Runs a process that appends one input after the other; kills it when `more` were kept, and answers with their number. */
  async function writeUntilKilled(kept: number, more: number): Promise<number> {
    const script = `
      import { openStore } from ${JSON.stringify(new URL('../../src/storage/store.ts', import.meta.url).href)}
      const store = await openStore(${JSON.stringify(directory)})
      for (let count = ${kept + 1}; ; count++) {
        await store.appendDecision('${decision(1)}', [{ type: 'frame', frame: new Uint8Array(30_000).fill(count) }])
        process.stdout.write(count + '\\n')
      }`
    const child = spawn(process.execPath, ['--import', 'tsx', '--input-type=module', '-e', script])
    onTestFinished(() => void child.kill('SIGKILL'))
    let last = kept
    for await (const line of createInterface(child.stdout)) {
      last = Number(line)
      if (last === kept + more) child.kill('SIGKILL')
    }
    if (child.exitCode === null && child.signalCode === null) await once(child, 'exit')
    expect(child.signalCode).toBe('SIGKILL')
    return last
  }
})
