import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { storedCertificates } from '../../scripts/lib/stored-certificates.ts'
import { temporaryDirectory, until } from '../support/peers.ts'
import { dataDirectories, equipotent, isAlive, pidIn, provenOutcome, type Ran } from './support.ts'

/** The names that programs rely on; see the documentation of `--json`. */
const SUMMARY = [
  'type',
  'decision',
  'result',
  'peers',
  'alive',
  'decidedPeers',
  'identical',
  'launchMs',
  'decisionMs',
  'messagesPerPeer',
  'bytesPerPeer',
  'cpuMsPerPeer',
  'rssMiBPerPeer',
  'verdict'
]

function summaryOf({ events }: Ran): Record<string, unknown> {
  const last = events.at(-1) ?? {}
  expect(Object.keys(last)).toEqual(SUMMARY)
  return last
}

/** Everyone who was not killed has decided the same, and the files prove it. */
function expectDecided(ran: Ran, peers: number, killed: number): void {
  const { events, stdout, code, stderr } = ran
  expect({ code, stderr }).toMatchObject({ code: 0 })
  expect(summaryOf(ran)).toMatchObject({
    type: 'summary',
    peers,
    alive: peers - killed,
    decidedPeers: peers - killed,
    identical: true,
    verdict: 'pass'
  })
  expect(events).toHaveLength(stdout.split('\n').length)
  expect(events.filter(({ type }) => type === 'fault-injected')).toHaveLength(killed)
}

describe('a demo whose founder is killed', () => {
  it.each([4, 7, 16])('is decided alike by the others of %d peers', async (peers) => {
    const ran = await equipotent(['demo', '--json', '--peers', String(peers), '--kill', 'founder'])
    expectDecided(ran, peers, 1)
    const { launchMs, decisionMs, messagesPerPeer, bytesPerPeer, cpuMsPerPeer, rssMiBPerPeer } = summaryOf(ran)
    for (const figure of [launchMs, decisionMs, messagesPerPeer, bytesPerPeer, cpuMsPerPeer]) {
      expect(figure).toBeGreaterThan(0)
    }
    // A Node process with libp2p in it holds tens of mebibytes, and never a thousand.
    expect(rssMiBPerPeer).toBeGreaterThan(20)
    expect(rssMiBPerPeer).toBeLessThan(500)
  })
})

describe('a demo of seven', () => {
  it.each(['2', '3', '4', '5', '6', '7', '1,2', '6,7', 'none'])('is decided by the others without %s', async (kill) => {
    const killed = kill === 'none' ? 0 : kill.split(',').length
    expectDecided(await equipotent(['demo', '--json', '--kill', kill]), 7, killed)
  })
})

describe('a demo in which more than f are killed', () => {
  it('ends with 3 within the limit, names who is missing, and nobody has decided', async () => {
    const ran = await equipotent('demo --json --peers 4 --kill 1,2 --deadline 1s --time-limit 10'.split(' '))
    expect(ran.code).toBe(3)
    expect(summaryOf(ran)).toMatchObject({ alive: 2, decidedPeers: 0, result: '', verdict: 'pass' })
    expect(ran.stderr).toContain('No decision within 10 s: heron, wren are gone, and 4 peers can lose only 1.')
    expect(ran.stderr).toMatch(/not heard from in this step: .*(heron|wren)/)
  })

  it('ends with 3 when there is nobody left', async () => {
    const ran = await equipotent('demo --json --peers 4 --kill 1,2,3,4 --time-limit 20'.split(' '))
    expect(ran.code).toBe(3)
    expect(ran.stderr).toContain('No decision: every peer is gone.')
    expect(summaryOf(ran)).toMatchObject({ alive: 0, decidedPeers: 0, verdict: 'pass' })
  })
})

describe('the launcher', () => {
  it('can be killed while a decision is open: the peers finish it, and then go away by themselves', async () => {
    const directory = join(await temporaryDirectory(), 'demo')
    const argv = ['demo', '--json', '--peers', '4', '--kill', 'none', '--pace', '500ms', '--deadline', '3s']
    let decision = ''
    const ran = await equipotent([...argv, '--data', directory], (event, child) => {
      if (event['type'] !== 'ballot' || decision !== '') return
      decision = String(event['decision'])
      child.kill('SIGKILL')
    })
    expect(ran.events.some(({ type }) => type === 'decided' || type === 'summary')).toBe(false)
    const peers = dataDirectories(directory)
    const pids = peers.map((peer) => pidIn(peer) ?? 0)
    expect(pids.filter(isAlive)).toHaveLength(4)
    await until(() => peers.every((peer) => existsSync(join(peer, 'certificates', `${decision}.json`))), 20_000)
    await until(() => !pids.some(isAlive), 40_000)
    const stores = await Promise.all(peers.map(storedCertificates))
    const outcomes = stores.map((certificates) => provenOutcome(certificates.get(decision) ?? ''))
    expect(outcomes).toHaveLength(4)
    expect(new Set(outcomes).size).toBe(1)
  })
})
