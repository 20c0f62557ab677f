/**
 * A peer that was away, however long: what the others decided meanwhile it holds soon after, each with its proof.
 */

import { describe, expect, it, onTestFinished } from 'vitest'
import { storedCertificates } from '../../scripts/lib/stored-certificates.ts'
import { foundCommunity } from '../../src/launcher/community.ts'
import { createLauncher, type Launcher } from '../../src/launcher/launcher.ts'
import { type ControlClient, connectControl } from '../../src/peer/control-client.ts'
import { makeHistory, remember } from '../support/history.ts'
import { temporaryDirectory, until } from '../support/peers.ts'
import { launch, PEER_ENTRY, provenOutcome } from './support.ts'

const QUESTION = { question: 'Where do we meet?', options: ['lake', 'forest'], deadlineMs: 100 }

/** Decisions of one proposer that are open at a time: as many as a peer lets it have. */
const OPEN_AT_A_TIME = 8

/** Each of these peers proposes, `count` times in all, and asks again as soon as one is certified. */
async function decideMany(clients: readonly ControlClient[], count: number): Promise<void> {
  let begun = 0
  const one = async (client: ControlClient, certified: Set<string>): Promise<void> => {
    while (begun < count) {
      begun++
      const { decision } = await client.call('propose', QUESTION)
      await until(() => certified.has(decision), 30_000)
    }
  }
  await Promise.all(
    clients.flatMap((client) => {
      const certified = new Set<string>()
      const watching = client.watch((event) => event.type === 'certified' && certified.add(event.decision), {
        types: ['certified']
      })
      return Array.from({ length: OPEN_AT_A_TIME }, () => watching.then(() => one(client, certified)))
    })
  )
}

const decidedCount = async (client: ControlClient): Promise<number> => (await client.call('status', {})).decidedCount

async function clientOf(dataDirectory: string): Promise<ControlClient> {
  const client = await connectControl(dataDirectory)
  onTestFinished(() => client.close())
  return client
}

/** That every one of these stores proves the same outcome of each decision, `count` of them. */
async function expectAlike(dataDirectories: readonly string[], count: number): Promise<void> {
  const proven = await Promise.all(
    dataDirectories.map(async (directory) => {
      const certificates = await storedCertificates(directory)
      return new Map([...certificates].map(([decision, text]) => [decision, provenOutcome(text)] as const))
    })
  )
  expect(proven.map(({ size }) => size)).toEqual(dataDirectories.map(() => count))
  for (const other of proven) expect(other).toEqual(proven[0])
}

/** A community on disk that remembers: each peer the decisions that `part` gives it. Nobody runs yet. */
async function communityWithPast(count: number, part: readonly (readonly [from: number, to: number])[]) {
  const directory = await temporaryDirectory()
  const { peers } = await foundCommunity({ directory, peers: part.length, name: 'test' })
  const directories = peers.map(({ dataDirectory }) => dataDirectory)
  const past = await makeHistory(directories, count)
  for (const [index, [from, to]] of part.entries()) await remember(directories[index] as string, past.slice(from, to))
  const launcher: Launcher = createLauncher({ directory, entry: PEER_ENTRY })
  onTestFinished(() => launcher.stopAll())
  return { launcher, directories, past }
}

describe('a peer that was away', () => {
  it('while the others decided a thousand times holds and proves all of it after a restart', {
    timeout: 150_000
  }, async () => {
    // A peer that is down costs each decision more than a second, so most of the thousand are put into the others' stores.
    const [before, whileAway, decidedNow] = [100, 800, 200]
    const known = before + whileAway
    const { launcher, directories, past } = await communityWithPast(known, Array(4).fill([0, before]))
    await launcher.startAll([1, 2, 3, 4], { vote: 'random' })
    await launcher.kill(4)
    for (const number of [1, 2, 3]) await launcher.stop(number)
    for (const directory of directories.slice(0, 3)) await remember(directory, past.slice(before))

    await launcher.startAll([1, 2, 3], { vote: 'random' })
    const clients = await Promise.all(directories.slice(0, 3).map(clientOf))
    await decideMany(clients, decidedNow)
    for (const client of clients) await until(async () => (await decidedCount(client)) === known + decidedNow, 60_000)
    await launcher.restart(4, { vote: 'random', join: launcher.child(1)!.addresses })
    const back = await clientOf(directories[3] as string)
    await until(async () => (await decidedCount(back)) === known + decidedNow, 60_000)
    await launcher.stopAll()
    await expectAlike(directories, known + decidedNow)
  })

  it('and is one of many that each lack a part of 1,200 decisions brings them all together', {
    timeout: 120_000
  }, async () => {
    // The first knows everything but the oldest hundred, which only the third knows; the last member has never run.
    const { launcher, directories } = await communityWithPast(1_200, [
      [100, 1_200],
      [50, 1_150],
      [0, 1_100],
      [0, 0]
    ])
    await launcher.startAll([1, 2, 3, 4], { vote: 'random' })
    for (const directory of directories) {
      const client = await clientOf(directory)
      await until(async () => (await decidedCount(client)) === 1_200, 60_000)
    }
    await launcher.stopAll()
    await expectAlike(directories, 1_200)
  })

  it('standing still for longer than gossip remembers, catches up when it goes on', { timeout: 120_000 }, async () => {
    const running = await launch(4, { vote: 'random' })
    running.launcher.pause(4)
    const startMs = performance.now()
    const client = await clientOf(running.dataDirectory(1))
    let count = 0
    // Gossip's cache of messages is 10 s long.
    while (performance.now() - startMs < 13_000) {
      const { decision } = await client.call('propose', QUESTION)
      count++
      await until(async () => (await decidedCount(client)) === count)
      expect(decision).toHaveLength(64)
    }
    running.launcher.resume(4)
    const back = await clientOf(running.dataDirectory(4))
    await until(async () => (await decidedCount(back)) === count, 30_000)
    await running.launcher.stopAll()
    await expectAlike([1, 2, 3, 4].map(running.dataDirectory), count)
  })
})
