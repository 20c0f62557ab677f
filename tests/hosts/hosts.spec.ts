import { spawn } from 'node:child_process'
import { closeSync, openSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it, onTestFinished } from 'vitest'
import { storedCertificates } from '../../scripts/lib/stored-certificates.ts'
import { OUTPUT_FILE, peerArguments } from '../../src/launcher/child-peer.ts'
import { foundCommunity, type LocalPeer } from '../../src/launcher/community.ts'
import { connectControl } from '../../src/peer/control-client.ts'
import type { ControlMethods } from '../../src/peer/control-protocol.ts'
import { PEER_ENTRY, provenOutcome } from '../processes/support.ts'
import { temporaryDirectory, until } from '../support/peers.ts'
import { canDelay, createNetwork, type Network, whyNoNetwork } from './network.ts'

const why = whyNoNetwork()
if (why !== undefined) process.stderr.write(`The suite of hosts with networks of their own is skipped: ${why}.\n`)

const isDelayPossible = why === undefined && canDelay()
if (why === undefined && !isDelayPossible) {
  process.stderr.write('The test with delay and loss is skipped: this kernel has no netem.\n')
}

/** The port of every peer; each has an address of its own. */
const PORT = 4_001

/** How long anything may take, a dead connection that has to be noticed first included. Unit: milliseconds. */
const PATIENCE_MS = 60_000

const where = { question: 'Where do we meet?', options: ['lake', 'forest', 'city'], deadlineMs: 1_000 }

type Method = 'status' | 'propose' | 'vote' | 'decisions'

/** A community with a host for each peer, numbered from 1. */
interface Hosts {
  readonly network: Network
  readonly everyone: readonly number[]
  ask<Name extends Method>(
    number: number,
    method: Name,
    params: ControlMethods[Name]['params']
  ): Promise<ControlMethods[Name]['result']>
  short(number: number): string
  stopAll(): Promise<void>
  outcomes(decision: string): Promise<Set<string>>
}

async function launch(size: number): Promise<Hosts> {
  const directory = await temporaryDirectory()
  const { peers } = await foundCommunity({ directory, peers: size, name: 'hosts' })
  const network = createNetwork(size)
  const stops = peers.map((peer) => startPeer(network, peer, peers))
  const stopAll = async (): Promise<void> => void (await Promise.all(stops.map((stop) => stop())))
  onTestFinished(stopAll)
  const everyone = peers.map(({ number }) => number)
  const ask: Hosts['ask'] = async (number, method, params) => {
    const client = await connectControl((peers[number - 1] as LocalPeer).dataDirectory)
    try {
      return await client.call(method, params)
    } finally {
      client.close()
    }
  }
  for (const number of everyone) {
    await until(async () => {
      const graph = await ask(number, 'status', {}).then(
        (status) => status.graph,
        () => undefined
      )
      return graph?.peers === size && graph.articulationPoints.length === 0
    }, PATIENCE_MS)
  }
  const statuses = await Promise.all(everyone.map((number) => ask(number, 'status', {})))
  return {
    network,
    everyone,
    ask,
    short: (number) => statuses[number - 1]?.peer.short ?? '',
    stopAll,
    async outcomes(decision) {
      await stopAll()
      const texts = await Promise.all(peers.map((peer) => storedCertificates(peer.dataDirectory)))
      return new Set(texts.map((certificates) => provenOutcome(certificates.get(decision) ?? '')))
    }
  }
}

/** Starts a peer in its namespace; `ip` becomes the peer, so that its process id is the peer's. The answer stops it. */
function startPeer(network: Network, peer: LocalPeer, peers: readonly LocalPeer[]): () => Promise<void> {
  const addressOf = ({ number }: LocalPeer): string => `/ip4/${network.address(number)}/tcp/${PORT}`
  const through = peers.filter((other) => other !== peer).map(addressOf)
  const output = openSync(join(peer.dataDirectory, OUTPUT_FILE), 'a', 0o600)
  const child = spawn(
    'ip',
    [
      ...['netns', 'exec', network.namespace(peer.number), process.execPath, PEER_ENTRY],
      ...peerArguments(peer, { listen: [addressOf(peer)], join: through, vote: 'random' })
    ],
    { stdio: ['ignore', output, output] }
  )
  closeSync(output)
  const kill = (): boolean => child.kill('SIGKILL')
  process.once('exit', kill)
  const exited = new Promise<void>((resolve) => child.once('exit', () => resolve()))
  return async () => {
    process.off('exit', kill)
    if (child.exitCode === null && child.signalCode === null) child.kill('SIGTERM')
    const timer = setTimeout(kill, 10_000)
    await exited
    clearTimeout(timer)
  }
}

async function untilCertified(hosts: Hosts, numbers: readonly number[], decision: string): Promise<void> {
  for (const number of numbers) {
    await until(async () => {
      const { closed } = await hosts.ask(number, 'decisions', {})
      return closed.some((known) => known.decision === decision)
    }, PATIENCE_MS)
  }
}

/** Waits until these peers say that they wait for these others, and for nobody else. */
async function untilMissing(
  hosts: Hosts,
  numbers: readonly number[],
  decision: string,
  missing: readonly number[]
): Promise<void> {
  const wanted = missing.map(hosts.short).sort().join()
  for (const number of numbers) {
    await until(async () => {
      const { open } = await hosts.ask(number, 'status', {})
      const one = open.find((known) => known.decision === decision)
      return (
        one !== undefined &&
        one.deadlineLeftMs === 0 &&
        one.missing
          .map(({ short }) => short)
          .sort()
          .join() === wanted
      )
    }, PATIENCE_MS)
  }
}

describe.skipIf(why !== undefined)('peers on hosts of their own', () => {
  it('decide across a network', async () => {
    const hosts = await launch(4)
    const { decision } = await hosts.ask(1, 'propose', where)
    await untilCertified(hosts, hosts.everyone, decision)
    expect((await hosts.outcomes(decision)).size).toBe(1)
  })

  it('decide without a host whose link is down, name it, and find it again when it is up', async () => {
    const hosts = await launch(4)
    hosts.network.setLink(4, 'down')
    const { decision } = await hosts.ask(1, 'propose', where)
    await untilCertified(hosts, [1, 2, 3], decision)
    const { closed } = await hosts.ask(1, 'decisions', {})
    expect(closed[0]?.notCounted.map(({ short }) => short)).toEqual([hosts.short(4)])
    expect((await hosts.ask(4, 'decisions', {})).closed).toEqual([])
    hosts.network.setLink(4, 'up')
    await untilCertified(hosts, [4], decision)
    expect((await hosts.outcomes(decision)).size).toBe(1)
  })

  it('wait when packets of two of four vanish without a word, name the two, and finish when they arrive again', async () => {
    const hosts = await launch(4)
    for (const number of [3, 4]) hosts.network.plug(number, 'nowhere')
    const { decision } = await hosts.ask(1, 'propose', where)
    await untilMissing(hosts, [1, 2], decision, [3, 4])
    // Connections that nobody has closed are found dead, and the two are seen to be away.
    await until(async () => {
      const { members } = await hosts.ask(1, 'status', {})
      return members.filter(({ connected }) => connected).length === 2
    }, PATIENCE_MS)
    expect((await hosts.ask(1, 'status', {})).decidedCount).toBe(0)
    for (const number of [3, 4]) hosts.network.plug(number, 'main')
    await untilCertified(hosts, hosts.everyone, decision)
    expect((await hosts.outcomes(decision)).size).toBe(1)
  })

  it('decide in neither half of a network that falls in two, and on one outcome when it is whole again', async () => {
    const hosts = await launch(4)
    for (const number of [3, 4]) hosts.network.plug(number, 'aside')
    const { decision: left } = await hosts.ask(1, 'propose', where)
    const { decision: right } = await hosts.ask(4, 'propose', where)
    await untilMissing(hosts, [1, 2], left, [3, 4])
    await untilMissing(hosts, [3, 4], right, [1, 2])
    for (const number of hosts.everyone) expect((await hosts.ask(number, 'status', {})).decidedCount).toBe(0)
    for (const number of [3, 4]) hosts.network.plug(number, 'main')
    for (const decision of [left, right]) await untilCertified(hosts, hosts.everyone, decision)
    for (const decision of [left, right]) expect((await hosts.outcomes(decision)).size).toBe(1)
  })

  it('lose no decision while a link comes and goes', async () => {
    const hosts = await launch(4)
    const decisions: string[] = []
    for (let round = 0; round < 6; round++) {
      hosts.network.plug(2, 'nowhere')
      const { decision } = await hosts.ask(1, 'propose', where)
      decisions.push(decision)
      await untilCertified(hosts, [1, 3, 4], decision)
      hosts.network.plug(2, 'main')
      const { decision: other } = await hosts.ask(3, 'propose', where)
      decisions.push(other)
      await untilCertified(hosts, [1, 3, 4], other)
    }
    for (const decision of decisions) await untilCertified(hosts, hosts.everyone, decision)
    for (const decision of decisions) expect((await hosts.outcomes(decision)).size).toBe(1)
  })

  it('decide while one of them sends no faster than 64 kbit/s, and that one decides too', async () => {
    const hosts = await launch(4)
    const isShaped = hosts.network.shape(4, 'tbf', 'rate', '64kbit', 'burst', '4kb', 'latency', '400ms')
    expect(isShaped).toBe(true)
    const { decision } = await hosts.ask(1, 'propose', where)
    await untilCertified(hosts, hosts.everyone, decision)
    const { decision: own } = await hosts.ask(4, 'propose', where)
    await untilCertified(hosts, hosts.everyone, own)
    expect((await hosts.outcomes(own)).size).toBe(1)
  })

  it.skipIf(!isDelayPossible)('decide over links that delay by 150 to 250 ms and lose one packet in ten', async () => {
    const hosts = await launch(4)
    const words = ['netem', 'delay', '200ms', '50ms', 'loss', '10%']
    for (const number of hosts.everyone) expect(hosts.network.shape(number, ...words)).toBe(true)
    const { decision } = await hosts.ask(1, 'propose', { ...where, deadlineMs: 3_000 })
    await untilCertified(hosts, hosts.everyone, decision)
    expect((await hosts.outcomes(decision)).size).toBe(1)
  })
})
