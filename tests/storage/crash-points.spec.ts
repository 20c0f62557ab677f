import { execFile } from 'node:child_process'
import { readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { CRASH_POINTS, CRASH_VARIABLE, readCrash } from '../../src/storage/crash-points.ts'
import { readIdentity } from '../../src/storage/identity.ts'
import { openStore } from '../../src/storage/store.ts'
import { temporaryDirectory } from '../support/peers.ts'

const source = (path: string): string => JSON.stringify(new URL(`../../src/${path}`, import.meta.url).href)
const DECISION = 'a'.repeat(64)

interface Ended {
  readonly signal: string | undefined
  readonly code: number | undefined
  readonly output: string
  readonly errors: string
}

/** Runs a script that is to end at a crash point. */
function run(script: string, crashAt: string): Promise<Ended> {
  const environment = { ...process.env, [CRASH_VARIABLE]: crashAt }
  return new Promise((resolve) => {
    const args = ['--import', 'tsx', '--input-type=module', '-e', script]
    execFile(process.execPath, args, { env: environment }, (error, output, errors) => {
      resolve({ signal: error?.signal ?? undefined, code: Number(error?.code ?? 0), output, errors })
    })
  })
}

/** A peer's life in short: an identity, an open decision, its end; says what was promised. */
const lifeIn = (directory: string): string => `
  import { loadOrCreateIdentity } from ${source('storage/identity.ts')}
  import { openStore } from ${source('storage/store.ts')}
  await loadOrCreateIdentity(${JSON.stringify(directory)})
  console.log('identity')
  const store = await openStore(${JSON.stringify(directory)})
  await store.appendDecision('${DECISION}', [{ type: 'timed-out', timer: 'deadline' }])
  console.log('open')
  await store.closeDecision('${DECISION}', { outcome: '{}', certificate: 'lake' })
  console.log('closed')`

describe('a crash point', () => {
  it('is asked for by name, and by which visit', () => {
    expect(readCrash('before-send')).toEqual({ at: 'before-send', hit: 1 })
    expect(readCrash('store-after-batch:12')).toEqual({ at: 'store-after-batch', hit: 12 })
  })

  it.each([
    '',
    'nowhere',
    'toString',
    'before-send:',
    'before-send:0',
    'before-send:1.5',
    'Before-Send',
    'before-send '
  ])('asked for as %j is refused with the names there are', (request) => {
    const answer = readCrash(request)
    for (const name of Object.keys(CRASH_POINTS)) expect(answer).toContain(name)
  })

  it('that does not exist keeps the process from starting, with one line', async () => {
    const ended = await run(lifeIn(await temporaryDirectory()), 'nowhere')
    expect(ended).toMatchObject({ code: 2, output: '' })
    expect(ended.errors).toMatch(/^EQUIPOTENT_CRASH_AT: expected name or name:N, .+; got "nowhere"\n$/)
  })

  it.each<[string, { promised: string; identity: boolean; held: 'nothing' | 'open' | 'closed' }]>([
    ['identity-before-write', { promised: '', identity: false, held: 'nothing' }],
    ['identity-before-link', { promised: '', identity: false, held: 'nothing' }],
    ['identity-after-link', { promised: '', identity: true, held: 'nothing' }],
    ['store-before-batch', { promised: 'identity\n', identity: true, held: 'nothing' }],
    ['store-after-batch', { promised: 'identity\n', identity: true, held: 'open' }],
    ['store-after-mark', { promised: 'identity\n', identity: true, held: 'open' }],
    ['closing-before-batch', { promised: 'identity\nopen\n', identity: true, held: 'open' }],
    ['store-before-batch:2', { promised: 'identity\nopen\n', identity: true, held: 'open' }],
    ['store-after-batch:2', { promised: 'identity\nopen\n', identity: true, held: 'closed' }],
    ['closing-after-batch', { promised: 'identity\nopen\n', identity: true, held: 'closed' }]
  ])('%s ends the process there, and what was promised by then is kept', async (crashAt, expected) => {
    const directory = await temporaryDirectory()
    const ended = await run(lifeIn(directory), crashAt)
    expect(ended).toMatchObject({ signal: 'SIGKILL', output: expected.promised })
    expect((await readIdentity(directory)) !== undefined).toBe(expected.identity)
    const store = await openStore(directory)
    expect(store.standing).toEqual({ state: 'sound', explanation: '' })
    expect((await store.openDecisions()).length).toBe(expected.held === 'open' ? 1 : 0)
    expect(store.decided.length).toBe(expected.held === 'closed' ? 1 : 0)
    await store.close()
  })

  it('that is never reached changes nothing', async () => {
    const directory = await temporaryDirectory()
    expect(await run(lifeIn(directory), 'store-before-batch:3')).toMatchObject({ output: 'identity\nopen\nclosed\n' })
    expect((await readdir(join(directory))).sort()).toEqual(['identity', 'store', 'store-mark'])
  })
})
