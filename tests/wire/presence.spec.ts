import { describe, expect, it } from 'vitest'
import { concatBytes } from '../../src/core/bytes.ts'
import { openEnvelope } from '../../src/wire/envelope.ts'
import { Body, Frame, PresencePayload } from '../../src/wire/messages.ts'
import { verify } from '../support/keys.ts'
import { EVERY_FRAME, forge, ROSTER, signBody } from './sample.ts'

const LIFE = { session: new Uint8Array(16), life: 1, observing: false }
const PRESENCE: PresencePayload = { sequence: 1, addresses: [], neighbours: new Uint8Array(1), ...LIFE }

/** Why a frame is refused, or `accepted`. */
function refusal(frame: Uint8Array): string {
  const opened = openEnvelope(frame, ROSTER, verify)
  return opened.ok ? 'accepted' : `${opened.fault.kind}: ${opened.fault.explanation}`
}

const saying = (changes: object): string =>
  refusal(forge({ decision: new Uint8Array(0), presence: { ...PRESENCE, ...changes } }))

describe('a presence', () => {
  it('is refused with addresses too many, too long, or not plain text', () => {
    const withAddresses = (addresses: string[]): string => saying({ addresses })
    expect(withAddresses(Array.from({ length: 16 }, () => '/a'))).toBe('accepted')
    expect(withAddresses(Array.from({ length: 17 }, () => '/a'))).toMatch('could not be decoded')
    expect(withAddresses(['/'.padEnd(256, 'a')])).toBe('accepted')
    expect(withAddresses(['/'.padEnd(257, 'a')])).toMatch('not a multiaddr')
    for (const address of ['', '/a b', '/a\u001b[2J', '/ä']) expect(withAddresses([address])).toMatch('not a multiaddr')
  })

  it.each([
    ['a bitmap of another roster', { neighbours: new Uint8Array(2) }, 'does not fit the roster'],
    ['no session', { session: new Uint8Array(0) }, 'a session has the wrong length'],
    ['a session too long', { session: new Uint8Array(17) }, 'a session has the wrong length'],
    ['no life', { life: 0 }, 'not counted from 1']
  ])('is refused with %s', (_, changes, expected) => {
    expect(saying(changes)).toMatch(expected)
  })

  it('is refused when it says its life, or whether it observes, in another form, or counts too high', () => {
    const { body } = Frame.decode(EVERY_FRAME.presence.frame)
    const lengthAt = body.length - PresencePayload.encode(Body.decode(body).presence as PresencePayload).length - 1
    const said = [0x28, 3, 0x30, 1]
    expect([...body.slice(-said.length)]).toEqual(said)
    const ending = (...bytes: readonly number[]): string => {
      const changed = concatBytes(body.slice(0, -said.length), Uint8Array.from(bytes))
      changed[lengthAt]! += bytes.length - said.length
      return refusal(signBody(2, changed))
    }
    expect(ending(...said)).toBe('accepted')
    expect(ending(0x28, 3)).toBe('accepted')
    expect(ending(0x28, 3, 0x30, 2)).toMatch('one form')
    expect(ending(0x28, 3, 0x30, 0)).toMatch('one form')
    expect(ending(0x28, 0x83, 0, 0x30, 1)).toMatch('unreadable-frame')
    expect(ending(0x28, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x10)).toMatch('could not be decoded')
  })
})
