import { describe, expect, it } from 'vitest'
import { peerIdIn, readLaunchMessage, readLaunchOrder } from '../../src/launcher/orders.ts'

const PEER = '12D3KooWBmwkafWE2fqfzS96VoTZgpGp6aJsF4N7f9dhk6kPCTHh'

describe('an order to a peer', () => {
  it('is to refuse some members, or nobody any more', () => {
    const cut = { type: 'cut', order: 1, peers: [PEER] }
    expect(readLaunchOrder(cut)).toEqual(cut)
    expect(readLaunchOrder({ type: 'heal', order: 2 })).toEqual({ type: 'heal', order: 2 })
  })

  it.each([
    ['nothing', undefined],
    ['null', null],
    ['a text', 'cut'],
    ['a list', ['cut']],
    ['an unknown type', { type: 'stop', order: 1 }],
    ['no number', { type: 'heal' }],
    ['a number that is none', { type: 'heal', order: '1' }],
    ['no peers', { type: 'cut', order: 1 }],
    ['peers that are no list', { type: 'cut', order: 1, peers: PEER }],
    ['something that is no peer id', { type: 'cut', order: 1, peers: [PEER, '../../etc'] }],
    ['more peers than a charter allows', { type: 'cut', order: 1, peers: new Array(101).fill(PEER) }]
  ])('is not believed if it is %s', (_, message) => {
    expect(readLaunchOrder(message)).toBeUndefined()
  })
})

describe('a message of a peer', () => {
  it.each([
    { type: 'listening', addresses: [`/ip4/127.0.0.1/tcp/4001/p2p/${PEER}`] },
    { type: 'failed', message: 'its port is in use' },
    { type: 'done', order: 3 }
  ])('is read: $type', (message) => {
    expect(readLaunchMessage(message)).toEqual(message)
  })

  it.each([
    ['nothing', undefined],
    ['addresses that are no texts', { type: 'listening', addresses: [1] }],
    ['a thousand addresses', { type: 'listening', addresses: new Array(1_000).fill('/ip4/127.0.0.1') }],
    ['a reason without end', { type: 'failed', message: 'x'.repeat(100_000) }],
    ['an answer to no order', { type: 'done' }]
  ])('is not believed if it is %s', (_, message) => {
    expect(readLaunchMessage(message)).toBeUndefined()
  })
})

describe('a peer id', () => {
  it('stands at the end of an address', () => {
    expect(peerIdIn(`/ip4/127.0.0.1/tcp/4001/p2p/${PEER}`)).toBe(PEER)
    expect(peerIdIn('/ip4/127.0.0.1/tcp/4001')).toBeUndefined()
  })
})
