import { appendFileSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { TraceEvent } from '../../src/consensus/trace.ts'
import { readEvidence } from '../../src/observation/evidence-files.ts'
import { createJournal, readJournal, readJournals } from '../../src/storage/journal.ts'

let directory = ''
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'journal-'))
})
afterEach(() => rmSync(directory, { recursive: true }))

const file = (): string => join(directory, 'journal.ndjson')
const stopped = (t: number): TraceEvent => ({ t, peer: 'selfself', type: 'peer-stopped', reason: 'test' })

describe('a journal', () => {
  it('writes rare events at once and frequent ones when flushed', () => {
    const journal = createJournal(file())
    journal.append({ t: 0, peer: 'selfself', type: 'dropped', reason: 'x', count: 1 })
    expect(readJournal(file()).events).toEqual([])
    journal.append(stopped(1))
    expect(readJournal(file()).events.map(({ type }) => type)).toEqual(['dropped', 'peer-stopped'])
    journal.append({ t: 2, peer: 'selfself', type: 'dropped', reason: 'x', count: 1 })
    journal.close()
    expect(readJournal(file()).events).toHaveLength(3)
  })

  it('is read up to a torn last line, and goes on after it on a fresh one', () => {
    const first = createJournal(file())
    first.append(stopped(1))
    first.close()
    appendFileSync(file(), '{"t":2,"peer":"self')
    expect(readJournal(file())).toEqual({ events: [stopped(1)], unreadableCount: 1 })
    const second = createJournal(file())
    second.append(stopped(3))
    second.close()
    expect(readJournal(file())).toEqual({ events: [stopped(1), stopped(3)], unreadableCount: 1 })
  })

  it('keeps one full file and no more', () => {
    const journal = createJournal(file(), { sizeBytesMax: 200 })
    for (let t = 0; t < 20; t++) journal.append(stopped(t))
    journal.close()
    expect(statSync(file()).size + statSync(join(directory, 'journal.1.ndjson')).size).toBeLessThan(2 * 300)
    expect(readJournals(directory).events.at(-1)).toEqual(stopped(19))
  })

  it('is for its owner alone', () => {
    createJournal(file()).close()
    expect(statSync(file()).mode & 0o777).toBe(0o600)
  })

  it('drops what comes after its end without a word', () => {
    const journal = createJournal(file())
    journal.close()
    journal.append(stopped(1))
    expect(readFileSync(file(), 'utf8')).toBe('')
  })

  it('steps over lines that are JSON and no event', () => {
    writeFileSync(file(), `null\n[]\n{"t":"1"}\n${JSON.stringify(stopped(4))}\n`)
    expect(readJournal(file())).toEqual({ events: [stopped(4)], unreadableCount: 3 })
  })
})

describe('evidence', () => {
  it('is empty, and no error, for a folder in which nothing happened', () => {
    expect(readEvidence(directory)).toMatchObject({ short: '', events: [], certificates: [] })
  })
})
