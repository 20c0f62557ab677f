/**
 * A community in the background of this machine, in `.equipotent/community`: launch, stop, kill, restart, status.
 *
 * Nothing is remembered between commands but what is on disk. Every command finds the peers anew, and sends a signal only
 * to a process that is surely one of them.
 *
 * @packageDocumentation
 */

import { rm } from 'node:fs/promises'
import { OperationError, OptionsError } from '../core/errors.ts'
import { maxFaulty } from '../core/quorum.ts'
import { safeText } from '../core/text.ts'
import { BACKGROUND_DIRECTORY, foundCommunity, type LocalPeer, localPeers } from '../launcher/community.ts'
import { addressesOfRunning, createLauncher, runningPeers } from '../launcher/launcher.ts'
import { findPeerEntry } from '../launcher/peer-entry.ts'
import { killPeer, stopPeer } from '../launcher/stop-process.ts'
import { connectControl } from '../peer/control-client.ts'
import type { OpenDecision, Status } from '../peer/control-protocol.ts'
import type { CommandSpec, Given } from './command.ts'
import { openLines } from './decisions.ts'
import { watchAll } from './demo-watcher.ts'
import { EXIT } from './io.ts'
import { callOf } from './local-peer.ts'
import { numbersOf, quoted } from './reader.ts'

/** How long peers may take to become one network. Unit: milliseconds. */
const NETWORK_WITHIN_MS = 30_000

/** How many decisions an overview repeats. */
const SHOWN_DECISIONS_MAX = 3

/** Default size of a community. */
const PEERS_DEFAULT = 5

/** `npm run launch`. */
export const launchCommand: CommandSpec = {
  name: 'launch',
  takes: '[peers]',
  about: 'Start peers in the background. They stay when this command ends.',
  options: [{ flags: '--degree <number>', about: 'links of the gossip mesh; 3 makes hops visible' }],
  notes: [`They live in ${BACKGROUND_DIRECTORY}. Peers that are there already start again and remember everything.`],
  examples: ['npm run launch -- 5'],
  run: runLaunch
}

/** `npm run stop`. */
export const stopCommand: CommandSpec = {
  name: 'stop',
  about: 'Stop every peer in the background. They can be launched again.',
  options: [{ flags: '--forget', about: 'and remove their files: identities, decisions, everything' }],
  examples: ['npm run stop', 'npm run stop -- --forget'],
  run: runStop
}

/** `npm run kill`. */
export const killCommand: CommandSpec = {
  name: 'kill',
  takes: '<peer>',
  about: 'Kill one peer with SIGKILL, as a power cut would. Others go on.',
  examples: ['npm run kill -- 2'],
  run: runKill
}

/** `npm run restart`. */
export const restartCommand: CommandSpec = {
  name: 'restart',
  takes: '<peer>',
  about: 'Start one peer again from what it has on disk.',
  examples: ['npm run restart -- 2'],
  run: runRestart
}

/** `npm run status`. */
export const overviewCommand: CommandSpec = {
  name: 'status',
  about: 'Every peer in the background, and what is open.',
  examples: ['npm run status'],
  run: runOverview
}

async function runLaunch({ words, read, io, json }: Given): Promise<number> {
  const existing = localPeers(BACKGROUND_DIRECTORY)
  const wanted = numbersOf(words[0] ?? String(existing.length || PEERS_DEFAULT), 100)
  const [count] = wanted ?? []
  if (count === undefined || wanted?.length !== 1) read.problem('[peers]', words[0], 'a whole number from 1 to 100')
  if (count !== undefined && existing.length > 0 && existing.length !== count) {
    read.problem('[peers]', words[0], `${existing.length}, who are there already; or first: npm run stop -- --forget`)
  }
  const degree = read.wholeNumber('degree', { min: 2, max: 12 })
  read.finish()
  const running = await runningPeers(BACKGROUND_DIRECTORY)
  if (running.length > 0) throw alreadyRunning(running.length, existing.length)
  if (existing.length === 0)
    await foundCommunity({ directory: BACKGROUND_DIRECTORY, peers: count ?? 1, name: 'Neighbours' })
  const peers = localPeers(BACKGROUND_DIRECTORY)
  await startInBackground(peers, degree, io.interrupted)
  if (json) io.out(JSON.stringify({ type: 'launched', peers: peers.length, directory: BACKGROUND_DIRECTORY }))
  else {
    io.out(`${peers.length} peers run in ${BACKGROUND_DIRECTORY} and are one network. ${bearable(peers.length)}`)
    io.out('Next: npm run propose -- "Where do we meet?" lake,forest,city')
  }
  return EXIT.done
}

function alreadyRunning(running: number, existing: number): OperationError {
  const all = running === existing ? `${running} peers run here already` : `${running} of ${existing} peers run here`
  return new OperationError(`${all}; see npm run status, or first: npm run stop`, 'did-not-happen')
}

function bearable(peers: number): string {
  const f = maxFaulty(peers)
  return f === 0 ? 'They are too few to decide without one of them; four can.' : `Any ${f} of them may fail.`
}

async function startInBackground(
  peers: readonly LocalPeer[],
  degree: number | undefined,
  interrupted: AbortSignal
): Promise<void> {
  const launcher = createLauncher({ directory: BACKGROUND_DIRECTORY, entry: findPeerEntry() })
  try {
    const children = await launcher.startAll(
      peers.map(({ number }) => number),
      degree === undefined ? {} : { degree }
    )
    const watcher = await watchAll(peers, () => undefined)
    const until = AbortSignal.any([interrupted, AbortSignal.timeout(NETWORK_WITHIN_MS)])
    const isOne = await watcher.waitForNetwork(until)
    watcher.close()
    const dead = children.filter((child) => !child.running).map(({ peer }) => peer.folder)
    if (dead.length > 0) throw new OperationError(`ended right after their start: ${dead.join(', ')}`, 'did-not-happen')
    if (!isOne) throw new OperationError('the peers did not become one network, and were stopped', 'did-not-happen')
    launcher.release()
  } catch (error) {
    await launcher.stopAll()
    throw error
  }
}

async function runStop({ read, io, json }: Given): Promise<number> {
  read.finish()
  const peers = localPeers(BACKGROUND_DIRECTORY)
  const endings = await Promise.all(peers.map((peer) => stopPeer(peer.dataDirectory)))
  const stopped = endings.filter((ending) => ending !== 'not-running').length
  const isForgotten = read.flag('forget')
  if (isForgotten) await rm(BACKGROUND_DIRECTORY, { recursive: true, force: true })
  if (json) io.out(JSON.stringify({ type: 'stopped', stopped, forgotten: isForgotten, endings }))
  else {
    io.out(stopped === 0 ? 'No peer was running.' : `${stopped} ${stopped === 1 ? 'peer' : 'peers'} stopped.`)
    if (isForgotten) io.out('Their files are gone. Next: npm run launch -- 5')
    else if (peers.length > 0) io.out('What they decided is on disk. Next: npm run launch')
  }
  return EXIT.done
}

async function runKill({ words, read, io, json }: Given): Promise<number> {
  const peer = readPeer(words[0])
  read.finish()
  const pid = await killPeer(peer.dataDirectory)
  if (pid === undefined)
    throw new OperationError(`${peer.folder} does not run, so nothing was killed`, 'did-not-happen')
  if (json) io.out(JSON.stringify({ type: 'killed', peer: peer.number, pid }))
  else {
    io.out(`${peer.folder} was killed (SIGKILL to process ${pid}). The others go on.`)
    io.out(`Next: npm run status; to start it again: npm run restart -- ${peer.number}`)
  }
  return EXIT.done
}

async function runRestart({ words, read, io, json }: Given): Promise<number> {
  const peer = readPeer(words[0])
  read.finish()
  const ending = await stopPeer(peer.dataDirectory)
  const join = await addressesOfRunning(BACKGROUND_DIRECTORY, peer.number)
  const launcher = createLauncher({ directory: BACKGROUND_DIRECTORY, entry: findPeerEntry() })
  const child = await launcher.start(peer.number, { join })
  launcher.release()
  if (json) io.out(JSON.stringify({ type: 'restarted', peer: peer.number, pid: child.pid }))
  else {
    const before = ending === 'not-running' ? 'It was not running.' : 'It was stopped first.'
    io.out(`${peer.folder} runs again as process ${child.pid}, from what is on its disk. ${before}`)
    io.out('Next: npm run status')
  }
  return EXIT.done
}

async function runOverview({ read, io, json }: Given): Promise<number> {
  read.finish()
  const peers = localPeers(BACKGROUND_DIRECTORY)
  const statuses = await Promise.all(peers.map((peer) => tryStatus(peer.dataDirectory)))
  if (json) {
    for (const [index, peer] of peers.entries()) {
      io.out(
        JSON.stringify({
          type: 'peer',
          number: peer.number,
          running: statuses[index] !== undefined,
          status: statuses[index]
        })
      )
    }
    return EXIT.done
  }
  for (const [index, peer] of peers.entries()) io.out(overviewLine(peer, statuses[index]))
  const running = peers.filter((_, index) => statuses[index] !== undefined)
  const [anyone] = running
  const open = openAnywhere(statuses)
  for (const line of open.flatMap(openLines)) io.out(line)
  if (anyone !== undefined) for (const line of await decidedLines(anyone)) io.out(line)
  io.out(`Next: ${nextStep(peers, running, open)}`)
  return EXIT.done
}

/** Each open question as the peer sees it that knows most ballots. */
function openAnywhere(statuses: readonly (Status | undefined)[]): OpenDecision[] {
  const best = new Map<string, OpenDecision>()
  for (const one of statuses.flatMap((status) => status?.open ?? [])) {
    const known = best.get(one.decision)
    if (known === undefined || one.cast.length > known.cast.length) best.set(one.decision, one)
  }
  return [...best.values()]
}

/** The last few decisions, as one peer knows them. */
async function decidedLines({ dataDirectory }: LocalPeer): Promise<string[]> {
  const client = await connectControl(dataDirectory)
  try {
    const { closed } = await client.call('decisions', {})
    return closed.slice(-SHOWN_DECISIONS_MAX).map((one) => `✓ ${safeText(one.question)}  ${safeText(one.result)}`)
  } finally {
    client.close()
  }
}

/** What a person can do now. */
function nextStep(peers: readonly LocalPeer[], running: readonly LocalPeer[], open: readonly OpenDecision[]): string {
  if (peers.length === 0) return 'npm run launch -- 5 (there is no community here yet)'
  if (running.length === 0) return 'npm run launch'
  const [down] = peers.filter((peer) => !running.includes(peer))
  if (open.length === 0) return 'npm run propose -- "Where do we meet?" lake,forest,city'
  const isAnyToAnswer = open.some(({ cast }) => cast.length < running.length)
  if (isAnyToAnswer || down === undefined) return 'npm run vote -- CHOICE, once for each peer'
  return `npm run restart -- ${down.number}, or wait for the deadline`
}

function overviewLine({ folder }: LocalPeer, status: Status | undefined): string {
  if (status === undefined) return `○ ${folder}  not running`
  const links = status.members.filter(({ self, connected }) => connected && !self).length
  return `● ${folder}  ${callOf(status.peer)}  pid ${status.pid}  ${links} links  ${status.open.length} open  ${status.decidedCount} decided`
}

async function tryStatus(dataDirectory: string): Promise<Status | undefined> {
  try {
    const client = await connectControl(dataDirectory, { answerWithinMs: 2_000 })
    try {
      return await client.call('status', {})
    } finally {
      client.close()
    }
  } catch {
    return undefined
  }
}

function readPeer(text = ''): LocalPeer {
  const peers = localPeers(BACKGROUND_DIRECTORY)
  const peer = peers.find(({ number }) => String(number) === text)
  if (peer !== undefined) return peer
  const numbers = peers.map(({ number }) => number).join(', ')
  const expected = peers.length === 0 ? 'a community; first: npm run launch -- 5' : `one of ${numbers}`
  throw new OptionsError([{ path: '<peer>', got: quoted(text), expected }])
}
