import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { LevelDatastore } from 'datastore-level'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { DecisionId } from '../../src/core/ids.ts'
import { openStore, type Store, type StoredInput, storeDirectory } from '../../src/storage/store.ts'

const decision = (index: number): DecisionId => index.toString(16).padStart(64, '0') as DecisionId
const FRAME: StoredInput = { type: 'frame', frame: Uint8Array.of(1, 2, 3, 255) }
const SAID: StoredInput = { type: 'said', frame: new Uint8Array(0) }
const CAST: StoredInput = { type: 'answered', answer: { type: 'choice', choices: [0, 2] }, seal: true }
const TIMED_OUT: StoredInput = { type: 'timed-out', timer: 'deadline' }
const CLOSED = { outcome: '{"result":"lake"}', certificate: '{"certificate":"für alle"}' }

let directory = ''
let store: Store
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'equipotent-store-'))
  store = await openStore(directory)
})
afterEach(async () => {
  await store.close()
  await rm(directory, { recursive: true, force: true })
})

async function reopen(): Promise<void> {
  await store.close()
  store = await openStore(directory)
}

/** Changes the database behind the store's back. */
async function tamper(change: (database: LevelDatastore['db']) => Promise<unknown>): Promise<void> {
  await store.close()
  const { db } = new LevelDatastore(storeDirectory(directory))
  await db.open()
  await change(db)
  await db.close()
  store = await openStore(directory)
}

/** Flips one bit of the record under the first key that begins with `prefix`; answers with the key. */
async function flipBit(prefix: string, bit: number): Promise<string> {
  let changed = ''
  await tamper(async (database) => {
    for await (const [key, value] of database.iterator({ gte: prefix, limit: 1 })) {
      changed = key
      const record = Uint8Array.from(value)
      const at = Math.min(bit >> 3, record.length - 1)
      record[at] = (record[at] as number) ^ (1 << (bit & 7))
      await database.put(key, record)
    }
  })
  return changed
}

describe('an open decision', () => {
  it('comes back after a restart, in order and whole', async () => {
    await store.appendDecision(decision(1), [FRAME, SAID])
    await store.appendDecision(decision(2), [FRAME])
    await store.appendDecision(decision(1), [CAST])
    await reopen()
    await store.appendDecision(decision(1), [TIMED_OUT])
    await reopen()
    expect(await store.openDecisions()).toEqual([
      { decision: decision(1), records: [FRAME, SAID, CAST, TIMED_OUT], complete: true },
      { decision: decision(2), records: [FRAME], complete: true }
    ])
    expect(store.damaged).toEqual([])
  })

  it('keeps the order of appends that nobody waited for', async () => {
    const numbers = Array.from({ length: 300 }, (_, index) => index)
    await Promise.all(
      numbers.map((index) => store.appendDecision(decision(1), [{ type: 'timed-out', timer: `${index}` }]))
    )
    await reopen()
    const [stored] = await store.openDecisions()
    expect(stored?.records).toEqual(numbers.map((index) => ({ type: 'timed-out', timer: `${index}` })))
  })

  it('is on the disk when its promise is kept, even if the process then dies', async () => {
    const script = `
      import { openStore } from ${JSON.stringify(new URL('../../src/storage/store.ts', import.meta.url).href)}
      const store = await openStore(${JSON.stringify(join(directory, 'killed'))})
      await store.appendDecision('${decision(1)}', [{ type: 'timed-out', timer: 'deadline' }])
      process.kill(process.pid, 'SIGKILL')`
    const child = spawn(process.execPath, ['--import', 'tsx', '--input-type=module', '-e', script])
    const [, signal] = (await once(child, 'exit')) as [number | null, string | null]
    expect(signal).toBe('SIGKILL')
    const survivor = await openStore(join(directory, 'killed'))
    expect(await survivor.openDecisions()).toEqual([{ decision: decision(1), records: [TIMED_OUT], complete: true }])
    await survivor.close()
  }, 20_000)
})

describe('a closed decision', () => {
  it('leaves its certificate in the place of its records', async () => {
    await store.appendDecision(decision(1), [FRAME, CAST])
    await store.closeDecision(decision(1), CLOSED)
    await reopen()
    expect(await store.openDecisions()).toEqual([])
    expect(store.decided).toEqual([decision(1)])
    expect(await store.certificate(decision(1))).toBe(CLOSED.certificate)
    expect(await store.closedDecision(decision(1))).toEqual(CLOSED)
    expect(await store.certificate(decision(2))).toBeUndefined()
  })

  it('is closed once, stays closed, and takes no more records', async () => {
    await store.closeDecision(decision(1), CLOSED)
    await store.closeDecision(decision(1), { outcome: 'other', certificate: 'other' })
    expect(await store.closedDecision(decision(1))).toEqual(CLOSED)
    await expect(store.appendDecision(decision(1), [CAST])).rejects.toThrow('is closed')
    await reopen()
    await expect(store.appendDecision(decision(1), [CAST])).rejects.toThrow('is closed')
  })

  it('is listed in the order of closing, restarts included', async () => {
    await store.closeDecision(decision(9), CLOSED)
    await store.closeDecision(decision(3), CLOSED)
    await reopen()
    await store.closeDecision(decision(5), { outcome: '', certificate: 'five' })
    expect(store.decided).toEqual([decision(9), decision(3), decision(5)])
    const listed: string[] = []
    for await (const { decision: id, text } of store.certificates()) listed.push(`${Number.parseInt(id, 16)} ${text}`)
    expect(listed).toEqual([`9 ${CLOSED.certificate}`, `3 ${CLOSED.certificate}`, '5 five'])
  })

  it('leaves nothing of an append that was still under way', async () => {
    const appended = store.appendDecision(decision(1), [FRAME])
    await store.closeDecision(decision(1), CLOSED)
    await appended
    await reopen()
    expect(await store.openDecisions()).toEqual([])
  })
})

describe('a named value', () => {
  it('is the one put last', async () => {
    expect(await store.get('charter')).toBeUndefined()
    await store.put('charter', 'one')
    await store.put('charter', 'zwei ✓')
    await reopen()
    expect(await store.get('charter')).toBe('zwei ✓')
  })

  it('that is damaged is an error, not an absence, until it is put anew', async () => {
    await store.put('charter', 'one')
    expect(await flipBit('named/', 130)).toBe('named/charter')
    expect(store.damaged).toEqual(['named/charter'])
    await expect(store.get('charter')).rejects.toThrow('damaged')
    await store.put('charter', 'two')
    expect(await store.get('charter')).toBe('two')
    expect(store.damaged).toEqual([])
  })
})

describe('a damaged record', () => {
  it('is found wherever the bit was flipped', async () => {
    for (const bit of [0, 5, 127, 128, 140, 10_000]) {
      await store.put('victim', 'some text')
      await flipBit('named/victim', bit)
      expect(store.damaged).toEqual(['named/victim'])
    }
  })

  it('of an open decision is left out, and the decision says that it is not complete', async () => {
    await store.appendDecision(decision(1), [FRAME, CAST, SAID])
    await store.appendDecision(decision(2), [FRAME])
    const key = await flipBit(`open/${decision(1)}/0000000001`, 200)
    expect(store.damaged).toEqual([key])
    expect(await store.openDecisions()).toEqual([
      { decision: decision(1), records: [FRAME, SAID], complete: false },
      { decision: decision(2), records: [FRAME], complete: true }
    ])
  })

  it('of a closed decision leaves it closed, without a certificate', async () => {
    await store.closeDecision(decision(1), CLOSED)
    await flipBit('closed/', 300)
    expect(store.damaged).toHaveLength(1)
    expect(store.decided).toEqual([decision(1)])
    expect(await store.certificate(decision(1))).toBeUndefined()
    await expect(store.appendDecision(decision(1), [CAST])).rejects.toThrow('is closed')
  })

  it('is one that was moved to another key, too', async () => {
    await store.appendDecision(decision(1), [FRAME, CAST])
    await tamper(async (database) => {
      const [first, second] = [`open/${decision(1)}/0000000000`, `open/${decision(1)}/0000000001`]
      const value = (await database.get(first)) as Uint8Array
      await database.put(second, value)
    })
    expect(store.damaged).toEqual([`open/${decision(1)}/0000000001`])
  })

  it('may also be missing', async () => {
    await store.appendDecision(decision(1), [FRAME, CAST, SAID])
    await tamper((database) => database.del(`open/${decision(1)}/0000000000`))
    expect(await store.openDecisions()).toEqual([{ decision: decision(1), records: [CAST, SAID], complete: false }])
  })

  it('with a name of no meaning is shown safely and changes nothing else', async () => {
    await store.appendDecision(decision(1), [FRAME])
    await tamper((database) => database.put('open/\u001b[2J/x', Uint8Array.of(1)))
    expect(store.damaged).toEqual(['open/\\u{1b}[2J/x'])
    expect(await store.openDecisions()).toEqual([{ decision: decision(1), records: [FRAME], complete: true }])
  })
})

describe('a data directory', () => {
  it('serves one store at a time', async () => {
    await expect(openStore(directory)).rejects.toMatchObject({ name: 'OptionsError' })
    await expect(openStore(directory)).rejects.toThrow('another process uses this data directory')
  })

  it('of another process is refused', async () => {
    const script = `
      import { LevelDatastore } from 'datastore-level'
      await new LevelDatastore(${JSON.stringify(join(directory, 'taken', 'store'))}).db.open()
      console.log('open')
      setInterval(() => {}, 1000)`
    const child = spawn(process.execPath, ['--input-type=module', '-e', script], { cwd: import.meta.dirname })
    await once(child.stdout, 'data')
    await expect(openStore(join(directory, 'taken'))).rejects.toThrow('another process uses this data directory')
    child.kill('SIGKILL')
    await once(child, 'exit')
    await (await openStore(join(directory, 'taken'))).close()
  }, 20_000)

  it('that is a file is refused', async () => {
    await writeFile(join(directory, 'file'), '')
    await expect(openStore(join(directory, 'file'))).rejects.toMatchObject({
      name: 'OperationError',
      outcome: 'did-not-happen'
    })
  })

  it('is not written after closing', async () => {
    await store.close()
    await expect(store.put('charter', 'x')).rejects.toMatchObject({ name: 'OperationError' })
    await expect(store.appendDecision(decision(1), [CAST])).rejects.toMatchObject({ name: 'OperationError' })
    store = await openStore(directory)
    expect(await store.openDecisions()).toEqual([])
  })
})
