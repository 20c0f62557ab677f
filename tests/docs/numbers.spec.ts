import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { ARCHIVE_LIMITS, BUCKET_HASH_DIGITS, DIGEST_ID_DIGITS, SUMMARY_BUCKETS } from '../../src/decision/delivery.ts'
import { ADDRESSES_PER_PEER_MAX } from '../../src/network/addresses.ts'
import { gossipsubSettings, meshSizes } from '../../src/network/gossip-settings.ts'
import { LINK_ALLOWANCE, linkTarget, PATIENCE } from '../../src/network/settings.ts'
import { EVIDENCE_PER_MEMBER_MAX } from '../../src/peer/evidence-shelf.ts'
import { EXCHANGE_ALLOWANCE } from '../../src/peer/exchange-side.ts'
import { EARLY_FRAMES_PER_AUTHOR_MAX } from '../../src/peer/intake.ts'
import { quietMs } from '../../src/peer/outbox.ts'
import { SYNC_INTERVAL_MS, syncPauseMs } from '../../src/peer/sync.ts'
import { LIMITS } from '../../src/wire/limits.ts'

/** A page without its blocks, its lines joined. */
function proseOf(page: string): string {
  const text = readFileSync(join(import.meta.dirname, '../../docs', page), 'utf8')
  return text.replace(/^```[\s\S]*?^```$/gm, '').replace(/\s+/g, ' ')
}

const { certificates: CERTIFICATES, others: OTHERS } = EXCHANGE_ALLOWANCE
const inMebibytes = (sizeBytes: number): string => `${sizeBytes / 1024 / 1024} MiB`
const number = (value: number): string => value.toLocaleString('en-US')

const { member: MEMBER, outsider: OUTSIDER } = LINK_ALLOWANCE
const FRAMES = gossipsubSettings('')

/** Sentences with numbers, as the code has them. */
const PROTOCOL = [
  `longest message | ${number(LIMITS.frameSizeBytesMax)} bytes`,
  `at most ${number(LIMITS.frameSizeBytesMax)} bytes | reject`,
  `each at most ${number(LIMITS.evidenceFrameSizeBytesMax)} bytes`,
  `take ${LIMITS.overheadSizeBytes} bytes more than its payload's limit`,
  `at most ${LIMITS.bitGroupsMax} | FINISH`,
  `more than ${LIMITS.bitGroupsMax} groups of bits`,
  `at most ${LIMITS.addressesMax} multiaddrs, each at most ${LIMITS.addressSizeBytesMax} bytes`,
  `among the first ${ADDRESSES_PER_PEER_MAX}`,
  `${number(LIMITS.payloadSizeBytesMax.presence - LIMITS.overheadSizeBytes)} bytes of them`,
  `at most ${EARLY_FRAMES_PER_AUTHOR_MAX} frames an author over all decisions`,
  `at most ${ARCHIVE_LIMITS.framesPerAuthorMax} frames and`,
  `first ${DIGEST_ID_DIGITS / 2} bytes of the frame ids kept, end to end; ${number(LIMITS.framesInDigestMax)} ids`,
  `first ${DIGEST_ID_DIGITS / 2} bytes of the ids of certified decisions, end to end; the last ${number(LIMITS.closedInDigestMax)}`,
  `did not name; at most ${number(LIMITS.closedInInventoryMax)}`,
  `else ${SUMMARY_BUCKETS} bucket hashes of ${BUCKET_HASH_DIGITS / 2} bytes`,
  `at most ${inMebibytes(CERTIFICATES.atOnceSizeBytes)} of certificates at once and ${inMebibytes(CERTIFICATES.perMinuteSizeBytes)} more each minute`,
  `at most ${inMebibytes(OTHERS.atOnceSizeBytes)} of everything else at once and ${inMebibytes(OTHERS.perMinuteSizeBytes)} more each minute`,
  `counts as ${number(EXCHANGE_ALLOWANCE.itemSizeBytes)} bytes more`,
  `what it refuses counts as ${number(EXCHANGE_ALLOWANCE.badItemSizeBytes)} bytes more`,
  `An exchange is at most ${LIMITS.exchangeSizeBytesMax / 1024 / 1024} MiB each way`,
  `at most ${EVIDENCE_PER_MEMBER_MAX} proofs against each member`,
  `${number(PATIENCE.messages.ratePerSecond)} messages a second from one neighbour, burst ${number(PATIENCE.messages.burst)}`,
  `may send ${OUTSIDER.bytes.ratePerSecond / 1024} KiB a second, burst ${OUTSIDER.bytes.burst / 1024} KiB`,
  `${OUTSIDER.frames.ratePerSecond} muxer frames a second, burst ${OUTSIDER.frames.burst}`,
  `open ${OUTSIDER.streams.ratePerSecond} streams a second, burst ${OUTSIDER.streams.burst}`,
  `more than ${MEMBER.bytes.ratePerSecond / 1024 / 1024} MiB a second, burst ${MEMBER.bytes.burst / 1024 / 1024} MiB`,
  `at most ${(FRAMES.maxInboundDataLength ?? 0) / 1024 / 1024} MiB, ${number(FRAMES.decodeRpcLimits?.maxMessages ?? 0)} messages`,
  `${quietMs(0)} + ${quietMs(1) - quietMs(0)}n ms`,
  `at least ${SYNC_INTERVAL_MS.least / 1000} s and at most ${SYNC_INTERVAL_MS.most / 1000} s`
]

describe('the numbers in the text', () => {
  for (const sentence of PROTOCOL) {
    it(`of PROTOCOL.md are those of the code: ${sentence}`, () => {
      expect(proseOf('PROTOCOL.md')).toContain(sentence)
    })
  }

  it('of links and meshes are those of the code', () => {
    expect([33, 34, 100].map((members) => linkTarget(members))).toEqual([32, 8, 8])
    expect(proseOf('ARCHITECTURE.md')).toContain('to everyone in a community of up to 33 members, to 8 in a larger one')
    const { D, floodPublish } = meshSizes()
    expect(floodPublish).toBe(true)
    expect(proseOf('decisions/015-values-that-differ.md')).toContain(`Mesh degree D = ${D} with flooding`)
  })

  it('of the pause between exchanges are those of the code: none below 1 s of silence, then a quarter of it', () => {
    expect(syncPauseMs(999)).toBe(Number.POSITIVE_INFINITY)
    expect([1_000, 20_000, 90_000].map(syncPauseMs)).toEqual([1_000, 5_000, 15_000])
    expect(syncPauseMs(undefined)).toBe(SYNC_INTERVAL_MS.most)
  })
})
