import { afterEach, describe, expect, it } from 'vitest'
import { utf8 } from '../../src/core/bytes.ts'
import type { Verdict } from '../../src/network/gossip.ts'
import { PATIENCE } from '../../src/network/settings.ts'
import { connect, eventually, listenIn, peersUpTo, startHost, startMember, stopAll } from './support.ts'

afterEach(stopAll)

const judge = (bytes: Uint8Array): Verdict => (bytes[0] === utf8('!')[0] ? 'reject' : 'accept')

/** A chain: what the first says reaches the last only if the middle passes it on. */
async function chainOfThree(validateInTheMiddle: (bytes: Uint8Array) => Verdict, sizeMax?: number) {
  const hosts = await Promise.all([0, 1, 2].map((index) => startHost(index)))
  const [first, middle, last] = hosts.map((host, index) => ({
    host,
    ...listenIn(host, index === 1 ? { validate: validateInTheMiddle, ...(sizeMax && { sizeMax }) } : {})
  }))
  if (!first || !middle || !last) throw new Error('three hosts were started')
  await connect(first, middle)
  await connect(middle, last)
  return { first, middle, last }
}

describe('gossip between real hosts', () => {
  it('carries bytes both ways between two hosts', async () => {
    const [left, right] = await Promise.all([startHost(0), startHost(1)])
    const ann = { host: left, ...listenIn(left) }
    const bob = { host: right, ...listenIn(right) }
    await connect(ann, bob)
    expect(await ann.gossip.publish(utf8('from ann'))).toBe(1)
    expect(await bob.gossip.publish(utf8('from bob'))).toBe(1)
    await eventually(() => {
      expect(bob.heard).toEqual(['from ann'])
      expect(ann.heard).toEqual(['from bob'])
    })
  })

  it('begins on a new connection although the one before broke off while gossip was beginning', async () => {
    const [left, right] = await Promise.all([startHost(0), startHost(1)])
    const ann = { host: left, ...listenIn(left) }
    const bob = { host: right, ...listenIn(right) }
    const inside = left.node.services.pubsub as unknown as { streamsOutbound: Map<string, unknown> }
    inside.streamsOutbound.set(right.id, { rawStream: { status: 'closed' }, close: async () => undefined })
    await connect(ann, bob)
    await ann.gossip.publish(utf8('from ann'))
    await eventually(() => expect(bob.heard).toEqual(['from ann']))
  })

  it('carries the same bytes once and does not throw when they are published again, or to nobody', async () => {
    const host = await startHost(0)
    const { gossip } = listenIn(host)
    expect(await gossip.publish(utf8('alone'))).toBe(0)
    expect(await gossip.publish(utf8('alone'))).toBe(0)
    expect(host.counters['publish-failed']).toBe(0)
    await host.stop()
    expect(await gossip.publish(utf8('too late'))).toBe(0)
  })

  it('passes on what the validator accepts, and neither delivers nor passes on what it rejects', async () => {
    const { first, middle, last } = await chainOfThree(judge)
    await first.gossip.publish(utf8('!wrong'))
    await first.gossip.publish(utf8('right'))
    await eventually(() => expect(last.heard).toEqual(['right']))
    expect(middle.heard).toEqual(['right'])
    expect(middle.host.counters['gossip-rejected']).toBe(1)
    expect(middle.host.counters.strikes).toBe(1)
  })

  it('disconnects and refuses a peer that is wrong too often', async () => {
    const { first, middle } = await chainOfThree(judge)
    for (let index = 0; index < PATIENCE.strikesMax; index++) await first.gossip.publish(utf8(`!${index}`))
    await eventually(() => expect(middle.host.counters['struck-out']).toBe(1))
    await eventually(() => expect(first.host.node.getPeers()).toHaveLength(0))
    expect(middle.host.refuses(first.host.id)).toBe(true)
    await first.host.node.dial(middle.host.node.getMultiaddrs()).catch(() => undefined)
    await eventually(() => expect(middle.host.counters['refused-struck-out']).toBe(1))
    expect(middle.host.node.getPeers().map(String)).not.toContain(first.host.id)
  })

  it('rejects a message that is too long, before the validator sees it', async () => {
    const seen: number[] = []
    const spy = (bytes: Uint8Array): Verdict => {
      seen.push(bytes.length)
      return 'accept'
    }
    const { first, middle, last } = await chainOfThree(spy, 100)
    await first.gossip.publish(new Uint8Array(101))
    await first.gossip.publish(new Uint8Array(100))
    await eventually(() => expect(last.heard).toHaveLength(1))
    expect(seen).toEqual([100])
    expect(middle.host.counters['gossip-oversized']).toBe(1)
  })

  it('drops unread what one peer sends beyond its rate, and does not blame it', async () => {
    let judged = 0
    const { first, middle } = await chainOfThree(() => {
      judged++
      return 'ignore'
    })
    const count = PATIENCE.messages.burst * 2
    await Promise.all(Array.from({ length: count }, (_, index) => first.gossip.publish(utf8(`flood ${index}`))))
    await eventually(() => expect(middle.host.counters['gossip-over-rate']).toBeGreaterThan(0))
    expect(judged).toBeLessThan(count)
    expect(middle.host.counters.strikes).toBe(0)
  })

  it('contains a validator that throws and blames nobody', async () => {
    const errors: unknown[] = []
    const [left, right] = await Promise.all([startHost(0), startHost(1)])
    const ann = { host: left, ...listenIn(left) }
    const failing = (bytes: Uint8Array): Verdict => {
      if (bytes[0] === utf8('x')[0]) throw new Error('a bug of ours')
      return 'accept'
    }
    const bob = { host: right, ...listenIn(right, { validate: failing, log: (_, error) => errors.push(error) }) }
    await connect(ann, bob)
    await ann.gossip.publish(utf8('x'))
    await ann.gossip.publish(utf8('fine'))
    await eventually(() => expect(bob.heard).toEqual(['fine']))
    expect(errors).toHaveLength(1)
    expect(right.counters['validator-threw']).toBe(1)
    expect(right.counters.strikes).toBe(0)
  })

  it('delivers everything to everybody in a community of 20 on one machine', async () => {
    const count = 20
    const roster = await peersUpTo(count)
    const first = await startMember(0, roster, [], { target: 4 })
    const rest = roster
      .slice(1)
      .map((_, index) => startMember(index + 1, roster, first.host.addresses(), { target: 4 }))
    const members = [first, ...(await Promise.all(rest))]
    await eventually(() => {
      for (const { gossip } of members) expect(gossip.mesh().length).toBeGreaterThanOrEqual(2)
    }, 15_000)
    const said = [3, 7, 11, 19].flatMap((by) =>
      Array.from({ length: 20 }, (_, index) => ({ by, text: `${by}: ${index}` }))
    )
    for (const { by, text } of said) void members[by]?.gossip.publish(utf8(text))
    await eventually(() => {
      for (const [index, { heard }] of members.entries()) {
        const expected = said.filter(({ by }) => by !== index).map(({ text }) => text)
        expect([...heard].sort()).toEqual(expected.sort())
      }
    })
  }, 30_000)
})
