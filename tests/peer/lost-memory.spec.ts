/** Peers whose disk forgot, or whose directory was copied: they fall silent, and nobody is misled or accused. */

import { cp, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import type { Peer } from '../../src/peer/peer.ts'
import { OBSERVING } from '../../src/peer/standing.ts'
import { storeDirectory } from '../../src/storage/store.ts'
import { found, isMeshed, startPeer, until } from '../support/peers.ts'

const SIZE = 4

/** Four peers, with their directories in the same order. */
async function community() {
  const { charter, directories } = await found(SIZE)
  const start = (index: number, through?: Peer, dataDirectory = directories[index]!): Promise<Peer> =>
    startPeer({ dataDirectory, charter, ...(through === undefined ? {} : { join: through.addresses() }) })
  const peers: Peer[] = []
  for (let index = 0; index < SIZE; index++) peers.push(await start(index, peers[0]))
  await until(() => peers.every((peer) => isMeshed(peer, SIZE) && peer.status().standing.state === 'voting'))
  return { peers, directories, start }
}

/** A question that stays open: everyone has heard it, and only the last peer has cast its ballot. */
async function openQuestion(peers: readonly Peer[]): Promise<string> {
  const { id } = await peers[0]!.propose({ question: 'Where?', options: ['lake', 'forest'], deadlineMs: 600_000 })
  await until(() => peers.every((peer) => peer.openCount === 1))
  await peers.at(-1)!.vote(id, 'lake', { seal: true })
  await until(() => peers.every((peer) => peer.status().open[0]?.cast.length === 1))
  return id
}

const isAccused = (peers: readonly Peer[]): boolean =>
  peers.some((peer) => (peer.status().counters['accused'] ?? 0) > 0)

const standingOf = (peer: Peer) => peer.status().standing

describe('a peer whose store was emptied', () => {
  it('observes, although nothing but its identity is left, because others hold its words; and adopts what they decide', async () => {
    const { peers, directories, start } = await community()
    const [one, two, three, last] = peers as [Peer, Peer, Peer, Peer]
    const decision = await openQuestion(peers)
    await last.stop('to lose its memory')
    const directory = directories[3]!
    await rm(storeDirectory(directory), { recursive: true })
    await rm(join(directory, 'store-mark'), { force: true })
    const again = await start(3, one)
    await until(() => standingOf(again).state === 'observing')
    // Its old presence and its old words come in the same exchange; either shows it.
    expect([OBSERVING.forgotten, OBSERVING.twin]).toContain(standingOf(again).reason)
    await expect(again.vote(decision, 'forest')).rejects.toThrow(/one open decision|only observes/)
    await expect(again.propose({ question: 'What?', options: ['a', 'b'] })).rejects.toThrow(/only observes/)

    for (const peer of [one, two, three]) await peer.vote(decision, 'forest', { seal: true })
    await until(() => [one, two, three, again].every((peer) => peer.status().decidedCount === 1))
    expect(isAccused([one, two, three, again])).toBe(false)
  })

  it('knows it at once by the mark beside the store, and stays an observer when it is started again', async () => {
    const { peers, directories, start } = await community()
    await openQuestion(peers)
    await peers[3]!.stop('to lose its memory')
    await rm(storeDirectory(directories[3]!), { recursive: true })
    const again = await start(3, peers[0])
    expect(standingOf(again)).toEqual({ state: 'observing', reason: OBSERVING.behind })
    await again.stop('once more')
    const onceMore = await start(3, peers[0])
    expect(standingOf(onceMore)).toEqual({ state: 'observing', reason: OBSERVING.behind })
  })
})

describe('a peer whose store was put back from an old copy', () => {
  it('observes, whether or not the mark was put back with it', async () => {
    for (const withMark of [false, true]) {
      const { peers, directories, start } = await community()
      const directory = directories[3]!
      await peers[3]!.stop('to be copied')
      const copy = `${directory}-copy`
      await cp(directory, copy, { recursive: true })
      peers[3] = await start(3, peers[0])
      await until(() => standingOf(peers[3]!).state === 'voting')
      const decision = await openQuestion(peers)
      await peers[3]!.stop('to go back in time')
      await rm(storeDirectory(directory), { recursive: true })
      await cp(storeDirectory(copy), storeDirectory(directory), { recursive: true })
      if (withMark) await cp(join(copy, 'store-mark'), join(directory, 'store-mark'))
      const again = await start(3, peers[0])
      await until(() => standingOf(again).state === 'observing')
      for (const peer of peers.slice(0, 3)) await peer.vote(decision, 'forest', { seal: true })
      await until(() => [...peers.slice(0, 3), again].every((peer) => peer.status().decidedCount === 1))
      expect(isAccused([...peers.slice(0, 3), again])).toBe(false)
      await Promise.all([...peers, again].map((peer) => peer.stop('done')))
    }
  })
})

describe('two processes with one identity on two directories', () => {
  it('both notice and stop voting, and the others decide without them', async () => {
    const { peers, directories, start } = await community()
    await peers[3]!.stop('to be copied')
    const copy = `${directories[3]}-twin`
    await cp(directories[3]!, copy, { recursive: true })
    const one = await start(3, peers[0])
    const other = await start(3, peers[1], copy)
    await until(() => [one, other].every((peer) => standingOf(peer).state === 'observing'), 30_000)

    const others = peers.slice(0, 3)
    const { id } = await others[0]!.propose({ question: 'Where?', options: ['lake', 'forest'], deadlineMs: 1_000 })
    await until(() => others.every((peer) => peer.openCount === 1))
    for (const peer of others) await peer.vote(id, 'lake', { seal: true })
    await until(() => others.every((peer) => peer.status().decidedCount === 1), 30_000)
    expect(isAccused(others)).toBe(false)
  })
})
