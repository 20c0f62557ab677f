import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { Statements } from '../../scripts/soak/statements.ts'
import { openStore, type StoredInput } from '../../src/storage/store.ts'
import { echo, frameOf, PROPOSAL, ROSTER } from '../wire/sample.ts'

let directory = ''
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'statements-'))
})
afterEach(() => rmSync(directory, { recursive: true }))

/** A data directory whose store holds these records of an open decision. */
async function storeWith(name: string, ...records: readonly StoredInput[]): Promise<string> {
  const dataDirectory = join(directory, name)
  const store = await openStore(dataDirectory)
  await store.appendDecision(PROPOSAL.id, records)
  await store.close()
  return dataDirectory
}

const echoOf = (node: number, hash: number): Uint8Array =>
  frameOf(node, { type: 'words', sequence: 0, words: [echo(1, hash)] }).frame

describe('what members said, as stores of killed peers have it', () => {
  it('is one thing in each slot, however often it is read', async () => {
    const statements = new Statements(ROSTER)
    const one = await storeWith('peer-1', { type: 'said', frame: echoOf(2, 7) }, { type: 'frame', frame: echoOf(3, 7) })
    const other = await storeWith('peer-2', { type: 'frame', frame: echoOf(2, 7) })
    for (const dataDirectory of [one, other, one]) await statements.read(dataDirectory, 'a peer')
    expect(statements.contradictions).toEqual([])
    expect(statements.storeCount).toBe(3)
    expect(statements.statementCount).toBe(5)
  })

  it('is a double vote if two stores have two values in one slot of one member', async () => {
    const statements = new Statements(ROSTER)
    await statements.read(await storeWith('peer-1', { type: 'said', frame: echoOf(2, 7) }), 'peer-1')
    await statements.read(await storeWith('peer-2', { type: 'frame', frame: echoOf(2, 8) }), 'peer-2')
    expect(statements.contradictions).toEqual([expect.stringMatching(/in 1\/echo \(stores of peer-1 and peer-2\)$/)])
  })

  it('is a double vote if one peer says another thing after a restart', async () => {
    const statements = new Statements(ROSTER)
    const dataDirectory = await storeWith('peer-1', { type: 'said', frame: echoOf(2, 7) })
    await statements.read(dataDirectory, 'peer-1')
    await storeWith('peer-1', { type: 'said', frame: echoOf(2, 8) })
    await statements.read(dataDirectory, 'peer-1')
    expect(statements.contradictions).toHaveLength(1)
  })
})
