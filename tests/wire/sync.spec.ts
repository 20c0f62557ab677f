import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { concatBytes } from '../../src/core/bytes.ts'
import { DIGEST_ID_DIGITS, SUMMARY_BUCKETS } from '../../src/decision/delivery.ts'
import { LIMITS } from '../../src/wire/limits.ts'
import * as messages from '../../src/wire/messages.ts'
import { decodeSync, encodeSync, type SyncMessage, syncBatches } from '../../src/wire/sync.ts'
import { EVERY_FRAME, hashNumbered, PROPOSAL, ROSTER } from './sample.ts'

const id = (index: number): string => index.toString(16).padStart(DIGEST_ID_DIGITS, '0')
const NONE = new Uint8Array(0)
const ids = (count: number): string[] => Array.from({ length: count }, (_, index) => id(index))

const MESSAGE: SyncMessage = {
  digest: {
    community: ROSTER.community,
    open: [
      { decision: PROPOSAL.id, have: ids(3) },
      { decision: hashNumbered(4) as typeof PROPOSAL.id, have: [] }
    ],
    closed: ids(2),
    presence: [0, 1, 2 ** 53 - 1],
    summary: Array.from({ length: SUMMARY_BUCKETS }, (_, bucket) => bucket.toString(16).padStart(16, '0')),
    convicted: Uint8Array.of(0b1010)
  },
  inventory: { buckets: [0, 7, 255], closed: ids(3) },
  more: true,
  frames: [EVERY_FRAME.words.frame, EVERY_FRAME.presence.frame],
  certificates: ['{"question":"Où ? 🏔"}']
}

const refusal = (bytes: Uint8Array): string => {
  const read = decodeSync(bytes)
  return read.ok ? 'accepted' : read.fault.explanation
}
const forged = (fields: Partial<messages.SyncMessage>): string => refusal(messages.SyncMessage.encode(fields))
const forgedDigest = (fields: Partial<messages.SyncDigest>): string =>
  forged({
    digest: {
      community: new Uint8Array(32),
      open: [],
      closed: NONE,
      presence: [],
      summary: NONE,
      convicted: NONE,
      ...fields
    }
  })

describe('a message of the digest exchange', () => {
  it.each([
    ['with everything', MESSAGE],
    ['with nothing', { frames: [], certificates: [] }],
    ['with frames only', { frames: MESSAGE.frames, certificates: [] }]
  ])('%s says after its way through bytes what it said before', (_, message: SyncMessage) => {
    expect(decodeSync(encodeSync(message))).toEqual({ ok: true, value: message })
  })

  it('is refused or has one form, whatever is done to its bytes', () => {
    const bytes = encodeSync(MESSAGE)
    const splice = fc.record({
      at: fc.nat({ max: bytes.length }),
      remove: fc.nat({ max: 6 }),
      insert: fc.uint8Array({ maxLength: 6 })
    })
    fc.assert(
      fc.property(splice, ({ at, remove, insert }) => {
        const changed = concatBytes(bytes.subarray(0, at), insert, bytes.subarray(at + remove))
        const read = decodeSync(changed)
        if (read.ok) expect(encodeSync(read.value)).toEqual(changed)
      }),
      { numRuns: 400 }
    )
  })

  it('is refused when it is cut off within a field', () => {
    const bytes = encodeSync({ frames: [EVERY_FRAME.words.frame], certificates: [] })
    for (let length = 1; length < bytes.length; length++) expect(decodeSync(bytes.subarray(0, length)).ok).toBe(false)
  })

  it('is refused when it is random bytes that are not a message', () => {
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 1, maxLength: 300 }), (random) => {
        const read = decodeSync(random)
        if (read.ok) expect(encodeSync(read.value)).toEqual(random)
      }),
      { numRuns: 300 }
    )
  })

  it('is refused when it breaks a limit', () => {
    expect(refusal(new Uint8Array(LIMITS.syncSizeBytesMax + 1))).toMatch('too large')
    expect(forged({ frames: Array.from({ length: 1_025 }, () => new Uint8Array(1)) })).toMatch('decoded')
    expect(forged({ frames: [new Uint8Array(LIMITS.frameSizeBytesMax + 1)] })).toMatch('a frame is too large')
    expect(forged({ certificates: [new Uint8Array(LIMITS.certificateSizeBytesMax + 1)] })).toMatch('certificate is too')
    expect(forged({ certificates: Array.from({ length: 65 }, () => new Uint8Array(1)) })).toMatch('decoded')
    expect(forgedDigest({ presence: Array.from({ length: 101 }, () => 1) })).toMatch('decoded')
    expect(forgedDigest({ closed: new Uint8Array(16 * 1_001) })).toMatch('too many ids')
    expect(forgedDigest({ closed: new Uint8Array(7) })).toMatch('cut off')
    expect(forgedDigest({ community: new Uint8Array(31) })).toMatch('not 32 bytes')
    const open = { decision: new Uint8Array(32), have: new Uint8Array(0), full: new Uint8Array(0) }
    expect(forgedDigest({ open: Array.from({ length: 257 }, () => open) })).toMatch('decoded')
    expect(forgedDigest({ open: [open] })).toBe('accepted')
    expect(forgedDigest({ open: [{ ...open, full: Uint8Array.of(0, 3, 99) }] })).toBe('accepted')
    for (const positions of [[3, 0], [3, 3], [100]]) {
      expect(forgedDigest({ open: [{ ...open, full: Uint8Array.from(positions) }] })).toMatch('not in order')
    }
    const half = { ...open, have: new Uint8Array(8 * LIMITS.framesInDigestMax) }
    expect(forgedDigest({ open: [half, half] })).toBe('accepted')
    expect(forgedDigest({ open: [half, half, { ...open, have: new Uint8Array(16) }] })).toMatch('too many ids')
    expect(forgedDigest({ convicted: new Uint8Array(14) })).toMatch('bitmap is too long')
    expect(forgedDigest({ summary: new Uint8Array(256 * 8) })).toBe('accepted')
    expect(forgedDigest({ summary: new Uint8Array(255 * 8) })).toMatch('does not have its length')
  })

  it('is refused when an inventory is cut off, too long, or of other buckets than there are', () => {
    const inventory = (buckets: number, closed: number): string =>
      forged({ inventory: { buckets: new Uint8Array(buckets), closed: new Uint8Array(closed) } })
    expect(inventory(32, 16)).toBe('accepted')
    expect(inventory(31, 16)).toMatch('do not fit')
    expect(inventory(33, 16)).toMatch('do not fit')
    expect(inventory(32, 17)).toMatch('cut off')
    expect(inventory(32, 16 * LIMITS.closedInInventoryMax)).toBe('accepted')
    expect(inventory(32, 16 * (LIMITS.closedInInventoryMax + 1))).toMatch('too many ids')
  })

  it('is refused when a certificate is not text', () => {
    expect(forged({ certificates: [Uint8Array.of(0xff, 0xfe)] })).toBe('a certificate could not be decoded')
    // As text with replacement characters, these would be longer than a message may be.
    const count = Math.ceil(LIMITS.syncSizeBytesMax / 2 / LIMITS.certificateSizeBytesMax)
    const certificates = Array.from({ length: count }, () => new Uint8Array(LIMITS.certificateSizeBytesMax).fill(0xff))
    expect(forged({ certificates })).toBe('a certificate could not be decoded')
  })

  it('cuts a digest of our own that is too long', () => {
    const open = Array.from({ length: 300 }, (_, index) => {
      return { decision: hashNumbered(index) as typeof PROPOSAL.id, have: ids(300) }
    })
    const bytes = encodeSync({
      digest: { community: ROSTER.community, open, closed: ids(2_000), presence: [] },
      frames: [],
      certificates: []
    })
    const read = decodeSync(bytes)
    const digest = read.ok ? read.value.digest : undefined
    expect(digest?.open).toHaveLength(LIMITS.openInDigestMax)
    expect(digest?.open.reduce((sum, { have }) => sum + have.length, 0)).toBe(LIMITS.framesInDigestMax)
    expect(digest?.closed).toEqual(ids(2_000).slice(-1_000))
  })
})

describe('what the other side lacks', () => {
  it('goes into as many messages as it takes, in order', () => {
    const frames = Array.from({ length: 2_500 }, (_, index) => new Uint8Array(1_000).fill(index))
    const certificates = Array.from({ length: 12 }, (_, index) => String(index).repeat(100_000))
    const batches = syncBatches(frames, certificates)
    const read = batches.map((batch) => decodeSync(encodeSync(batch)))
    expect(read.every((result) => result.ok)).toBe(true)
    expect(concatBytes(...batches.flatMap((batch) => batch.frames)).join()).toBe(concatBytes(...frames).join())
    expect(batches.flatMap((batch) => batch.certificates)).toEqual(certificates)
    expect(batches.length).toBeLessThan(8)
  })

  it('is no message when it is nothing', () => {
    expect(syncBatches([], [])).toEqual([])
  })
})
