import { readFile, rm, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import type { TraceEvent } from '../../src/consensus/trace.ts'
import { verifyCertificate } from '../../src/decision/certificate.ts'
import { newCharterTerms, signCharter } from '../../src/decision/charter.ts'
import { OPEN_DECISIONS_PER_PROPOSER_MAX } from '../../src/peer/arrivals.ts'
import { createPeer, type Peer } from '../../src/peer/peer.ts'
import { loadOrCreateIdentity } from '../../src/storage/identity.ts'
import { readJournals } from '../../src/storage/journal.ts'
import { verify } from '../../src/storage/keys.ts'
import { found, isMeshed, startCommunity, startPeer, temporaryDirectory, until } from '../support/peers.ts'

const where = { question: 'Where do we meet?', options: ['lake', 'forest', 'city'], deadlineMs: 1_000 }

async function decideEverywhere(peers: readonly Peer[], by: Peer, question = where): Promise<string[]> {
  const { id } = await by.propose(question)
  const decided = await Promise.all(peers.map((peer) => peer.follow(id).decided))
  return decided.map(({ outcome }) => JSON.stringify(outcome))
}

describe('peers', () => {
  it('decide the same, each with a certificate that verifies', async () => {
    const peers = await startCommunity(4, { vote: 'random' })
    expect(new Set(await decideEverywhere(peers, peers[2]!)).size).toBe(1)
    for (const peer of peers) {
      const { closed } = await peer.decisions()
      expect(closed).toHaveLength(1)
      expect(closed[0]!.counted).toHaveLength(4)
    }
  })

  it('take part in several decisions at a time', async () => {
    const peers = await startCommunity(4, { vote: 'random' })
    const outcomes = await Promise.all(peers.map((peer) => decideEverywhere(peers, peer)))
    expect(outcomes.map((outcome) => new Set(outcome).size)).toEqual([1, 1, 1, 1])
  })

  it('write each certificate as a file that can be checked with nothing else', async () => {
    const { charter, directories } = await found(1)
    const peer = await startPeer({ dataDirectory: directories[0]!, charter, vote: 'lake' })
    const { id } = await peer.propose(where)
    await peer.follow(id).decided
    const text = await readFile(join(directories[0]!, 'certificates', `${id}.json`))
    expect(verifyCertificate(text, verify)).toMatchObject({ ok: true, decision: id, resultInWords: 'lake (1 of 1)' })
  })

  it('write a certificate file that a crash left out when they start again', async () => {
    const { charter, directories } = await found(1)
    const [dataDirectory] = directories as [string]
    const peer = await startPeer({ dataDirectory, charter, vote: 'lake' })
    const { id } = await peer.propose(where)
    await peer.follow(id).decided
    const file = join(dataDirectory, 'certificates', `${id}.json`)
    const text = await readFile(file, 'utf8')
    await peer.stop('a crash')
    await rm(file)
    await startPeer({ dataDirectory, charter })
    expect(await readFile(file, 'utf8')).toBe(text)
  })

  it('refuse a charter with another roster than the one their data directory began with', async () => {
    const { charter, directories } = await found(1)
    const [dataDirectory] = directories as [string]
    await (await startPeer({ dataDirectory, charter })).stop('to change the charter')
    const identity = await loadOrCreateIdentity(dataDirectory)
    const members = [{ key: identity.key, name: 'the same, in another community' }]
    const terms = { ...newCharterTerms({ name: 'other', members, nonce: '11'.repeat(16) }), signatures: {} }
    const other = signCharter(terms, identity.key, identity.sign)
    await expect(createPeer({ dataDirectory, charter: other })).rejects.toThrow(/that this data directory began with/)
    const again = await startPeer({ dataDirectory, charter })
    expect(again.status().standing.state).toBe('voting')
  })

  it('tell whoever follows a decision what happens, in order, to its end', async () => {
    const { charter, directories } = await found(1)
    const peer = await startPeer({ dataDirectory: directories[0]!, charter })
    const decision = await peer.propose(where)
    const events: TraceEvent[] = []
    const following = (async () => {
      for await (const event of decision) events.push(event)
    })()
    await peer.vote(decision.id, 'forest', { seal: true })
    await following
    const types = events.map(({ type }) => type)
    expect(types.indexOf('proposal')).toBeLessThan(types.indexOf('ballot'))
    expect(types.indexOf('ballot')).toBeLessThan(types.indexOf('decided'))
    expect(types.at(-1)).toBe('certified')
  })

  it('count a ballot that was changed before it was sealed as it was last', async () => {
    const peers = await startCommunity(2)
    const { id } = await peers[0]!.propose({ ...where, deadlineMs: 60_000 })
    await until(() => peers[1]!.openCount === 1)
    await peers[0]!.vote(id, 'lake')
    const kept = await peers[0]!.vote(id, 'city')
    expect(kept.mine).toEqual({ state: 'draft', answer: 'city' })
    await peers[0]!.vote(id, 'forest', { seal: true })
    await peers[1]!.vote(id.slice(-8), 'abstain', { seal: true })
    const { outcome } = await peers[0]!.follow(id).decided
    expect(outcome.result).toMatchObject({ winner: 1, abstained: 1 })
  })
})

describe('a peer that was away', () => {
  it('finds the community again and adopts what was decided meanwhile', async () => {
    const { charter, directories } = await found(4)
    const first = await startPeer({ dataDirectory: directories[0]!, charter, vote: 'random' })
    const through = { charter, vote: 'random', join: first.addresses() }
    const others = [first]
    for (const dataDirectory of directories.slice(1, 3)) others.push(await startPeer({ dataDirectory, ...through }))
    await until(() => others.every((peer) => isMeshed(peer, 3)))
    const outcomes = await decideEverywhere(others, others[1]!)
    const late = await startPeer({ dataDirectory: directories[3]!, ...through })
    await until(async () => (await late.decisions()).closed.length === 1)
    const { closed } = await late.decisions()
    expect(closed[0]!.notCounted).toHaveLength(1)
    expect(new Set(outcomes).size).toBe(1)
  })

  it('takes up its open decisions from disk and says the same again', async () => {
    const { charter, directories } = await found(4)
    const options = { charter, vote: 'ask' }
    const first = await startPeer({ dataDirectory: directories[0]!, ...options })
    const { id } = await first.propose({ ...where, deadlineMs: 60_000 })
    await first.vote(id, 'lake', { seal: true })
    const ballot = ballotOf(directories[0]!, id)
    await first.stop('for a while')

    const again = await startPeer({ dataDirectory: directories[0]!, ...options })
    expect(again.status().open.map(({ decision, mine }) => [decision, mine.state])).toEqual([[id, 'cast']])
    const through = { charter, vote: 'forest', join: again.addresses() }
    const others: Peer[] = []
    for (const dataDirectory of directories.slice(1)) others.push(await startPeer({ dataDirectory, ...through }))
    const { certificate } = await again.follow(id).decided
    const own = certificate.ballots.find(({ answer }) => answer.type === 'choice' && answer.choices[0] === 0)
    expect(own).toBeDefined()
    await Promise.all(others.map((peer) => peer.follow(id).decided))
    expect(ballotOf(directories[0]!, id)).toBe(ballot)
  })
})

/** The hash of the ballot that this peer's journal says it cast; throws if it cast two. */
function ballotOf(directory: string, decision: string): string | undefined {
  const { events } = readJournals(directory)
  const own = events.filter((event) => event.type === 'ballot' && event.own && event.decision === decision)
  const hashes = new Set(own.map((event) => (event.type === 'ballot' ? event.ballot : '')))
  if (hashes.size > 1) throw new Error('cast two ballots')
  return [...hashes][0]
}

describe('a peer that is given bad input', () => {
  it('lists every problem of a proposal and stays as it was', async () => {
    const { charter, directories } = await found(1)
    const peer = await startPeer({ dataDirectory: directories[0]!, charter })
    const wrong = peer.propose({ question: 'x'.repeat(1_000_000), options: ['one'], deadlineMs: 1 })
    await expect(wrong).rejects.toMatchObject({ name: 'OptionsError' })
    const problems = await wrong.catch((error: { problems: { path: string }[] }) =>
      error.problems.map(({ path }) => path)
    )
    expect(problems).toEqual(expect.arrayContaining(['question', 'options', 'deadlineMs']))
    expect(peer.openCount).toBe(0)
  })

  it('refuses a vote in an unknown decision, for an unknown option, and a second one', async () => {
    const { charter, directories } = await found(2)
    const peer = await startPeer({ dataDirectory: directories[0]!, charter })
    await expect(peer.vote('beef', 'lake')).rejects.toMatchObject({ name: 'OptionsError' })
    await expect(peer.vote('', 'lake')).rejects.toMatchObject({ name: 'OptionsError' })
    const { id } = await peer.propose({ ...where, deadlineMs: 60_000 })
    await expect(peer.vote(id, 'moon')).rejects.toMatchObject({ name: 'OptionsError' })
    await peer.vote(id, 'lake', { seal: true })
    await expect(peer.vote(id, 'city')).rejects.toThrow(/cast and cannot be changed/)
  })

  it('opens no more decisions for one member than its share', async () => {
    const { charter, directories } = await found(2)
    const peer = await startPeer({ dataDirectory: directories[0]!, charter })
    for (let index = 0; index < OPEN_DECISIONS_PER_PROPOSER_MAX; index++) {
      await peer.propose({ ...where, deadlineMs: 60_000 })
    }
    await expect(peer.propose(where)).rejects.toMatchObject({ name: 'OptionsError' })
    expect(peer.openCount).toBe(OPEN_DECISIONS_PER_PROPOSER_MAX)
  })

  it('does not start without a charter, with a stranger’s charter, or in a directory in use', async () => {
    const { charter, directories } = await found(1)
    const [dataDirectory] = directories as [string]
    await expect(createPeer({ dataDirectory })).rejects.toThrow(/no such file/)
    await expect(createPeer({ dataDirectory, charter: { nonsense: true } })).rejects.toMatchObject({
      name: 'OptionsError'
    })
    await expect(createPeer({ dataDirectory: await temporaryDirectory(), charter })).rejects.toThrow(
      /not among its members/
    )
    await startPeer({ dataDirectory, charter })
    await expect(createPeer({ dataDirectory, charter })).rejects.toThrow(/another process uses this data directory/)
  })

  it('keeps its control socket and its identity to its own user', async () => {
    const { charter, directories } = await found(1)
    await startPeer({ dataDirectory: directories[0]!, charter })
    for (const name of ['control.sock', 'identity']) {
      expect((await stat(join(directories[0]!, name))).mode & 0o777).toBe(0o600)
    }
  })
})
