import { cpSync, renameSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { until } from '../support/peers.ts'
import { fill, free, mountSmallDisk } from '../support/small-disk.ts'
import { launch, outcomesOf, untilCertified } from './support.ts'

const DISK_SIZE_KIB = 4_096

/** The peer whose disk is small. */
const POOR = 4
const OTHERS = [1, 2, 3] as const

const ask = { question: 'Where do we meet?', options: ['lake', 'forest'], deadlineMs: 1_000 }

describe('a peer whose disk is full', () => {
  it('stops voting, says so, reads on, and takes part again when there is room', async (ctx) => {
    const running = await launch(4, { vote: 'lake' }, (directory) => {
      const home = join(directory, `peer-${POOR}`)
      renameSync(home, `${home}-before`)
      mountSmallDisk(ctx, home, DISK_SIZE_KIB)
      cpSync(`${home}-before`, home, { recursive: true })
      rmSync(`${home}-before`, { recursive: true })
    })
    const disk = running.dataDirectory(POOR)
    const diskState = async (): Promise<string> => (await running.ask(POOR, 'status', {})).disk.state
    const before = await running.ask(POOR, 'propose', ask)
    await untilCertified(running, [POOR, ...OTHERS], before.decision)

    fill(disk)
    const during = await running.ask(1, 'propose', ask)
    await untilCertified(running, OTHERS, during.decision)
    await until(async () => (await diskState()) === 'failing')
    await expect(running.ask(POOR, 'propose', ask)).rejects.toThrow(/votes again when its disk has room/)
    // It goes on reading: what it has, and what others say.
    expect((await running.ask(POOR, 'decisions', {})).closed.map(({ decision }) => decision)).toEqual([before.decision])

    free(disk)
    await until(async () => (await diskState()) === 'well')
    await untilCertified(running, [POOR], during.decision)
    const after = await running.ask(POOR, 'propose', ask)
    await untilCertified(running, [POOR, ...OTHERS], after.decision)
    const status = await running.ask(POOR, 'status', {})
    expect([status.standing.state, status.counters['accused'] ?? 0]).toEqual(['voting', 0])
    expect((await outcomesOf(running, [POOR, ...OTHERS], during.decision)).size).toBe(1)
  })
})
