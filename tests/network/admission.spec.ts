import type { MultiaddrConnection } from '@libp2p/interface'
import { multiaddr } from '@multiformats/multiaddr'
import { describe, expect, it } from 'vitest'
import type { PeerIdString } from '../../src/core/ids.ts'
import { createAdmission } from '../../src/network/admission.ts'
import { createCounters } from '../../src/network/counters.ts'
import { CALLS, OUTSIDERS_MAX } from '../../src/network/settings.ts'

/** A caller's socket, as much of it as the door looks at. */
class FakeSocket extends EventTarget {
  readonly remoteAddr
  aborted = false
  constructor(address: string) {
    super()
    this.remoteAddr = multiaddr(`${address}/tcp/1`)
  }
  abort(): void {
    this.aborted = true
    this.close()
  }
  close(): void {
    this.dispatchEvent(new Event('close'))
  }
}

function door() {
  const counters = createCounters()
  const clock = { nowMs: 0 }
  const admission = createAdmission(counters, () => clock.nowMs)
  const socketFrom = (address: string) => {
    const fake = new FakeSocket(address)
    return { fake, socket: fake as unknown as MultiaddrConnection }
  }
  return {
    counters,
    clock,
    /** A call up to the handshake. */
    call(address = '/ip4/10.0.0.1') {
      const { fake, socket } = socketFrom(address)
      return { fake, socket, refused: admission.refusesCall(socket) }
    },
    /** The handshake tells that it was an outsider. */
    outsider(name: string, address = '/ip4/10.0.0.1') {
      const { fake, socket } = socketFrom(address)
      return { fake, refused: admission.refusesOutsider(name as PeerIdString, socket) }
    },
    admission
  }
}

const times = <Value>(count: number, make: (index: number) => Value): Value[] =>
  Array.from({ length: count }, (_, index) => make(index))

/** Outsiders at different addresses come slower than this have no rate to fear. Unit: milliseconds. */
const SLOWLY_MS = 1_000

describe('the door', () => {
  it('refuses calls beyond the bucket of their address, and those of no other address', () => {
    const { call, counters, clock } = door()
    const { burst, ratePerSecond } = CALLS.fromOneAddress
    expect(times(burst, () => call().refused)).not.toContain(true)
    const { fake, refused } = call()
    expect(refused).toBe(true)
    expect(fake.aborted).toBe(true)
    expect(call('/ip4/10.0.0.2').refused).toBe(false)
    expect(counters['calls-over-rate']).toBe(1)
    clock.nowMs += 1_000
    expect(times(ratePerSecond + 1, () => call().refused).filter((refused) => !refused)).toHaveLength(ratePerSecond)
  })

  it('takes the neighbours of an IPv6 address for one caller', () => {
    const { call } = door()
    times(CALLS.fromOneAddress.burst, (index) => call(`/ip6/2001:db8:0:1::${(index + 1).toString(16)}`))
    expect(call('/ip6/2001:db8:0:1:ffff::1').refused).toBe(true)
    expect(call('/ip6/2001:db8:0:2::1').refused).toBe(false)
  })

  it('gives back what members took: any number of them may call from one address', () => {
    const { call, admission, counters } = door()
    for (let calls = 0; calls < 4 * CALLS.fromOneAddress.burst; calls++) {
      const { socket, refused } = call()
      expect(refused).toBe(false)
      admission.memberCalled(socket)
    }
    expect(counters['calls-over-rate']).toBe(0)
  })

  it('lets the oldest unfinished handshake give way to the newest call', () => {
    const { call, counters } = door()
    const first = call('/ip4/10.0.0.9')
    const others = times(CALLS.underWayMax - 1, () => call())
    expect(first.fake.aborted).toBe(false)
    expect(call().refused).toBe(false)
    expect(first.fake.aborted).toBe(true)
    expect(others.some(({ fake }) => fake.aborted)).toBe(false)
    expect(counters['calls-displaced']).toBe(1)
  })

  it('forgets handshakes that ended', () => {
    const { call, counters } = door()
    times(2 * CALLS.underWayMax, () => call().fake.close())
    expect(counters['calls-displaced']).toBe(0)
  })

  it('lets outsiders in at a steady rate, however many addresses they come from', () => {
    const { outsider, counters } = door()
    const one = times(CALLS.outsidersFromOneAddress.burst + 1, (index) => outsider(`one ${index}`).refused)
    expect(one.filter((refused) => refused)).toEqual([true])
    const places = times(200, (index) => outsider(`many ${index}`, `/ip4/10.1.0.${index}`))
    expect(places.filter(({ refused }) => !refused).length + CALLS.outsidersFromOneAddress.burst).toBe(OUTSIDERS_MAX)
    expect(counters['outsiders-over-rate']).toBeGreaterThan(1)
  })

  it('gives outsiders their places and no more, and a place that is left to the next', () => {
    const { outsider, counters, clock } = door()
    const come = (index: number) => {
      clock.nowMs += SLOWLY_MS
      return outsider(`peer ${index}`, `/ip4/10.1.0.${index}`)
    }
    const seated = times(OUTSIDERS_MAX, come)
    expect(seated.some(({ refused }) => refused)).toBe(false)
    expect(come(100).refused).toBe(true)
    expect(counters['outsiders-without-place']).toBe(1)
    seated[0]?.fake.close()
    expect(come(101).refused).toBe(false)
  })

  it('closes the earlier connection of an outsider that calls again', () => {
    const { outsider, counters } = door()
    const earlier = outsider('peer')
    expect(outsider('peer').refused).toBe(false)
    expect(earlier.fake.aborted).toBe(true)
    expect(counters['outsiders-replaced']).toBe(1)
  })
})
