/**
 * Peers that end at the worst instants: around everything that is put on disk or sent. One member is a witness that writes
 * down every byte it is told, and what a peer has ever said to it must stand in that peer's store.
 */

import { spawn } from 'node:child_process'
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { beforeAll, describe, expect, it, onTestFinished } from 'vitest'
import { EXIT } from '../../src/cli/io.ts'
import { fromHex } from '../../src/core/bytes.ts'
import type { NodeId } from '../../src/core/ids.ts'
import type { DecisionMessage } from '../../src/decision/decision-message.ts'
import { findContradiction } from '../../src/decision/evidence.ts'
import { CRASH_POINTS, CRASH_VARIABLE, type CrashPoint } from '../../src/storage/crash-points.ts'
import { identityFile, readIdentity } from '../../src/storage/identity.ts'
import { verify } from '../../src/storage/keys.ts'
import { openStore } from '../../src/storage/store.ts'
import { type Envelope, openEnvelope } from '../../src/wire/envelope.ts'
import { launchMixed, type Mixed, remainsOf, untilLinked } from '../byzantine/community.ts'
import { temporaryDirectory, until } from '../support/peers.ts'
import { launch, PEER_ENTRY } from './support.ts'

const SEED = Number(process.env['EQUIPOTENT_SEED'] ?? Math.floor(Math.random() * 1_000_000))
beforeAll(() => console.log(`EQUIPOTENT_SEED=${SEED} makes the members draw the same again`))

/** The peer that crashes, and one that does not. */
const CRASHING = 3
const STEADY = 1

/** Everybody votes at once, at random; nobody waits long for the one that is down. */
const QUESTION = { question: 'Where do we meet?', options: ['lake', 'forest'], deadlineMs: 1_000 }
const VOTE = { vote: 'random' } as const

/** Decisions that are begun, at most, until the peer ends where it should. */
const DECISIONS_MAX = 40

/** Where a running peer may end: at which visits. Those of the identity come before a peer runs. */
const VISITS: readonly (readonly [CrashPoint, readonly number[]])[] = (Object.keys(CRASH_POINTS) as CrashPoint[])
  .filter((point) => !point.startsWith('identity-'))
  .map((point) => [point, point.startsWith('store-') || point.endsWith('-send') ? [1, 4] : [2]])

/** What the witness has heard, read as words with the member that said them. */
function heardWords(mixed: Mixed, author: NodeId): Map<string, Envelope[]> {
  const witness = mixed.companions[0]
  const lines = readFileSync(join(mixed.dataDirectory(witness?.number as number), 'heard.txt'), 'utf8').split('\n')
  const byDecision = new Map<string, Envelope[]>()
  for (const line of lines) {
    const opened = line === '' ? undefined : openEnvelope(fromHex(line) as Uint8Array, mixed.roster, verify)
    if (opened?.ok !== true || opened.from !== author || opened.envelope.payload.type !== 'words') continue
    const decision = opened.envelope.decision as string
    byDecision.set(decision, [...(byDecision.get(decision) ?? []), opened.envelope])
  }
  return byDecision
}

const wordsOf = ({ payload }: Envelope): readonly DecisionMessage[] => (payload.type === 'words' ? payload.words : [])

/** Words of a peer that the witness has heard and the store of that peer, which does not run, does not know. */
async function forgotten(mixed: Mixed, number: number): Promise<string[]> {
  const heard = heardWords(mixed, mixed.nodeOf(number))
  const store = await openStore(mixed.dataDirectory(number))
  try {
    const closed = new Set<string>(store.decided)
    const open = new Map((await store.openDecisions()).map((kept) => [kept.decision as string, kept]))
    return [...heard].flatMap(([decision, envelopes]) => {
      if (closed.has(decision)) return []
      const records = open.get(decision)?.records ?? []
      const said = new Set(
        records.map((record) => (record.type === 'said' ? Buffer.from(record.frame).toString('hex') : ''))
      )
      return envelopes
        .filter(({ frame }) => !said.has(Buffer.from(frame).toString('hex')))
        .map(({ id }) => `${decision} ${id}`)
    })
  } finally {
    await store.close()
  }
}

/** Slots in which two frames of one member, whenever it said them, do not agree. */
function contradictions(mixed: Mixed, number: number): string[] {
  return [...heardWords(mixed, mixed.nodeOf(number))].flatMap(([decision, envelopes]) =>
    envelopes.flatMap((one, index) =>
      envelopes.slice(index).flatMap((other) => {
        const found = findContradiction(wordsOf(one), wordsOf(other))
        return found === undefined ? [] : [`${decision} ${found.slot}`]
      })
    )
  )
}

/** Why a peer ever stopped to vote, by its own journal. */
function observations(mixed: Mixed, number: number): string[] {
  return mixed
    .heard(number)
    .flatMap((event) => (event.type === 'standing' && event.standing === 'observing' ? [event.reason] : []))
}

/** Restarts the peer armed, and decides one thing after the other until it has ended there. The answer is how it ended. */
async function crash(mixed: Mixed, point: CrashPoint, visit: number, decisions: string[]): Promise<string> {
  await mixed.launcher.stop(CRASHING)
  const environment = { [CRASH_VARIABLE]: `${point}:${visit}` }
  const started = await mixed.launcher.restart(CRASHING, { ...VOTE, environment }).catch((error: Error) => error)
  if (started instanceof Error) return started.message
  for (let count = 0; started.running && count < DECISIONS_MAX; count++) {
    const by = count % 2 === 0 ? CRASHING : STEADY
    const proposed = await mixed.ask(by, 'propose', QUESTION).catch((error: Error) => error)
    if (!(proposed instanceof Error)) decisions.push(proposed.decision)
    await Promise.race([started.exited, untilNothingOpen(mixed, STEADY)])
  }
  if (started.running) await mixed.launcher.kill(CRASHING, 'SIGTERM')
  return started.exited
}

async function untilNothingOpen(mixed: Mixed, number: number): Promise<void> {
  await until(async () => (await mixed.ask(number, 'status', {})).open.length === 0, 30_000)
}

describe('a peer that is killed at a crash point', () => {
  it('has in its store all that anybody ever heard of it, never contradicts itself, and decides what the others do', async () => {
    const mixed = await launchMixed({ size: 4, companions: 1, program: 'witness.ts', seed: SEED, start: VOTE })
    const decisions: string[] = []
    for (const [point, visits] of VISITS) {
      for (const visit of visits) {
        const label = `${point}:${visit}`
        expect(await crash(mixed, point, visit, decisions), label).toContain('SIGKILL')
        expect(await forgotten(mixed, CRASHING), label).toEqual([])
        await mixed.launcher.restart(CRASHING, VOTE)
        await untilLinked(mixed, [CRASHING])
        await until(async () => (await mixed.ask(CRASHING, 'status', {})).standing.state !== 'asking', 30_000)
        await untilNothingOpen(mixed, CRASHING)
        await untilNothingOpen(mixed, STEADY)
        expect(observations(mixed, CRASHING), `after ${label}`).toEqual([])
      }
    }
    const { decision } = await mixed.ask(CRASHING, 'propose', QUESTION)
    decisions.push(decision)
    for (const number of mixed.honest) {
      await until(async () => {
        const { closed } = await mixed.ask(number, 'decisions', {})
        return decisions.every((made) => closed.some((known) => known.decision === made && known.certified))
      }, 30_000)
    }
    await mixed.launcher.stopAll()
    const remains = await Promise.all(mixed.honest.map((number) => remainsOf(mixed, number)))
    for (const made of decisions) expect(new Set(remains.map(({ outcomes }) => outcomes.get(made))).size).toBe(1)
    for (const { events, convicted, number } of remains) {
      expect(convicted).toEqual([])
      expect(events.filter(({ type }) => type === 'accused')).toEqual([])
      expect(observations(mixed, number)).toEqual([])
    }
    // The witness has heard something of it: otherwise all of this says nothing.
    expect(heardWords(mixed, mixed.nodeOf(CRASHING)).size).toBeGreaterThan(VISITS.length)
    for (const number of mixed.honest) expect(contradictions(mixed, number)).toEqual([])
  }, 420_000)
})

/** One run of a peer on its own, which founds a community of one. The answer is how it ended, and whether it ever listened. */
async function runAlone(
  data: string,
  environment: Readonly<Record<string, string>>,
  end: NodeJS.Signals
): Promise<string> {
  const child = spawn(process.execPath, [PEER_ENTRY, '--data', data, '--name', 'heron'], {
    stdio: ['ignore', 'ignore', 'ignore', 'ipc'],
    env: { ...process.env, ...environment }
  })
  onTestFinished(() => void child.kill('SIGKILL'))
  child.once('message', () => child.kill(end))
  return new Promise((resolve) => child.once('exit', (code, signal) => resolve(signal ?? `exit code ${code}`)))
}

describe('the very first start of a peer', () => {
  it.each([
    ['identity-before-write', false],
    ['identity-before-link', false],
    ['identity-after-link', true]
  ] as const)('that is killed at %s leaves a whole identity or none', async (point, isThere) => {
    const data = join(await temporaryDirectory(), 'heron')
    expect(await runAlone(data, { [CRASH_VARIABLE]: point }, 'SIGTERM')).toBe('SIGKILL')
    const before = await readIdentity(data)
    expect(before !== undefined).toBe(isThere)
    expect(existsSync(identityFile(data))).toBe(isThere)
    expect(await runAlone(data, {}, 'SIGTERM')).toBe(`exit code ${EXIT.done}`)
    const after = await readIdentity(data)
    expect(after).toBeDefined()
    if (before !== undefined) expect(after?.key).toBe(before.key)
  })

  it('takes away the secret that a killed start has left under a temporary name', async () => {
    const data = join(await temporaryDirectory(), 'heron')
    await runAlone(data, { [CRASH_VARIABLE]: 'identity-before-link' }, 'SIGTERM')
    await runAlone(data, {}, 'SIGTERM')
    expect(readdirSync(data).filter((name) => name.endsWith('.new'))).toEqual([])
  })
})

/** How long a clean stop may take. Unit: milliseconds. */
const CLEAN_STOP_MS = 5_000

describe('a peer that is asked to end', () => {
  it.each(['SIGTERM', 'SIGINT'] as const)(
    'by %s ends within five seconds with code 0 and a whole store',
    async (signal) => {
      const running = await launch(4, VOTE)
      const { decision } = await running.ask(2, 'propose', { ...QUESTION, deadlineMs: 60_000 })
      const child = running.launcher.child(2)
      const startMs = performance.now()
      await running.launcher.kill(2, signal)
      expect(await child?.exited).toBe(`exit code ${EXIT.done}`)
      expect(performance.now() - startMs).toBeLessThan(CLEAN_STOP_MS)
      expect(existsSync(join(running.dataDirectory(2), 'pid'))).toBe(false)
      const store = await openStore(running.dataDirectory(2))
      const known = [...store.decided, ...(await store.openDecisions()).map((open) => open.decision)]
      expect(store.damaged).toEqual([])
      await store.close()
      expect(known).toContain(decision)
    }
  )

  it('by two SIGINTs at once ends at once, and its store opens', async () => {
    const running = await launch(4, { vote: 'ask' })
    const { decision } = await running.ask(2, 'propose', { ...QUESTION, deadlineMs: 60_000 })
    const child = running.launcher.child(2)
    await Promise.all([running.launcher.kill(2, 'SIGINT'), running.launcher.kill(2, 'SIGINT')])
    // Two signals that meet before the first was handled are one to the system; then the peer stops cleanly.
    expect([`exit code ${EXIT.interrupted}`, `exit code ${EXIT.done}`]).toContain(await child?.exited)
    const store = await openStore(running.dataDirectory(2))
    expect((await store.openDecisions()).map((open) => open.decision)).toContain(decision)
    await store.close()
  })
})

describe('a second process on a data directory', () => {
  it('says in one sentence that it is in use, and the first goes on', async () => {
    const running = await launch(4, VOTE)
    const second = spawn(process.execPath, [PEER_ENTRY, '--data', running.dataDirectory(2)], {
      stdio: ['ignore', 'ignore', 'pipe']
    })
    let said = ''
    second.stderr.on('data', (chunk: Buffer) => {
      said += chunk.toString('utf8')
    })
    const code = await new Promise((resolve) => second.once('close', resolve))
    expect(code).toBe(EXIT.mistake)
    expect(said).toContain('another process uses this data directory')
    expect(said).not.toContain('    at ')
    const { decision } = await running.ask(2, 'propose', QUESTION)
    await until(async () => {
      const { closed } = await running.ask(2, 'decisions', {})
      return closed.some((known) => known.decision === decision)
    })
  })
})
