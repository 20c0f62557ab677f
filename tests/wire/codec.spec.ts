import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { type Epoch, everyNode, nodeId } from '../../src/core/ids.ts'
import type { DecisionMessage } from '../../src/decision/decision-message.ts'
import { payloadToWords, splitWords, type WordsContext, wordsToPayload } from '../../src/wire/codec.ts'
import { LIMITS } from '../../src/wire/limits.ts'
import { BallotWord, EvidencePayload, Frame, SyncDigest, WordsPayload } from '../../src/wire/messages.ts'
import { ballotWord, EVERY_WORD, echo, endorsementWord, hashNumbered, PROPOSAL, wordsArbitrary } from './sample.ts'

const contextOf = (validatorCount: number): WordsContext => {
  return { decision: PROPOSAL.id, author: nodeId(2), validatorCount }
}

const throughBytes = (words: readonly DecisionMessage[], size: number): DecisionMessage[] =>
  payloadToWords(WordsPayload.decode(WordsPayload.encode(wordsToPayload(words, 0, size))), contextOf(size))

const sorted = (words: readonly DecisionMessage[]): string[] =>
  words.map((word) => JSON.stringify(word, sortedKeys)).sort()
const sortedKeys = (_: string, value: unknown): unknown =>
  typeof value === 'object' && value !== null && !Array.isArray(value)
    ? Object.fromEntries(Object.entries(value).sort())
    : value

const words = fc.integer({ min: 3, max: 100 }).chain((size) => fc.tuple(fc.constant(size), wordsArbitrary(size)))

describe('a batch of words', () => {
  it('says after its way through bytes what it said before', () => {
    fc.assert(
      fc.property(words, ([size, said]) => {
        const all = [...said, ballotWord(2), endorsementWord(2, hashNumbered(5))]
        expect(sorted(throughBytes(all, size))).toEqual(sorted(all))
      }),
      { numRuns: 150 }
    )
  })

  it('has the same bytes whatever the order of its words', () => {
    fc.assert(
      fc.property(words, ([size, said]) => {
        expect(wordsToPayload(said.toReversed(), 0, size)).toEqual(wordsToPayload(said, 0, size))
      }),
      { numRuns: 100 }
    )
  })

  it('is read in one order: ballot, hashes, FINISH, other bits, endorsement', () => {
    const read = throughBytes(EVERY_WORD.toReversed(), 7)
    expect(read.map((word) => word.type)).toEqual([
      'init',
      'echo',
      'echo',
      'ready',
      'finish',
      'bval',
      'bval',
      'aux',
      'conf',
      'endorsement'
    ])
  })

  it('says a word once that is said twice', () => {
    expect(throughBytes([echo(1, 1), echo(1, 1)], 7)).toEqual([echo(1, 1)])
  })

  it('of a hundred validators fits into a frame when each ballot is echoed, readied and agreed on', () => {
    const about = (instance: ReturnType<typeof nodeId>): DecisionMessage[] => [
      { type: 'echo', instance, hash: hashNumbered(instance) },
      { type: 'ready', instance, hash: hashNumbered(instance) },
      { type: 'bval', instance, epoch: (instance % 30) as Epoch, bit: 0, own: false },
      { type: 'bval', instance, epoch: (instance % 30) as Epoch, bit: 1, own: false },
      { type: 'aux', instance, epoch: (instance % 30) as Epoch, bit: instance % 2 === 0 ? 0 : 1 },
      { type: 'conf', instance, epoch: (instance % 30) as Epoch, bits: 3 }
    ]
    const said = everyNode(100).flatMap(about)
    expect(WordsPayload.encode(wordsToPayload(said, 1, 100)).length).toBeLessThan(LIMITS.payloadSizeBytesMax.words)
    expect(throughBytes(said, 100)).toHaveLength(600)
  })

  it('names the options of a ballot, and the numbers of a digest, unpacked: a tag before each', () => {
    const ballot = BallotWord.encode({ answer: 0, choices: [0, 5], signature: new Uint8Array(0) })
    expect([...ballot]).toEqual([0x10, 0, 0x10, 5])
    const none = new Uint8Array(0)
    const digest = SyncDigest.encode({
      ...{ community: none, open: [], closed: none, presence: [0, 7], summary: none, convicted: none }
    })
    expect([...digest]).toEqual([0x20, 0, 0x20, 7])
  })

  it('of our own that contradicts itself is a bug', () => {
    expect(() => wordsToPayload([echo(1, 1), echo(1, 2)], 0, 7)).toThrow('broken promise')
  })

  it('of the largest size fits into evidence, twice', () => {
    const { payloadSizeBytesMax, overheadSizeBytes, evidenceFrameSizeBytesMax } = LIMITS
    const body = new Uint8Array(payloadSizeBytesMax.words + overheadSizeBytes)
    const frame = Frame.encode({ body, signature: new Uint8Array(64) })
    expect(frame.length).toBeLessThanOrEqual(evidenceFrameSizeBytesMax)
    expect(EvidencePayload.encode({ first: frame, second: frame }).length).toBeLessThan(payloadSizeBytesMax.evidence)
  })
})

/** Everything that a validator of a hundred can say that has worked through `epochCount` epochs in one turn. */
function wordsOfEpochs(epochCount: number): DecisionMessage[] {
  const nodes = everyNode(100)
  const hashes = nodes.flatMap((instance): DecisionMessage[] => [
    { type: 'echo', instance, hash: hashNumbered(instance) },
    { type: 'ready', instance, hash: hashNumbered(instance) }
  ])
  const bits = Array.from({ length: epochCount }, (_, index) => index as Epoch).flatMap((epoch) =>
    nodes.flatMap((instance): DecisionMessage[] => [
      { type: 'bval', instance, epoch, bit: 0, own: false },
      { type: 'bval', instance, epoch, bit: 1, own: false },
      { type: 'aux', instance, epoch, bit: instance % 2 === 0 ? 0 : 1 },
      { type: 'conf', instance, epoch, bits: ((instance % 3) + 1) as 1 | 2 | 3 }
    ])
  )
  const finish = nodes.map(
    (instance): DecisionMessage => ({ type: 'finish', instance, bit: instance % 2 === 0 ? 0 : 1 })
  )
  return [ballotWord(2), ...hashes, ...finish, ...bits, endorsementWord(2, hashNumbered(5))]
}

describe('the words of one turn', () => {
  it('are one batch as long as they fit, and none if there are none', () => {
    expect(splitWords(EVERY_WORD)).toHaveLength(1)
    expect(sorted(splitWords(EVERY_WORD).flat())).toEqual(sorted(EVERY_WORD))
    expect(splitWords([])).toEqual([])
  })

  it('of more epochs than fit into a batch are several batches, each within every limit', () => {
    const said = wordsOfEpochs(90)
    const batches = splitWords(said)
    expect(batches.length).toBeGreaterThan(1)
    for (const batch of batches) {
      expect(throughBytes(batch, 100)).toHaveLength(batch.length)
      const { length } = WordsPayload.encode(wordsToPayload(batch, LIMITS.wordsSequenceMax, 100))
      expect(length).toBeLessThan(LIMITS.payloadSizeBytesMax.words)
    }
    expect(sorted(batches.flat())).toEqual(sorted(said))
  })
})
