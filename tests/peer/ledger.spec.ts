import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { nodeId } from '../../src/core/ids.ts'
import { Disk } from '../../src/peer/disk.ts'
import { Ledger } from '../../src/peer/ledger.ts'
import { openStore } from '../../src/storage/store.ts'
import { temporaryDirectory, until } from '../support/peers.ts'
import { fill, mountSmallDisk } from '../support/small-disk.ts'
import { benchOf, PROPOSAL } from './drivers.ts'

describe('a ledger', () => {
  it('runs jobs in order, and none after one that failed', async () => {
    const done: number[] = []
    const fatal: unknown[] = []
    const ledger = new Ledger((error) => fatal.push(error))
    const failure = new Error('no')
    ledger.write(async () => void done.push(await Promise.resolve(1)))
    ledger.write(async () => void done.push(2))
    ledger.write(() => Promise.reject(failure))
    ledger.write(async () => void done.push(4))
    await expect(ledger.written()).rejects.toBe(failure)
    expect([done, fatal]).toEqual([[1, 2], [failure]])
  })

  it('does not call it fatal when a job fails after the end', async () => {
    const fatal: unknown[] = []
    const ledger = new Ledger((error) => fatal.push(error))
    ledger.write(() => Promise.reject(new Error('closed')))
    await ledger.end()
    expect(fatal).toEqual([])
  })
})

describe('a driver on a full disk', () => {
  it('stops at once, without having said what was not kept', async (ctx) => {
    const disk = join(await temporaryDirectory(), 'disk')
    mountSmallDisk(ctx, disk, 2_048)
    const room = new Disk()
    const store = await openStore(join(disk, 'peer'), { onTrouble: room.onTrouble })
    const { driver, clock, published, fatal } = await benchOf(store, nodeId(1), 0, room)
    fill(disk)
    // More than the rest of the last page that the disk gave out.
    const padding = store.put('padding', 'x'.repeat(10_000)).catch(() => 'not kept')
    await until(() => store.trouble !== undefined)
    const proposed = driver.propose(PROPOSAL).catch(() => 'not proposed')
    clock.settle()
    await driver.stop()
    expect([await padding, await proposed]).toEqual(['not kept', 'not proposed'])
    expect([published, fatal]).toEqual([[], []])
  })
})
