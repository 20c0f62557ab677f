import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { concatBytes, toHex } from '../../src/core/bytes.ts'
import type { Verify } from '../../src/core/keys.ts'
import { decodeEnvelope, encodeEnvelope, openEnvelope } from '../../src/wire/envelope.ts'
import { LIMITS } from '../../src/wire/limits.ts'
import { Frame } from '../../src/wire/messages.ts'
import { verify } from '../support/keys.ts'
import { EVERY_FRAME, keyOf, ROSTER, signBody } from './sample.ts'

const frames = Object.entries(EVERY_FRAME)
const open = (frame: Uint8Array): ReturnType<typeof openEnvelope> => openEnvelope(frame, ROSTER, verify)

/**
 * Accepts exactly the signatures that were good in `frame`, and so what nobody can forge. A real check of each of thousands
 * of damaged frames would say the same, slowly.
 */
function verifierOf(frame: Uint8Array): Verify {
  const good = new Set<string>()
  const name: (...parts: Parameters<Verify>) => string = (key, ...parts) => `${key}/${parts.map(toHex).join('/')}`
  const opened = openEnvelope(frame, ROSTER, (...parts) => verify(...parts) && good.add(name(...parts)).size > 0)
  expect(opened.ok).toBe(true)
  return (...parts) => good.has(name(...parts))
}

describe('a damaged frame', () => {
  it.each(frames)('with %s is refused when cut off anywhere', (_, { frame }) => {
    for (let length = 0; length < frame.length; length++) expect(open(frame.subarray(0, length)).ok).toBe(false)
  })

  it.each(frames)(
    'with %s is refused when any one bit is flipped',
    (_, { frame }) => {
      const knownOnly = verifierOf(frame)
      const accepted: number[] = []
      for (let bit = 0; bit < frame.length * 8; bit++) {
        const flipped = Uint8Array.from(frame)
        flipped[bit >> 3] = (flipped[bit >> 3] as number) ^ (1 << (bit & 7))
        if (openEnvelope(flipped, ROSTER, knownOnly).ok) accepted.push(bit)
      }
      expect(accepted).toEqual([])
    },
    30_000
  )

  it('is refused when it is random bytes', () => {
    const bytes = fc.uint8Array({ maxLength: 600 })
    fc.assert(
      fc.property(bytes, (random) => !open(random).ok),
      { numRuns: 500 }
    )
  })

  it('is refused when its signed body is random bytes, or a true body with random bytes within', () => {
    const { body } = Frame.decode(EVERY_FRAME.words.frame)
    const splice = fc.record({
      at: fc.nat({ max: body.length }),
      remove: fc.nat({ max: 8 }),
      insert: fc.uint8Array({ maxLength: 8 })
    })
    fc.assert(
      fc.property(splice, ({ at, remove, insert }) => {
        const changed = concatBytes(body.subarray(0, at), insert, body.subarray(at + remove))
        const opened = decodeEnvelope(signBody(2, changed), ROSTER)
        // Some splices make another true statement of the author; then it must have exactly this form.
        if (opened.ok)
          expect(encodeEnvelope({ ...opened.envelope, roster: ROSTER, sign: keyOf(2).sign }).frame).toEqual(
            opened.envelope.frame
          )
      }),
      { numRuns: 400 }
    )
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 300 }), (random) => !open(signBody(2, random)).ok),
      { numRuns: 200 }
    )
  })

  it('is refused when groups within groups go deeper than any stack', () => {
    expect(open(new Uint8Array(LIMITS.frameSizeBytesMax).fill(0x0b)).ok).toBe(false)
    expect(open(signBody(2, new Uint8Array(16_000).fill(0x0b))).ok).toBe(false)
  })
})
