import { execFileSync } from 'node:child_process'
import { readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import type { TraceEvent } from '../../src/consensus/trace.ts'
import { createJournal, JOURNAL_FILE, readJournals } from '../../src/storage/journal.ts'
import { temporaryDirectory } from '../support/peers.ts'
import { mountSmallDisk } from '../support/small-disk.ts'

const stopped = (t: number): TraceEvent => ({ t, peer: 'selfself', type: 'peer-stopped', reason: 'test' })

describe('a journal on a disk that takes no new file', () => {
  it('counts what it loses when it is full, goes on when it can, and writes into no other file', async (ctx) => {
    const disk = join(await temporaryDirectory(), 'disk')
    mountSmallDisk(ctx, disk, 1_024)
    execFileSync('mount', ['-o', 'remount,nr_inodes=8', disk])
    const journal = createJournal(join(disk, JOURNAL_FILE), { sizeBytesMax: 1 })
    journal.append(stopped(0))
    const others = fillWithFiles(disk)
    // The second event is the first that finds the journal full.
    for (const t of [1, 2, 3]) journal.append(stopped(t))
    expect(journal.lostCount).toBe(3)
    // Had a closed file been written, it would have been the one opened since.
    expect(others.map((name) => readFileSync(join(disk, name), 'utf8'))).toEqual(others.map(() => ''))
    rmSync(join(disk, others[0] as string))
    journal.append(stopped(4))
    journal.close()
    expect(readJournals(disk).events).toEqual([stopped(0), stopped(4)])
    expect(journal.lostCount).toBe(3)
  })
})

/** Makes empty files until there can be no more. */
function fillWithFiles(disk: string): string[] {
  const names: string[] = []
  for (let count = 0; ; count++) {
    try {
      writeFileSync(join(disk, `other-${count}`), '')
    } catch (error) {
      expect((error as NodeJS.ErrnoException).code).toBe('ENOSPC')
      return names
    }
    names.push(`other-${count}`)
  }
}
