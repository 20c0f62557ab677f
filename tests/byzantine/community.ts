/**
 * Communities of real processes of which some members lie, and what is left on disk when they have stopped.
 *
 * @packageDocumentation
 */

import { type ChildProcess, spawn } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { onTestFinished } from 'vitest'
import type { TraceEvent } from '../../src/consensus/trace.ts'
import type { NodeId } from '../../src/core/ids.ts'
import { checkCharter } from '../../src/decision/charter.ts'
import { type Roster, rosterOf } from '../../src/decision/roster.ts'
import type { StartOptions } from '../../src/launcher/child-peer.ts'
import { foundCommunity } from '../../src/launcher/community.ts'
import { createLauncher, type Launcher } from '../../src/launcher/launcher.ts'
import { connectControl } from '../../src/peer/control-client.ts'
import type { ControlMethods, Status } from '../../src/peer/control-protocol.ts'
import { Directory } from '../../src/peer/directory.ts'
import { EvidenceShelf } from '../../src/peer/evidence-shelf.ts'
import { readIdentity } from '../../src/storage/identity.ts'
import { readJournals } from '../../src/storage/journal.ts'
import { verify } from '../../src/storage/keys.ts'
import { openStore } from '../../src/storage/store.ts'
import { checkEvidence } from '../../src/wire/proof.ts'
import { PEER_ENTRY, provenOutcome } from '../processes/support.ts'
import { temporaryDirectory, until } from '../support/peers.ts'
import type { LiarMessage } from './liar.ts'

/** How long a member program may take until it listens, read from its sources. Unit: milliseconds. */
const LISTENING_WITHIN_MS = 40_000

/** A member program that runs: a liar or a witness. */
export interface Companion {
  readonly number: number
  readonly node: NodeId
  readonly short: string
  readonly addresses: readonly string[]
  /** How many lies it told, by decision. */
  readonly did: ReadonlyMap<string, number>
  stop(): Promise<void>
}

/** A community of which some members are no peers. Members are named by number, from 1; the last ones are the others. */
export interface Mixed {
  readonly directory: string
  readonly roster: Roster
  readonly members: Directory
  readonly launcher: Launcher
  /** The numbers of the peers. */
  readonly honest: readonly number[]
  readonly companions: readonly Companion[]
  dataDirectory(number: number): string
  /** The short id of a member. */
  shortOf(number: number): string
  /** The position of a member in the roster. */
  nodeOf(number: number): NodeId
  /** The journal of a peer so far. */
  heard(number: number): readonly TraceEvent[]
  ask<Method extends 'status' | 'propose' | 'vote' | 'decisions'>(
    number: number,
    method: Method,
    params: ControlMethods[Method]['params']
  ): Promise<ControlMethods[Method]['result']>
}

/** What to launch. */
export interface MixedOptions {
  readonly size: number
  /** How many of them run `program`. */
  readonly companions: number
  /** The member program, in this folder. */
  readonly program: 'liar.ts' | 'witness.ts'
  readonly seed: number
  readonly start?: StartOptions
}

/** Founds and starts a community; resolves when every peer is connected to everybody. */
export async function launchMixed(options: MixedOptions): Promise<Mixed> {
  const directory = await temporaryDirectory()
  const { charter, peers } = await foundCommunity({ directory, peers: options.size, name: 'test' })
  const roster = rosterOf(checkCharter(charter, verify))
  const members = new Directory(roster)
  const honest = peers.map(({ number }) => number).slice(0, options.size - options.companions)
  const launcher = createLauncher({ directory, entry: PEER_ENTRY })
  onTestFinished(() => launcher.stopAll())
  const dataDirectory = (number: number): string => join(directory, `peer-${number}`)
  const [door] = await launcher.startAll(honest, options.start)
  const others = peers.map(({ number }) => number).filter((number) => !honest.includes(number))
  const positions = await Promise.all(peers.map(({ number }) => nodeIn(dataDirectory(number), roster)))
  const nodes = others.map((number) => positions[number - 1] as NodeId)
  const companions = await Promise.all(
    others.map((number, index) =>
      startCompanion(options, {
        number,
        node: nodes[index] as NodeId,
        dataDirectory: dataDirectory(number),
        join: door?.addresses ?? [],
        accomplices: nodes.filter((_, other) => other !== index).map((node) => members.peerId(node)),
        members
      })
    )
  )
  const mixed: Mixed = {
    directory,
    roster,
    members,
    launcher,
    honest,
    companions,
    dataDirectory,
    shortOf: (number) => members.short(positions[number - 1] as NodeId),
    nodeOf: (number) => positions[number - 1] as NodeId,
    heard: (number) => readJournals(dataDirectory(number)).events,
    async ask(number, method, params) {
      const client = await connectControl(dataDirectory(number))
      try {
        return await client.call(method, params)
      } finally {
        client.close()
      }
    }
  }
  await untilLinked(mixed, honest)
  return mixed
}

/** Waits until each of these peers is connected to every member. */
export async function untilLinked(mixed: Mixed, numbers: readonly number[]): Promise<void> {
  for (const number of numbers) {
    await until(async () => (await mixed.ask(number, 'status', {})).members.every(({ connected }) => connected), 40_000)
  }
}

async function nodeIn(dataDirectory: string, roster: Roster): Promise<NodeId> {
  const identity = await readIdentity(dataDirectory)
  return roster.indexOf(identity?.key as never) as NodeId
}

interface CompanionPlace {
  readonly number: number
  readonly node: NodeId
  readonly dataDirectory: string
  readonly join: readonly string[]
  readonly accomplices: readonly string[]
  readonly members: Directory
}

async function startCompanion({ program, seed }: MixedOptions, place: CompanionPlace): Promise<Companion> {
  const child = spawn(
    process.execPath,
    [
      '--import',
      'tsx',
      join(import.meta.dirname, program),
      ...['--data', place.dataDirectory, '--seed', String(seed + place.number)],
      ...place.join.flatMap((address) => ['--join', address]),
      ...place.accomplices.flatMap((peer) => ['--accomplice', peer])
    ],
    { stdio: ['ignore', 'inherit', 'inherit', 'ipc'] }
  )
  const did = new Map<string, number>()
  const addresses = await untilListening(child, did)
  const stop = (): Promise<void> => stopChild(child)
  onTestFinished(stop)
  return { number: place.number, node: place.node, short: place.members.short(place.node), addresses, did, stop }
}

function untilListening(child: ChildProcess, did: Map<string, number>): Promise<readonly string[]> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => reject(new Error('a member program does not listen')), LISTENING_WITHIN_MS)
    child.once('exit', (code) => reject(new Error(`a member program ended with ${code}`)))
    child.on('message', (message: LiarMessage) => {
      if (message.type === 'did') {
        did.set(message.decision, (did.get(message.decision) ?? 0) + message.count)
        return
      }
      clearTimeout(timer)
      resolve(message.addresses)
    })
  })
}

async function stopChild(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return
  const exited = new Promise((resolve) => child.once('exit', resolve))
  child.kill('SIGKILL')
  await exited
}

/** The counters of a peer, absent ones as 0. */
export function countOf({ counters }: Pick<Status, 'counters'>, name: string): number {
  return counters[name] ?? 0
}

/** What one peer that has stopped left behind. */
export interface Remains {
  readonly number: number
  readonly events: readonly TraceEvent[]
  /** Outcome hashes that the certificates in its store prove, by decision. */
  readonly outcomes: ReadonlyMap<string, string>
  /** Members that the pairs of frames in its store convict, checked anew. */
  readonly convicted: readonly { readonly accused: NodeId; readonly decision: string; readonly slot: string }[]
  /** Everything that it printed. */
  readonly output: string
}

/** Reads journal and store. Throws if a certificate or a pair of frames in the store proves nothing. */
export async function remainsOf(mixed: Mixed, number: number): Promise<Remains> {
  const dataDirectory = mixed.dataDirectory(number)
  const store = await openStore(dataDirectory)
  try {
    const outcomes = new Map<string, string>()
    for await (const { decision, text } of store.certificates()) outcomes.set(decision, provenOutcome(text))
    const shelf = new EvidenceShelf({ store, ledger: undefined as never })
    const convicted = (await shelf.load(mixed.roster.members.length)).map(({ first, second }) => {
      const checked = checkEvidence(first, second, mixed.roster, verify)
      if ('refused' in checked) throw new Error(`peer ${number} keeps evidence that is none: ${checked.refused}`)
      return checked
    })
    const output = readFileSync(join(dataDirectory, 'output.txt'), 'utf8')
    return { number, events: readJournals(dataDirectory).events, outcomes, convicted, output }
  } finally {
    await store.close()
  }
}
