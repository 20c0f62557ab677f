import { describe, expect, it } from 'vitest'
import { utf8 } from '../../src/core/bytes.ts'
import { type DecisionId, type Hash, nodeId, type PeerIdString } from '../../src/core/ids.ts'
import { seededRandom } from '../../src/core/random.ts'
import { Archive } from '../../src/decision/delivery.ts'
import { Counters } from '../../src/peer/counters.ts'
import type { Driver } from '../../src/peer/driver.ts'
import { PresenceTable } from '../../src/peer/presence.ts'
import { Sync, syncPauseMs } from '../../src/peer/sync.ts'
import type { Store } from '../../src/storage/store.ts'
import { LIMITS } from '../../src/wire/limits.ts'
import { decodeSync, encodeSync } from '../../src/wire/sync.ts'
import { manualClock } from '../support/manual-clock.ts'
import { COMMUNITY, PROPOSAL } from './drivers.ts'

const NEIGHBOUR = 'neighbour' as PeerIdString
const id = (index: number): Hash => index.toString(16).padStart(64, '0').split('').reverse().join('') as Hash

/** The number of the frame that is refused. */
const BAD = 3
const certificate = (decision: DecisionId): string => decision.repeat(1_500)

/** A frame that says which one it is. */
function frameNumbered(index: number): Uint8Array {
  const frame = new Uint8Array(16_000)
  new DataView(frame.buffer).setUint32(0, index)
  return frame
}
const numberOf = (frame: Uint8Array): number => new DataView(frame.buffer, frame.byteOffset).getUint32(0)

/** One side of exchanges that keeps `frameCount` frames of 16 KB and `closedCount` certificates of 96 KB. */
function sideOf({ frameCount = 0, closedCount = 0, exchangeSizeBytesMax = LIMITS.exchangeSizeBytesMax }) {
  const clock = manualClock()
  const archive = new Archive()
  archive.open(PROPOSAL.id)
  for (let index = 0; index < frameCount; index++) {
    archive.keep(PROPOSAL.id, nodeId(index % 100), id(index), frameNumbered(index))
  }
  for (let index = 0; index < closedCount; index++) archive.close(id(10_000 + index) as DecisionId)
  const driver = { archive, open: [], isBusy: false, digest: () => archive.digest() } as unknown as Driver
  let begun = 0
  const exchanged: PeerIdString[] = []
  const sync = new Sync({
    ...{ roster: COMMUNITY.roster, clock, exchangeSizeBytesMax, presence: new PresenceTable(4) },
    random: seededRandom(1),
    counters: new Counters(),
    driver,
    store: { certificate: async (decision: DecisionId) => certificate(decision) } as unknown as Store,
    exchangeWith: async () => void begun++,
    neighbours: () => [],
    proofs: { convicted: () => new Uint8Array(1), lackedBy: async () => [] },
    onExchanged: (peer) => void exchanged.push(peer),
    isAwaited: () => false
  })
  return { sync, driver, archive, clock, exchanged, begun: () => begun }
}

/** What this side says to a neighbour that has what `theirs` names. */
async function saidBy({ sync }: ReturnType<typeof sideOf>, theirs: Archive) {
  const community = COMMUNITY.roster.community
  const digest = encodeSync({ digest: { community, ...theirs.digest(), presence: [] }, frames: [], certificates: [] })
  const incoming = async function* (): AsyncGenerator<Uint8Array> {
    yield digest
    yield encodeSync({ frames: [], certificates: [] })
  }
  const messages: Uint8Array[] = []
  for await (const message of sync.exchange(NEIGHBOUR, incoming())) messages.push(message)
  const read = messages.map((message) => decodeSync(message))
  return {
    sizeBytes: messages.reduce((sum, message) => sum + message.length + 4, 0),
    frames: read.flatMap((message) => (message.ok ? message.value.frames : [])),
    certificates: read.flatMap((message) => (message.ok ? message.value.certificates : [])),
    last: read.at(-1)
  }
}

describe('the giving side of an exchange', () => {
  it('says no more than the other side accepts, ends well, and exchanges again soon', async () => {
    const side = sideOf({ frameCount: 1_000 })
    const said = await saidBy(side, new Archive())
    expect(said.sizeBytes).toBeLessThanOrEqual(LIMITS.exchangeSizeBytesMax)
    expect(said.sizeBytes).toBeGreaterThan(LIMITS.exchangeSizeBytesMax / 2)
    expect(said.last).toEqual({ ok: true, value: { frames: [], certificates: [], more: true } })
    side.clock.advance(2_000)
    expect(side.begun()).toBe(1)
  })

  it('brings everything in the end, certificates among frames', async () => {
    const side = sideOf({ frameCount: 400, closedCount: 30, exchangeSizeBytesMax: 4 * 1024 * 1024 })
    const theirs = new Archive()
    theirs.open(PROPOSAL.id)
    let rounds = 0
    for (; rounds < 20 && side.archive.lackedBy(theirs.digest()).frames.length > 0; rounds++) {
      const { frames, certificates } = await saidBy(side, theirs)
      for (const frame of frames) {
        const index = numberOf(frame)
        theirs.keep(PROPOSAL.id, nodeId(index % 100), id(index), frame)
      }
      for (const text of certificates) theirs.close(text.slice(0, 64) as DecisionId)
    }
    expect(side.archive.lackedBy(theirs.digest())).toEqual({ frames: [], certificates: [] })
    expect(rounds).toBeGreaterThan(1)
  })

  it('does not exchange again when it has said all', async () => {
    const side = sideOf({ frameCount: 10, closedCount: 1 })
    const said = await saidBy(side, new Archive())
    expect(said.frames).toHaveLength(10)
    expect(said.certificates.map((text) => utf8(text).length)).toEqual([96_000])
    expect(said.last).toEqual({ ok: true, value: { frames: [], certificates: [] } })
    side.clock.advance(10_000)
    expect(side.begun()).toBe(0)
  })
})

describe('the taking side of an exchange', () => {
  it('takes nothing more after the first thing that no correct neighbour would pass on', async () => {
    const side = sideOf({})
    const taken: number[] = []
    const incoming = async function* (): AsyncGenerator<Uint8Array> {
      const { community } = COMMUNITY.roster
      yield encodeSync({ digest: { community, open: [], closed: [], presence: [] }, frames: [], certificates: [] })
      yield encodeSync({ frames: [1, 2, BAD, 4].map(frameNumbered), certificates: ['{}'] })
      yield encodeSync({ frames: [5].map(frameNumbered), certificates: [] })
    }
    side.driver.receive = (frame) => {
      taken.push(numberOf(frame))
      return { verdict: numberOf(frame) === BAD ? 'reject' : 'ignore' }
    }
    for await (const message of side.sync.exchange(NEIGHBOUR, incoming())) expect(message).toBeDefined()
    expect(taken).toEqual([1, 2, BAD])
  })
})

describe('the pause between exchanges', () => {
  it('is endless while the decision moves, a second when it has gone quiet, and grows with the silence', () => {
    expect([0, 999, 1_000, 4_000, 20_000, 600_000].map(syncPauseMs)).toEqual([
      Number.POSITIVE_INFINITY,
      Number.POSITIVE_INFINITY,
      1_000,
      1_000,
      5_000,
      15_000
    ])
  })

  it('is long when no decision is open', () => {
    expect(syncPauseMs(undefined)).toBe(15_000)
  })
})
