/** What a store does on a disk that is full: a real one, two megabytes of memory mounted for the purpose. */

import { rmSync, watch } from 'node:fs'
import { readdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, it, onTestFinished, type TestContext } from 'vitest'
import type { DecisionId } from '../../src/core/ids.ts'
import { PROBE_FILE } from '../../src/storage/room.ts'
import { openStore, type Store, type StoredInput } from '../../src/storage/store.ts'
import { temporaryDirectory, until } from '../support/peers.ts'
import { fill, free, mountSmallDisk } from '../support/small-disk.ts'

const DISK_SIZE_KIB = 2_048
const RETRY_AFTER_MS = 20

const decision = (index: number): DecisionId => index.toString(16).padStart(64, '0') as DecisionId
const input = (index: number): StoredInput => ({ type: 'timed-out', timer: `${index}` })
const CLOSED = { outcome: '{"result":"lake"}', certificate: 'lake' }

/** A disk of its own for this test. */
async function smallDisk(ctx: TestContext): Promise<string> {
  const disk = join(await temporaryDirectory(), 'disk')
  mountSmallDisk(ctx, disk, DISK_SIZE_KIB)
  return disk
}

interface Opened {
  readonly store: Store
  readonly directory: string
  readonly troubles: (string | undefined)[]
}

async function openOn(disk: string): Promise<Opened> {
  const directory = join(disk, 'peer')
  const troubles: (string | undefined)[] = []
  const store = await openStore(directory, {
    onTrouble: (trouble) => troubles.push(trouble),
    retryAfterMs: RETRY_AFTER_MS
  })
  onTestFinished(() => store.close())
  return { store, directory, troubles }
}

/** Appends one input after the other until the disk is full; answers with how many were acknowledged, and the one pending. */
async function appendUntilFull(opened: Opened): Promise<{ readonly count: number; readonly pending: Promise<void> }> {
  for (let count = 0; ; count++) {
    const pending = opened.store.appendDecision(decision(1), [input(count)])
    const stopped = until(() => opened.troubles.at(-1) !== undefined).then(() => 'full')
    if ((await Promise.race([pending.then(() => 'kept'), stopped])) === 'full') return { count, pending }
  }
}

/** Resolves when the store has looked for room a few times. */
async function untilTried(directory: string): Promise<void> {
  let count = 0
  const watcher = watch(directory, (_, name) => {
    if (name === PROBE_FILE) count += 1
  })
  await until(() => count >= 6)
  watcher.close()
}

/** True if a promise is settled by now. */
async function isSettled(promise: Promise<unknown>): Promise<boolean> {
  const settled = promise.then(
    () => true,
    () => true
  )
  return await Promise.race([settled, Promise.resolve(false)])
}

describe('a store on a full disk', () => {
  it('leaves nothing behind that fills it further, even if its process was killed', async () => {
    const directory = await temporaryDirectory()
    await writeFile(join(directory, PROBE_FILE), 'zeros')
    await (await openStore(directory)).close()
    expect(await readdir(directory)).toEqual(['store'])
  })

  it('holds writes back, reads on, says so, and goes on in order when there is room', async (ctx) => {
    const disk = await smallDisk(ctx)
    const opened = await openOn(disk)
    const { store, directory, troubles } = opened
    await store.closeDecision(decision(7), CLOSED)
    await store.put('charter', 'ours')
    fill(disk)
    const { count, pending } = await appendUntilFull(opened)
    const later = store.closeDecision(decision(8), CLOSED)
    expect(store.trouble).toMatch(
      /^Nothing can be written into .+\(No space left on device\), so nothing is said until it can\.$/
    )
    expect(await store.certificate(decision(7))).toBe('lake')
    expect(await store.get('charter')).toBe('ours')
    await untilTried(directory)
    expect(await store.certificate(decision(7))).toBe('lake')
    expect((await store.openDecisions())[0]?.records).toHaveLength(count)
    expect([await isSettled(pending), await isSettled(later)]).toEqual([false, false])

    free(disk)
    await Promise.all([pending, later])
    expect(store.trouble).toBeUndefined()
    expect(troubles.map((trouble) => trouble !== undefined)).toEqual([true, false])
    await store.appendDecision(decision(1), [input(count + 1)])
    await store.close()

    const again = await openStore(directory)
    expect(again.standing).toEqual({ state: 'sound', explanation: '' })
    expect(again.decided).toEqual([decision(7), decision(8)])
    const records = Array.from({ length: count + 2 }, (_, index) => input(index))
    expect(await again.openDecisions()).toEqual([{ decision: decision(1), records, complete: true }])
    await again.close()
    expect(await readdir(directory)).toEqual(['store', 'store-mark'])
  })

  it('survives being full again and again', async (ctx) => {
    const disk = await smallDisk(ctx)
    const opened = await openOn(disk)
    let expected = 0
    for (let round = 0; round < 5; round++) {
      fill(disk)
      const pending: Promise<void>[] = []
      while (opened.store.trouble === undefined) {
        pending.push(opened.store.appendDecision(decision(1), [input(expected++)]))
        await Promise.race([pending.at(-1), until(() => opened.store.trouble !== undefined)])
      }
      free(disk)
      await Promise.all(pending)
    }
    await opened.store.close()
    const again = await openStore(opened.directory)
    expect(again.standing.state).toBe('sound')
    const [open] = await again.openDecisions()
    expect(open?.records).toEqual(Array.from({ length: expected }, (_, index) => input(index)))
    await again.close()
  })

  it('is closed at once, telling what may have happened from what did not', async (ctx) => {
    const disk = await smallDisk(ctx)
    const opened = await openOn(disk)
    await opened.store.put('charter', 'ours')
    fill(disk)
    const { count, pending } = await appendUntilFull(opened)
    const tried = expect(pending).rejects.toMatchObject({ name: 'OperationError', outcome: 'unknown' })
    const waiting = expect(opened.store.put('charter', 'theirs')).rejects.toMatchObject({
      name: 'OperationError',
      outcome: 'did-not-happen'
    })
    await opened.store.close()
    await Promise.all([tried, waiting])
    free(disk)
    const again = await openStore(opened.directory)
    expect(again.standing.state).toBe('sound')
    const records = (await again.openDecisions())[0]?.records ?? []
    expect(records.slice(0, count)).toEqual(Array.from({ length: count }, (_, index) => input(index)))
    expect(records.length).toBeLessThanOrEqual(count + 1)
    expect(await again.get('charter')).toBe('ours')
    await again.close()
  })

  it('that was emptied meanwhile is not written again', async (ctx) => {
    const disk = await smallDisk(ctx)
    const opened = await openOn(disk)
    await opened.store.put('charter', 'ours')
    fill(disk)
    const { pending } = await appendUntilFull(opened)
    const refused = expect(pending).rejects.toThrow('is damaged')
    rmSync(join(opened.directory, 'store'), { recursive: true })
    free(disk)
    await refused
    await expect(opened.store.put('charter', 'x')).rejects.toMatchObject({ name: 'OperationError' })
  })
})
