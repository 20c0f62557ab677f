import { describe, expect, it } from 'vitest'
import { type DecisionId, type Hash, nodeId } from '../../src/core/ids.ts'
import { ARCHIVE_LIMITS, Archive, DIGEST_ID_DIGITS, digestId } from '../../src/decision/delivery.ts'

const id = (digit: string): Hash => digit.repeat(64) as Hash
const decision = id('d') as DecisionId
const other = id('e') as DecisionId
const frame = (byte: number): Uint8Array => Uint8Array.of(byte)

function archiveWith(...ids: readonly string[]): Archive {
  const archive = new Archive()
  archive.open(decision)
  for (const digit of ids) archive.keep(decision, nodeId(0), id(digit), frame(Number.parseInt(digit, 16)))
  return archive
}

describe('archive', () => {
  it('gives the other side exactly the frames it lacks', () => {
    const mine = archiveWith('1', '2', '3')
    const theirs = archiveWith('2')
    expect(mine.lackedBy(theirs.digest()).frames).toEqual([frame(1), frame(3)])
    expect(theirs.lackedBy(mine.digest()).frames).toEqual([])
  })

  it('gives every frame of a decision that the other side has never heard of', () => {
    expect(archiveWith('1', '2').lackedBy(new Archive().digest()).frames).toEqual([frame(1), frame(2)])
  })

  it('gives the certificate, and no frame, of a closed decision', () => {
    const mine = archiveWith('1')
    mine.close(decision)
    const lacking = mine.lackedBy(archiveWith('2').digest())
    expect(lacking).toEqual({ frames: [], certificates: [decision] })
    expect(mine.keep(decision, nodeId(0), id('3'), frame(3))).toBe(false)
  })

  it('gives frames of a decision that both have closed a short time ago, so that what only some were told comes out', () => {
    const [mine, theirs] = [archiveWith('1', '2'), archiveWith('2', '3')]
    for (const archive of [mine, theirs]) archive.close(decision)
    expect(mine.lackedBy(theirs.digest())).toEqual({ frames: [frame(1)], certificates: [] })
    expect(theirs.keepLate(decision, nodeId(0), id('1'), frame(1))).toBe(true)
    expect(theirs.keepLate(decision, nodeId(0), id('1'), frame(1))).toBe(false)
    expect(mine.lackedBy(theirs.digest()).frames).toEqual([])
    expect(theirs.framesBy(decision, nodeId(0))).toContainEqual(frame(1))
  })

  it('forgets the frames of closed decisions when others are closed, the oldest first', () => {
    const archive = archiveWith('1')
    archive.close(decision)
    const others = Array.from({ length: ARCHIVE_LIMITS.recentlyClosedMax }, (_, index) => index.toString(16).repeat(64))
    for (const other of others as DecisionId[]) {
      expect(archive.has(decision, id('1'))).toBe(true)
      archive.open(other)
      archive.close(other)
    }
    expect(archive.has(decision, id('1'))).toBe(false)
    expect(archive.keepLate(decision, nodeId(0), id('2'), frame(2))).toBe(false)
  })

  it('keeps no more of one author after closing than a correct one fills several times over', () => {
    const archive = archiveWith()
    const large = new Uint8Array(10_000)
    const ids = Array.from({ length: 100 }, (_, index) => index.toString(16).padStart(64, '0') as Hash)
    for (const one of ids) archive.keep(decision, nodeId(1), one, large)
    for (const one of ids) archive.keep(decision, nodeId(2), `f${one.slice(1)}` as Hash, frame(1))
    archive.close(decision)
    expect(archive.framesBy(decision, nodeId(1))).toHaveLength(6)
    expect(archive.framesBy(decision, nodeId(2))).toHaveLength(ARCHIVE_LIMITS.recentFramesPerAuthorMax)
    expect(archive.keepLate(decision, nodeId(2), id('e'), frame(2))).toBe(false)
  })

  it('is not offered for ever what it does not take: of an author without room nothing, unless its ballot is awaited', () => {
    const [mine, theirs] = [archiveWith(), archiveWith()]
    const ids = (digit: string): Hash[] =>
      Array.from(
        { length: ARCHIVE_LIMITS.framesPerAuthorMax + 1 },
        (_, index) => (digit + `${index}`.padStart(63, '0')) as Hash
      )
    for (const one of ids('a')) mine.keep(decision, nodeId(1), one, frame(1))
    for (const one of ids('b')) theirs.keep(decision, nodeId(1), one, frame(2))
    theirs.keep(decision, nodeId(2), id('c'), frame(3))
    expect(theirs.lackedBy(mine.digest()).frames).toEqual([frame(3)])
    expect(theirs.lackedBy(mine.digest((_, author) => author === 1)).frames).toHaveLength(
      ARCHIVE_LIMITS.framesPerAuthorMax + 1
    )
  })

  it('keeps no more bytes of one author than a correct one fills several times over', () => {
    const archive = archiveWith()
    const large = new Uint8Array(16 * 1024)
    const kept = Array.from({ length: 40 }, (_, index) =>
      archive.keep(decision, nodeId(1), `${index}`.padStart(64, '0') as Hash, large)
    )
    expect(kept.filter(Boolean)).toHaveLength(16)
    expect(archive.keep(decision, nodeId(1), id('f'), frame(1), true)).toBe(true)
  })

  it('sends nothing about a decision that the other side has closed', () => {
    const theirs = new Archive()
    theirs.close(decision)
    expect(archiveWith('1').lackedBy(theirs.digest())).toEqual({ frames: [], certificates: [] })
  })

  it('tells ids apart that begin alike, its own in full and those in a digest by 16 bytes', () => {
    const alike = (end: string): Hash => ('a'.repeat(16) + end.repeat(48)) as Hash
    const archive = archiveWith()
    archive.keep(decision, nodeId(0), alike('1'), frame(1))
    expect(archive.has(decision, alike('2'))).toBe(false)
    expect(archive.keep(decision, nodeId(0), alike('2'), frame(2))).toBe(true)
    expect(archive.lackedBy(archiveWith().digest()).frames).toEqual([frame(1), frame(2)])
    archive.close(alike('3') as DecisionId)
    expect(archive.isClosed(alike('4') as DecisionId)).toBe(false)
    const beyond = (end: string): Hash => ('b'.repeat(DIGEST_ID_DIGITS) + end.repeat(32)) as Hash
    archive.close(beyond('1') as DecisionId)
    expect(archive.isClosed(beyond('2') as DecisionId)).toBe(false)
  })

  it('counts a frame once that comes again', () => {
    const archive = archiveWith('1')
    for (let index = 0; index <= ARCHIVE_LIMITS.framesPerAuthorMax; index++) {
      expect(archive.keep(decision, nodeId(0), id('1'), frame(1))).toBe(true)
    }
    expect(archive.keep(decision, nodeId(0), id('2'), frame(2))).toBe(true)
  })

  it('keeps one needed frame of an author without room, and not two', () => {
    const archive = archiveWith()
    const nth = (index: number): Hash => index.toString(16).padStart(64, '0') as Hash
    for (let index = 0; index < ARCHIVE_LIMITS.framesPerAuthorMax; index++) {
      archive.keep(decision, nodeId(0), nth(index), frame(1))
    }
    expect(archive.keep(decision, nodeId(0), nth(997), frame(1))).toBe(false)
    expect(archive.keep(decision, nodeId(0), nth(998), frame(1), true)).toBe(true)
    expect(archive.keep(decision, nodeId(0), nth(999), frame(1), true)).toBe(false)
  })

  it('names the frames of one author in the order they came', () => {
    const archive = archiveWith('1', '2')
    archive.keep(decision, nodeId(1), id('3'), frame(3))
    expect(archive.framesBy(decision, nodeId(0))).toEqual([frame(1), frame(2)])
    expect(archive.framesBy(other, nodeId(0))).toEqual([])
  })

  it('keeps frames of open decisions only', () => {
    const archive = archiveWith()
    expect(archive.keep(other, nodeId(0), id('1'), frame(1))).toBe(false)
    archive.close(decision)
    expect(archive.keep(decision, nodeId(0), id('1'), frame(1))).toBe(false)
    archive.open(decision)
    expect(archive.keep(decision, nodeId(0), id('1'), frame(1))).toBe(false)
  })

  it('keeps no more than its share of one author, and goes on keeping those of others', () => {
    const archive = archiveWith()
    const nth = (index: number): Hash => index.toString(16).padStart(64, '0').split('').reverse().join('') as Hash
    for (let index = 0; index < ARCHIVE_LIMITS.framesPerAuthorMax; index++) {
      expect(archive.keep(decision, nodeId(0), nth(index), frame(1))).toBe(true)
    }
    expect(archive.keep(decision, nodeId(0), nth(999), frame(1))).toBe(false)
    expect(archive.keep(decision, nodeId(1), nth(999), frame(1))).toBe(true)
  })

  it('names the most recently closed decisions in its digest', () => {
    const archive = new Archive()
    const nth = (index: number): DecisionId => index.toString(16).padStart(16, '0').padEnd(64, '0') as DecisionId
    for (let index = 0; index <= ARCHIVE_LIMITS.closedInDigestMax; index++) archive.close(nth(index))
    const { closed } = archive.digest()
    expect(closed).toHaveLength(ARCHIVE_LIMITS.closedInDigestMax)
    expect(closed.at(-1)).toBe(digestId(nth(ARCHIVE_LIMITS.closedInDigestMax)))
    expect(closed).not.toContain(digestId(nth(0)))
  })
})
