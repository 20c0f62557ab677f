import { sha256 } from '@noble/hashes/sha2.js'
import { describe, expect, it } from 'vitest'
import { toHex, utf8 } from '../../src/core/bytes.ts'
import { type DecisionId, type Hash, nodeId } from '../../src/core/ids.ts'
import { seededRandom } from '../../src/core/random.ts'
import { Archive } from '../../src/decision/delivery.ts'
import { Counters } from '../../src/peer/counters.ts'
import { createAllowances, EXCHANGE_ALLOWANCE, ExchangeSide } from '../../src/peer/exchange-side.ts'
import { PresenceTable } from '../../src/peer/presence.ts'
import { LIMITS } from '../../src/wire/limits.ts'
import * as messages from '../../src/wire/messages.ts'
import { decodeSync, encodeSync, type SyncMessage } from '../../src/wire/sync.ts'
import { manualClock } from '../support/manual-clock.ts'
import { COMMUNITY, PROPOSAL } from './drivers.ts'

const MIB = 1024 * 1024
const CERTIFICATE_SIZE_BYTES = 4_600
const FRAME = new Uint8Array(200)

const nth = (index: number): DecisionId => toHex(sha256(utf8(`decision ${index}`))) as DecisionId
const certificateOf = (decision: DecisionId): string => decision.padEnd(CERTIFICATE_SIZE_BYTES, '.')

/** One member, and what it has taken from its neighbour and the neighbour from it. */
function memberWith(closedCount: number, options: { readonly archive?: Archive } = {}) {
  const clock = manualClock()
  const archive = options.archive ?? new Archive()
  for (let index = 0; index < closedCount; index++) archive.close(nth(index))
  const taken = { certificates: [] as DecisionId[], frames: 0 }
  const counters = new Counters()
  let isRefusing = false
  let unwritten = 0
  let unwrittenMax = 0
  const parts = {
    ...{ roster: COMMUNITY.roster, presence: new PresenceTable(4), random: seededRandom(1), counters },
    store: { certificate: async (decision: DecisionId) => certificateOf(decision) },
    proofs: { convicted: () => new Uint8Array(1), lackedBy: async () => [] },
    driver: {
      archive,
      receive: () => {
        taken.frames++
        return { verdict: 'accept' as const }
      },
      adopt: (text: string) => {
        if (isRefusing) return false
        const decision = text.slice(0, 64) as DecisionId
        taken.certificates.push(decision)
        archive.close(decision)
        unwrittenMax = Math.max(unwrittenMax, ++unwritten)
        return true
      },
      written: async () => {
        unwritten = 0
      },
      digest: () => archive.digest(),
      isBusy: false
    }
  }
  const refuse = (): void => {
    isRefusing = true
  }
  const allowances = createAllowances(clock)
  const events = { more: 0, heardAll: 0 }
  const talk = (incoming: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> =>
    new ExchangeSide(parts, allowances, incoming).talk({
      onMore: () => void events.more++,
      onHeardAll: () => void events.heardAll++
    })
  return { archive, clock, counters, events, taken, talk, unwrittenMax: () => unwrittenMax, refuse }
}

/** What one side has said and the other not yet heard. */
function pipe() {
  const messages: Uint8Array[] = []
  let ended = false
  let wake = (): void => undefined
  const changed = (): void => wake()
  return {
    say(message: Uint8Array) {
      messages.push(message)
      changed()
    },
    end() {
      ended = true
      changed()
    },
    async *heard(): AsyncGenerator<Uint8Array> {
      for (;;) {
        const next = messages.shift()
        if (next !== undefined) yield next
        else if (ended) return
        else
          await new Promise<void>((resolve) => {
            wake = resolve
          })
      }
    }
  }
}

/** One exchange of two members. The answer is what both said, in bytes. */
async function exchange(left: ReturnType<typeof memberWith>, right: ReturnType<typeof memberWith>): Promise<number> {
  const [toLeft, toRight] = [pipe(), pipe()]
  let sizeBytes = 0
  const run = async (words: AsyncGenerator<Uint8Array>, to: ReturnType<typeof pipe>): Promise<void> => {
    for await (const word of words) {
      sizeBytes += word.length
      to.say(word)
    }
    to.end()
  }
  await Promise.all([run(left.talk(toLeft.heard()), toRight), run(right.talk(toRight.heard()), toLeft)])
  return sizeBytes
}

/** What `giver` says to a neighbour that says this. */
async function saidTo(
  giver: ReturnType<typeof memberWith>,
  ...messages: readonly SyncMessage[]
): Promise<Uint8Array[]> {
  const incoming = async function* (): AsyncGenerator<Uint8Array> {
    for (const message of messages) yield encodeSync(message)
  }
  const said: Uint8Array[] = []
  for await (const message of giver.talk(incoming())) said.push(message)
  return said
}

const { community } = COMMUNITY.roster
const NOTHING: SyncMessage = { frames: [], certificates: [] }
const LACKS_ALL: SyncMessage = { ...NOTHING, digest: { community, open: [], closed: [], presence: [] } }

describe('two sides', () => {
  it('of which one joins after 2,500 decisions have it all after a few exchanges, oldest first, each once', async () => {
    const [old, young] = [memberWith(2_500), memberWith(0)]
    let exchanges = 0
    for (; exchanges < 10 && young.archive.closedCount < 2_500; exchanges++) await exchange(old, young)
    expect(young.taken.certificates).toEqual(Array.from({ length: 2_500 }, (_, index) => nth(index)))
    expect(exchanges).toBe(Math.ceil((2_500 * CERTIFICATE_SIZE_BYTES) / (LIMITS.exchangeSizeBytesMax / 2)))
    expect(old.events.more).toBe(exchanges - 1)
    expect(young.events.heardAll).toBe(1)
    expect(young.unwrittenMax()).toBeLessThan(2 * 64)
    expect(await exchange(old, young)).toBeLessThan(40_000)
  })

  it('with 1,500 decisions each, of which they share 1,400, give each other exactly the hundred that are lacking', async () => {
    const [left, right] = [memberWith(1_400), memberWith(1_400)]
    for (let index = 2_000; index < 2_100; index++) left.archive.close(nth(index))
    // The right side has its own hundred for longer than the last thousand, so that its digest names none of them.
    const archive = new Archive()
    for (let index = 3_000; index < 3_100; index++) archive.close(nth(index))
    const older = memberWith(1_400, { archive })
    expect(right.archive.closedCount).toBe(1_400)
    await exchange(left, older)
    expect(left.taken.certificates).toEqual(Array.from({ length: 100 }, (_, index) => nth(3_000 + index)))
    expect(older.taken.certificates).toEqual(Array.from({ length: 100 }, (_, index) => nth(2_000 + index)))
    expect([left.events.heardAll, older.events.heardAll]).toEqual([1, 1])
  })
})

describe('a neighbour that asks for everything again in every exchange', () => {
  /** Asks once a second for some minutes. The answer is what it was given. */
  async function greed(giver: ReturnType<typeof memberWith>, minutes: number) {
    const given = { sizeBytes: 0, frames: 0 }
    for (let second = 0; second <= minutes * 60; second++) {
      for (const message of await saidTo(giver, LACKS_ALL, NOTHING)) {
        given.sizeBytes += message.length
        given.frames += messages.SyncMessage.decode(message).frames.length
      }
      giver.clock.advance(1_000)
    }
    return given
  }

  it('is given certificates within its allowance, and no more', async () => {
    const giver = memberWith(2_000)
    const { certificates, others } = EXCHANGE_ALLOWANCE
    const { sizeBytes } = await greed(giver, 2)
    expect(sizeBytes).toBeGreaterThan(certificates.atOnceSizeBytes)
    const allowed = [certificates, others].map((each) => each.atOnceSizeBytes + 2 * each.perMinuteSizeBytes)
    expect(sizeBytes).toBeLessThan((allowed[0] ?? 0) + (allowed[1] ?? 0))
  })

  it('is given frames within its allowance, which is not that of the certificates', async () => {
    const archive = new Archive()
    archive.open(PROPOSAL.id)
    for (let index = 0; index < 100; index++) {
      for (let author = 0; author < 100; author++) {
        archive.keep(PROPOSAL.id, nodeId(author), nth(index * 100 + author) as string as Hash, FRAME)
      }
    }
    const { others, itemSizeBytes } = EXCHANGE_ALLOWANCE
    const allowed = others.atOnceSizeBytes + others.perMinuteSizeBytes
    const { frames } = await greed(memberWith(0, { archive }), 1)
    const sizeBytes = frames * (FRAME.length + itemSizeBytes)
    expect(sizeBytes).toBeGreaterThan(others.atOnceSizeBytes / 2)
    expect(sizeBytes).toBeLessThan(allowed + 2 * MIB)
  })

  it('is told nothing while it is in debt, and something again later', async () => {
    const giver = memberWith(0)
    const open = Array.from({ length: 8 }, (_, index) => ({ decision: nth(index), have: [] }))
    let asked = 0
    const theirs = { ...LACKS_ALL, digest: { ...LACKS_ALL.digest!, open } }
    while ((await saidTo(giver, theirs, { frames: Array(1_000).fill(FRAME), certificates: [] }, NOTHING)).length > 0)
      asked++
    expect(asked).toBeGreaterThan(10)
    expect(giver.taken.frames * (FRAME.length + 1024)).toBeLessThan(
      2 * EXCHANGE_ALLOWANCE.others.atOnceSizeBytes + 4 * MIB
    )
    expect(giver.counters.read()['exchange-over-allowance']).toBeGreaterThan(0)
    giver.clock.advance(10_000)
    expect((await saidTo(giver, theirs, NOTHING)).length).toBeGreaterThan(0)
  })
})

describe('a neighbour that does not keep to the order', () => {
  it('gets nothing of what its digest did not name when it owes an inventory', async () => {
    const giver = memberWith(1_500)
    const theirs = memberWith(1_200)
    const digest = { community, ...theirs.archive.digest(), presence: [] }
    const said = await saidTo(giver, { ...NOTHING, digest }, NOTHING)
    expect(
      said.map((bytes) => decodeSync(bytes)).filter((read) => read.ok && read.value.certificates.length > 0)
    ).toEqual([])
  })

  it('is soon told nothing more when it gives what is refused', async () => {
    const taker = memberWith(0)
    taker.refuse()
    let heard = 0
    while ((await saidTo(taker, LACKS_ALL, { frames: [], certificates: [certificateOf(nth(heard))] })).length > 0)
      heard++
    expect(heard).toBeLessThanOrEqual(2 * (EXCHANGE_ALLOWANCE.others.atOnceSizeBytes / MIB))
    taker.clock.advance(60_000)
    expect((await saidTo(taker, LACKS_ALL, NOTHING)).length).toBeGreaterThan(0)
  })

  it('is asked again when it breaks off while it gives', async () => {
    const taker = memberWith(0)
    const incoming = async function* (): AsyncGenerator<Uint8Array> {
      yield encodeSync(LACKS_ALL)
      yield encodeSync({ frames: [], certificates: [certificateOf(nth(1))] })
      throw new Error('no end after 10000 ms')
    }
    const all = async (): Promise<void> => {
      for await (const message of taker.talk(incoming())) expect(message.length).toBeGreaterThanOrEqual(0)
    }
    await expect(all()).rejects.toThrow('no end')
    expect(taker.events).toEqual({ more: 1, heardAll: 0 })
    expect(taker.taken.certificates).toEqual([nth(1)])
  })

  it('is not taken to have given all when it says that there is more, or ends without a word', async () => {
    const taker = memberWith(0)
    await saidTo(taker, LACKS_ALL, { ...NOTHING, more: true })
    await saidTo(taker, LACKS_ALL)
    expect(taker.events.heardAll).toBe(0)
    await saidTo(taker, LACKS_ALL, NOTHING)
    expect(taker.events.heardAll).toBe(1)
  })
})
