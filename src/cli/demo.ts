/**
 * `equipotent demo`: real peers decide, the founder is killed on the way, and files on disk are the judge.
 *
 * Whatever happens (an error, Ctrl-C, time running out), every process it started is stopped, and its temporary folder
 * goes unless `--keep` says otherwise.
 *
 * @packageDocumentation
 */

import { existsSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, relative, resolve } from 'node:path'
import { OperationError } from '../core/errors.ts'
import { maxFaulty } from '../core/quorum.ts'
import { safeText } from '../core/text.ts'
import { foundCommunity, localPeers } from '../launcher/community.ts'
import { createLauncher, type Launcher } from '../launcher/launcher.ts'
import { findPeerEntry } from '../launcher/peer-entry.ts'
import { type Resources, resourcesOf } from '../launcher/resources.ts'
import { readEvidence } from '../observation/evidence-files.ts'
import { judge, type Verdict } from '../observation/verdict.ts'
import { verify } from '../storage/keys.ts'
import type { CommandSpec, Given } from './command.ts'
import { openLines } from './decisions.ts'
import { DEMO_OPTIONS, type DemoOptions, killNote, readDemoOptions } from './demo-options.ts'
import { planDemo } from './demo-plan.ts'
import { type DemoSummary, nextSteps, summarise, summaryLines, undecidedSentence } from './demo-report.ts'
import { type DemoDecision, runDecision } from './demo-run.ts'
import { createDemoShow, type DemoShow } from './demo-show.ts'
import { type DemoWatcher, decisionAt, type Watched, watchAll } from './demo-watcher.ts'
import { EXIT, type Io } from './io.ts'
import { createPaint } from './terminal-text.ts'
import { verdictEvent, verdictLines } from './verdict.ts'

/** How long peers stay, with nothing open, if this process is killed. Unit: milliseconds. */
const LINGER_MS = 15_000

/** The command. */
export const demoCommand: CommandSpec = {
  name: 'demo',
  about: 'Real peers on this machine decide something; the one that started first is killed on the way.',
  options: DEMO_OPTIONS,
  notes: ['Exit code 0: decided, and the verdict passed. 1: the verdict failed. 3: no decision within --time-limit.'],
  examples: [
    'equipotent demo',
    'equipotent demo --peers 10 --kill 1,2,3 --degree 3',
    'equipotent demo --question "Which tree?" --options oak,elm,yew --pace 1s --keep'
  ],
  run: runDemo
}

async function runDemo({ read, io, json }: Given): Promise<number> {
  const options = readDemoOptions(read, io.interactive && !json)
  const directory =
    options.data === undefined ? await mkdtemp(join(tmpdir(), 'equipotent-')) : join(resolve(options.data))
  const isTemporary = options.data === undefined && !options.keep
  const show = createDemoShow(io, json)
  try {
    const code = await withLauncher(directory, (launcher) =>
      perform({ options, directory, launcher, show, io, json, isTemporary })
    )
    return io.interrupted.aborted ? sayStopped(io) : code
  } catch (error) {
    // Ctrl-C tears calls apart; that they failed is no news then.
    if (io.interrupted.aborted) return sayStopped(io)
    // Something went wrong on the stage, which is not the caller's mistake.
    if (error instanceof OperationError) throw new OperationError(error.message, 'unknown', error)
    throw error
  } finally {
    show.end()
    if (isTemporary) await rm(directory, { recursive: true, force: true })
  }
}

function sayStopped(io: Io): number {
  io.err('Stopped; no peer of this demo runs any more.')
  return EXIT.interrupted
}

/** Lends a launcher, and leaves no process of it behind, whatever happens. */
async function withLauncher<Result>(directory: string, use: (launcher: Launcher) => Promise<Result>): Promise<Result> {
  const launcher = createLauncher({ directory, entry: findPeerEntry() })
  const atExit = (): void => launcher.killAllNow()
  process.once('exit', atExit)
  try {
    return await use(launcher)
  } finally {
    await launcher.stopAll()
    process.off('exit', atExit)
  }
}

interface Play {
  readonly options: DemoOptions
  readonly directory: string
  readonly launcher: Launcher
  readonly show: DemoShow
  readonly io: Io
  readonly json: boolean
  readonly isTemporary: boolean
}

async function perform(play: Play): Promise<number> {
  const { options, io } = play
  const timeIsUp = new AbortController()
  // Not AbortSignal.timeout: its timer does not keep the process alive, and with every peer dead nothing else does.
  const timer = setTimeout(() => timeIsUp.abort(), options.timeLimitMs)
  try {
    return await performUntil(play, AbortSignal.any([io.interrupted, timeIsUp.signal]))
  } finally {
    clearTimeout(timer)
  }
}

async function performUntil(play: Play, until: AbortSignal): Promise<number> {
  const { options, launcher, show, io } = play
  const plan = planDemo({ ...options, options: options.proposal.options, rule: options.proposal.rule ?? 'plurality' })
  const note = killNote(plan.victims, options.peers)
  if (note !== undefined) show.say(note)
  const startedAt = performance.now()
  const watcher = await launchAll(play, until)
  if (watcher === undefined) return giveUp(io, 'The peers did not become one network in time.')
  try {
    const launchMs = performance.now() - startedAt
    if (options.peers > 1) show.say(`${options.peers} peers are one network; no single loss would cut it.`)
    const [eyes] = watcher.peers.filter(({ peer }) => !plan.victims.includes(peer.number))
    if (eyes !== undefined) await show.lookThrough(eyes)
    const decided = await runDecision({ options, plan, launcher, watcher, show, until })
    return await conclude(play, watcher, decided, launchMs)
  } finally {
    watcher.close()
  }
}

function startSentence(peers: number): string {
  const f = maxFaulty(peers)
  if (peers === 1) return 'Starting one peer, which decides alone.'
  const bearable = f === 0 ? 'none of them may fail (that takes four)' : `any ${f} of them may fail or lie`
  return `Starting ${peers} peers; ${bearable}. The others join through the first.`
}

async function launchAll(
  { options, directory, launcher, show }: Play,
  until: AbortSignal
): Promise<DemoWatcher | undefined> {
  const { peers: count, degree, seed } = options
  const { peers } = await foundCommunity({ directory, peers: count, name: 'Demo' })
  show.say(startSentence(count))
  const gaveUp = new Promise<undefined>((resolve) => {
    if (until.aborted) resolve(undefined)
    until.addEventListener('abort', () => resolve(undefined), { once: true })
  })
  const start = { lingerMs: LINGER_MS, seed, ...(degree === undefined ? {} : { degree }) }
  const started = launcher.startAll(
    peers.map(({ number }) => number),
    start
  )
  if ((await Promise.race([started, gaveUp])) === undefined) {
    started.catch(() => undefined)
    return undefined
  }
  const watcher = await watchAll(peers, (event, watched) => show.onEvent(event, watched))
  if (await watcher.waitForNetwork(until)) return watcher
  watcher.close()
  return undefined
}

async function conclude(play: Play, watcher: DemoWatcher, went: DemoDecision, launchMs: number): Promise<number> {
  const { options, launcher, show, io, directory } = play
  const { decision, survivors, isCertified, decisionMs } = went
  if (io.interrupted.aborted) {
    show.end()
    return EXIT.interrupted
  }
  const alive = survivors.map(({ peer }) => peer.folder)
  const used = await Promise.all(survivors.map(({ peer }) => resourcesOf(launcher.child(peer.number)?.pid ?? 0)))
  if (!isCertified) await sayWhatItWaitsFor(survivors[0], show)
  show.end()
  watcher.close()
  await launcher.stopAll()
  const evidence = localPeers(directory).map((peer) => readEvidence(peer.dataDirectory))
  const verdict = judge(evidence, isCertified ? { verify, alive } : { verify })
  const resources = used.filter((one): one is Resources => one !== undefined)
  const summary = summarise({ decision, evidence, alive, launchMs, decisionMs, resources, verdict })
  tellResult(play, went, summary, verdict)
  if (!isCertified) {
    const lost = watcher.peers.filter((one) => !survivors.includes(one)).map((one) => safeText(one.name, 40))
    return giveUp(io, undecidedSentence(lost, options.peers, options.timeLimitMs), verdict.pass)
  }
  return verdict.pass && summary.identical ? EXIT.done : EXIT.saidNo
}

async function sayWhatItWaitsFor(eyes: Watched | undefined, show: DemoShow): Promise<void> {
  const { open } = (await eyes?.client.call('status', {}).catch(() => undefined)) ?? { open: [] }
  for (const line of open.flatMap(openLines)) show.say(line)
}

function tellResult(play: Play, went: DemoDecision, summary: DemoSummary, verdict: Verdict): void {
  const { options, io, json, isTemporary, directory } = play
  if (json) {
    for (const event of [verdictEvent(verdict), summary]) io.out(JSON.stringify(event))
    return
  }
  const [eyes] = went.survivors
  const signers = eyes === undefined ? 0 : (decisionAt(eyes, went.decision)?.signers.length ?? 0)
  const paint = createPaint(io.colour)
  const certificate = isTemporary ? undefined : certificateIn(eyes?.peer.dataDirectory, went.decision)
  const kept = isTemporary ? [] : [`The peers' files are in ${safeText(directory, 400)}`]
  const parts = [
    summaryLines(summary, { signers, afterBallotsMs: went.afterBallotsMs, paint }),
    verdictLines(verdict, paint, true),
    [...kept, ...nextSteps(options.peers, certificate, io.program)]
  ]
  for (const line of parts.flatMap((lines) => ['', ...lines])) io.out(line)
}

/** The certificate's path, as short as it can be typed here. */
function certificateIn(dataDirectory: string | undefined, decision: string): string | undefined {
  const file = join(dataDirectory ?? '', 'certificates', `${decision}.json`)
  const fromHere = relative(process.cwd(), file)
  return existsSync(file) ? (fromHere.startsWith('..') ? file : fromHere) : undefined
}

function giveUp(io: Io, sentence: string, isSafe = true): number {
  if (io.interrupted.aborted) return EXIT.interrupted
  io.err(sentence)
  if (!isSafe) throw new OperationError('and a promise of safety was broken: see the verdict', 'unknown')
  return EXIT.undecided
}
