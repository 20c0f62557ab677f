/**
 * Damage anywhere in a store's files is found: every byte with one flipped bit, and every file cut short.
 *
 * Without EQUIPOTENT_FULL_SWEEP=1 a sample is taken; with it, every byte and every length, which takes minutes.
 */

import { existsSync } from 'node:fs'
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { DecisionId } from '../../src/core/ids.ts'
import { type Random, randomBelow, seededRandom } from '../../src/core/random.ts'
import { MARK_FILE } from '../../src/storage/mark.ts'
import { inputToBytes } from '../../src/storage/record.ts'
import { openStore, type Store, type StoredInput } from '../../src/storage/store.ts'

const IS_FULL = process.env['EQUIPOTENT_FULL_SWEEP'] === '1'
const SEED = 20_260_801

/** Cases of a sample, for each of the two kinds of damage. */
const SAMPLE_COUNT = 400

const decision = (index: number): DecisionId => `${index}`.repeat(64) as DecisionId
const NAMES = ['charter', 'evidence-1-0', 'evidence-1-1', 'never-put']

/** An open decision, its records as text: long bytes are slow to compare. */
interface FoundOpen {
  readonly decision: DecisionId
  readonly records: readonly string[]
  readonly complete: boolean
}

/** What a reader finds; what it could not read is `undefined`. */
interface Found {
  readonly open: readonly FoundOpen[]
  readonly decided: readonly DecisionId[]
  readonly certificates: ReadonlyMap<DecisionId, string | undefined>
  readonly named: ReadonlyMap<string, string | undefined | 'damaged'>
}

let root = ''
let files = new Map<string, Uint8Array>()
let original: Found

beforeAll(async () => {
  // Thousands of stores are opened here, and memory is faster than a disk.
  root = await mkdtemp(join(existsSync('/dev/shm') ? '/dev/shm' : tmpdir(), 'equipotent-damage-'))
  const directory = join(root, 'original')
  for (const live of [firstLife, secondLife, thirdLife]) {
    const store = await openStore(directory)
    await store.beginLife()
    await live(store)
    await store.close()
  }
  files = await readFiles(directory)
  const store = await openStore(directory)
  original = await read(store)
  await store.close()
})
afterAll(() => rm(root, { recursive: true, force: true }))

const frame = (fill: number, length: number) => ({ type: 'frame', frame: new Uint8Array(length).fill(fill) }) as const

async function firstLife(store: Store): Promise<void> {
  await store.put('charter', 'the first charter '.repeat(8))
  for (const index of [1, 2, 3]) await store.appendDecision(decision(index), [frame(index, 90)])
  await store.appendDecision(decision(1), [{ type: 'timed-out', timer: 'deadline' }, frame(9, 40)])
  await store.closeDecision(decision(2), { outcome: '{"result":"lake"}', certificate: 'lake '.repeat(40) })
}

async function secondLife(store: Store): Promise<void> {
  await store.put('charter', 'the second charter')
  await store.put('evidence-1-0', 'it said two things')
  for (const index of [3, 4, 5]) await store.appendDecision(decision(index), [frame(index, 70), frame(0, 30)])
}

async function thirdLife(store: Store): Promise<void> {
  await store.appendDecision(decision(1), [{ type: 'said', frame: new Uint8Array(50).fill(7) }])
  await store.put('evidence-1-1', 'and again')
  await store.closeDecision(decision(4), { outcome: '{"result":"sea"}', certificate: 'sea '.repeat(30) })
  await store.put('charter', 'the third charter')
  // Longer than a block of the database's log: damage before it hides less than all that follows.
  await store.appendDecision(decision(6), [frame(6, 36_000)])
  await store.put('evidence-1-1', 'and once more')
}

async function readFiles(directory: string): Promise<Map<string, Uint8Array>> {
  const inStore = (await readdir(join(directory, 'store'))).map((name) => join('store', name))
  const names = [...inStore, MARK_FILE].sort()
  return new Map(await Promise.all(names.map(async (name) => [name, await readFile(join(directory, name))] as const)))
}

const textOfInput = (input: StoredInput): string => Buffer.from(inputToBytes(input)).toString('latin1')

async function read(store: Store): Promise<Found> {
  const certificates = new Map<DecisionId, string | undefined>()
  const named = new Map<string, string | undefined>()
  for (const id of store.decided) certificates.set(id, await store.certificate(id))
  for (const name of NAMES) named.set(name, await store.get(name).catch(() => 'damaged'))
  const open = (await store.openDecisions()).map((stored) => ({ ...stored, records: stored.records.map(textOfInput) }))
  return { open, decided: store.decided, certificates, named }
}

/** The ways to find damage. */
type Finding = 'refused' | 'damaged' | 'behind' | 'record' | 'harmless'

/** Opens a store with one file replaced. Fails if it passes for sound with anything in it that was not written. */
async function openWith(name: string, content: Uint8Array, what: string): Promise<Finding> {
  const directory = await mkdtemp(join(root, 'case-'))
  try {
    for (const [path, bytes] of files) {
      await mkdir(dirname(join(directory, path)), { recursive: true })
      await writeFile(join(directory, path), path === name ? content : bytes)
    }
    return await judge(directory, what)
  } finally {
    await rm(directory, { recursive: true, force: true })
  }
}

async function judge(directory: string, what: string): Promise<Finding> {
  let store: Store
  try {
    store = await openStore(directory)
  } catch (error) {
    expect(error, what).toMatchObject({ name: 'OperationError', message: expect.stringMatching(/^The store .+\.$/) })
    return 'refused'
  }
  try {
    const { state, explanation } = store.standing
    if (state !== 'sound') {
      expect(explanation, what).toMatch(/^The store.+\.$/)
      return state
    }
    const found = await read(store)
    expectNothingElse(found, what)
    return store.damaged.length > 0 ? 'record' : 'harmless'
  } finally {
    await store.close()
  }
}

/** What passes for whole is what was written, and what is not whole says so. */
function expectNothingElse(found: Found, what: string): void {
  expect(found.decided, what).toEqual(original.decided)
  expect(
    found.open.map((open) => open.decision),
    what
  ).toEqual(original.open.map((open) => open.decision))
  for (const [index, open] of found.open.entries()) if (open.complete) expect(open, what).toEqual(original.open[index])
  for (const [id, text] of found.certificates) expect([undefined, original.certificates.get(id)], what).toContain(text)
  for (const [name, text] of found.named) expect(['damaged', original.named.get(name)], what).toContain(text)
}

/** Every case, or as many of them as a sample has. */
function chosen<T>(cases: readonly T[], random: Random): readonly T[] {
  return IS_FULL ? cases : Array.from({ length: SAMPLE_COUNT }, () => cases[randomBelow(random, cases.length)] as T)
}

/** Every byte of every file. */
function everyByte(): { readonly name: string; readonly at: number }[] {
  return [...files].flatMap(([name, bytes]) => Array.from({ length: bytes.length }, (_, at) => ({ name, at })))
}

function report(kind: string, findings: ReadonlyMap<string, number>): void {
  if (IS_FULL) process.stdout.write(`${kind}, seed ${SEED}: ${JSON.stringify([...findings])}\n`)
}

describe('a store in whose files', () => {
  it('one bit is flipped is refused, or says what is lost, or has lost nothing', { timeout: 1_800_000 }, async () => {
    const random = seededRandom(SEED)
    const findings = new Map<string, number>()
    for (const { name, at } of chosen(everyByte(), random)) {
      const content = Uint8Array.from(files.get(name) as Uint8Array)
      const bit = randomBelow(random, 8)
      content[at] = (content[at] as number) ^ (1 << bit)
      const finding = await openWith(name, content, `bit ${bit} of byte ${at} of ${name}`)
      findings.set(finding, (findings.get(finding) ?? 0) + 1)
    }
    report('flips', findings)
    for (const finding of ['refused', 'damaged', 'behind', 'harmless']) expect(findings.get(finding)).toBeGreaterThan(0)
  })

  it('one is cut short is refused, or says what is lost, or has lost nothing', { timeout: 1_800_000 }, async () => {
    const random = seededRandom(SEED)
    const findings = new Map<string, number>()
    for (const { name, at } of chosen(everyByte(), random)) {
      const content = (files.get(name) as Uint8Array).subarray(0, at)
      const finding = await openWith(name, content, `${name} cut to ${at} bytes`)
      findings.set(finding, (findings.get(finding) ?? 0) + 1)
    }
    report('cuts', findings)
    for (const finding of ['refused', 'behind']) expect(findings.get(finding)).toBeGreaterThan(0)
  })

  it.each([
    ['store', 'behind'],
    [MARK_FILE, 'harmless']
  ])('%s is missing is %s', async (gone, expected) => {
    const directory = await mkdtemp(join(root, 'gone-'))
    for (const [path, bytes] of files) {
      await mkdir(dirname(join(directory, path)), { recursive: true })
      await writeFile(join(directory, path), bytes)
    }
    await rm(join(directory, gone), { recursive: true })
    expect(await judge(directory, gone)).toBe(expected)
  })
})
