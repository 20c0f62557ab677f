import { describe, expect, it } from 'vitest'
import { CLOSE } from '../../src/consensus/common-subset.ts'
import type { Hash } from '../../src/core/ids.ts'
import { everyNode, nodeId } from '../../src/core/ids.ts'
import { enoughToCertify, enoughToProceed, maxFaulty } from '../../src/core/quorum.ts'
import { ballotHash } from '../../src/decision/ballot.ts'
import { certificateText, verifyCertificate } from '../../src/decision/certificate.ts'
import { DEADLINE } from '../../src/decision/decision.ts'
import { progressOf } from '../../src/decision/progress.ts'
import { outcomeHash, outcomeSigningBytes } from '../../src/decision/signing.ts'
import { Assembly } from '../support/assembly.ts'
import { verify } from '../support/keys.ts'
import { ABSTAIN, choose } from './sample.ts'

const lake = choose(0)
const hills = choose(1)

function everyoneAnswers(assembly: Assembly): Assembly {
  for (const node of assembly.seats.keys()) assembly.answer(node, node % 3 === 0 ? hills : lake)
  return assembly
}

describe('decision, everyone present and correct', () => {
  for (const size of [1, 2, 3, 4, 7, 16]) {
    it(`of ${size} decides after at most 3 one-way delays and is certified after 4`, () => {
      const assembly = everyoneAnswers(new Assembly(size))
      assembly.run()
      for (const seat of assembly.seats.values()) {
        expect(seat.outcome?.round).toBe(size === 1 ? 0 : 3)
        expect(seat.certificate?.round).toBe(size === 1 ? 0 : 4)
      }
      expect(assembly.faults).toEqual([])
    })
  }

  for (const size of [4, 7, 16]) {
    it(`of ${size} takes 4 messages a peer up to its endorsement, at any size`, () => {
      const assembly = everyoneAnswers(new Assembly(size))
      while ([...assembly.seats.values()].some((seat) => seat.certificate === undefined)) assembly.step()
      for (const seat of assembly.seats.values()) expect(seat.batchCount).toBe(4)
    })
  }

  it('gives byte-identical outcomes and certificates that verify', () => {
    const assembly = everyoneAnswers(new Assembly(7))
    assembly.run()
    const seats = [...assembly.seats.values()]
    expect(new Set(seats.map((seat) => outcomeHash(seat.outcome!.value))).size).toBe(1)
    for (const seat of seats) {
      const checked = verifyCertificate(certificateText(seat.certificate!.value), verify)
      expect(checked).toMatchObject({ ok: true, resultInWords: 'lake (4 of 7)' })
    }
  })
})

describe('decision, with silent members', () => {
  for (const size of [4, 7, 10]) {
    it(`of ${size} with f silent decides without them after the closing rule lets go`, () => {
      const silent = maxFaulty(size)
      const assembly = everyoneAnswers(new Assembly(size, everyNode(size).slice(silent)))
      assembly.run()
      for (const seat of assembly.seats.values()) expect(seat.outcome).toBeUndefined()
      assembly.timeOut(CLOSE)
      assembly.run()
      for (const seat of assembly.seats.values()) {
        expect(seat.certificate?.value.ballots).toHaveLength(size - silent)
      }
    })

    it(`of ${size} with f silent takes at most 15 messages a peer`, () => {
      const assembly = everyoneAnswers(new Assembly(size, everyNode(size).slice(maxFaulty(size))))
      assembly.run()
      assembly.timeOut(CLOSE)
      while ([...assembly.seats.values()].some((seat) => seat.certificate === undefined)) assembly.step()
      for (const seat of assembly.seats.values()) expect(seat.batchCount).toBeLessThanOrEqual(15)
    })

    it(`of ${size} with f + 1 silent waits, and says for how many more`, () => {
      const silent = maxFaulty(size) + 1
      const assembly = everyoneAnswers(new Assembly(size, everyNode(size).slice(silent)))
      assembly.timeOut(CLOSE)
      assembly.run()
      for (const seat of assembly.seats.values()) {
        expect(seat.outcome).toBeUndefined()
        const progress = progressOf(seat.decision)
        expect(progress.missing).toEqual(everyNode(size).slice(0, silent))
        expect(progress.waitingFor).toBe('1 more peer to say which ballots they saw')
      }
    })
  }

  it('counts the ballot of a peer that was killed after casting it', () => {
    const assembly = everyoneAnswers(new Assembly(7))
    assembly.step()
    assembly.crash(nodeId(0))
    assembly.run()
    for (const seat of assembly.seats.values()) expect(seat.certificate?.value.ballots).toHaveLength(7)
  })
})

describe('decision, at its deadline', () => {
  it('casts "no answer" for a person who did not answer, which is neither abstaining nor silence', () => {
    const assembly = new Assembly(4, everyNode(4).slice(1))
    assembly.answer(nodeId(1), lake)
    assembly.answer(nodeId(2), ABSTAIN)
    assembly.run()
    assembly.timeOut(DEADLINE)
    assembly.run()
    assembly.timeOut(CLOSE)
    assembly.run()
    const { outcome, ballots } = assembly.seat(nodeId(1)).certificate!.value
    expect(outcome.result).toMatchObject({ winner: 0, abstained: 1, noAnswer: 1 })
    expect(ballots.map(({ answer }) => answer.type)).toEqual(['choice', 'abstain', 'no-answer'])
  })

  it('is done at once when the last "no answer" arrives, without the closing grace', () => {
    const assembly = new Assembly(4)
    assembly.timeOut(DEADLINE)
    assembly.run()
    for (const seat of assembly.seats.values()) expect(seat.certificate?.value.outcome.result.noAnswer).toBe(4)
  })

  it('casts the answer that was kept, as it was last changed', () => {
    const assembly = new Assembly(4)
    for (const node of assembly.seats.keys()) assembly.answer(node, lake, false)
    assembly.answer(nodeId(3), hills, false)
    assembly.run()
    expect(assembly.seat(nodeId(3)).decision.ballots).toEqual([])
    assembly.timeOut(DEADLINE)
    assembly.run()
    expect(assembly.seat(nodeId(0)).certificate?.value.outcome.result.tallies).toEqual([3, 1, 0])
  })

  it('does not change a ballot once it is cast', () => {
    const assembly = new Assembly(4)
    assembly.answer(nodeId(0), lake)
    const cast = assembly.seat(nodeId(0)).decision.ownBallot
    assembly.answer(nodeId(0), hills)
    assembly.timeOut(DEADLINE)
    expect(assembly.seat(nodeId(0)).decision.ownBallot).toBe(cast)
  })
})

describe('decision, certificate', () => {
  it(`needs ${enoughToCertify(7)} of 7 equal endorsements, and not one less`, () => {
    const assembly = everyoneAnswers(new Assembly(7))
    while (assembly.seat(nodeId(0)).outcome === undefined) assembly.step()
    const seat = assembly.seat(nodeId(0))
    const outcome = outcomeHash(seat.outcome!.value)
    const endorse = (node: number): void => {
      const signature = assembly.community.keys[node]!.sign(outcomeSigningBytes(outcome))
      assembly.give(nodeId(0), {
        type: 'received',
        from: nodeId(node),
        message: { type: 'endorsement', outcome, signature }
      })
    }
    for (let node = 1; node < enoughToCertify(7) - 1; node++) endorse(node)
    expect(seat.certificate).toBeUndefined()
    endorse(1)
    expect(seat.certificate).toBeUndefined()
    endorse(6)
    expect(seat.certificate?.value.signatures).toHaveLength(enoughToCertify(7))
  })

  it('does not count endorsements of another outcome, and accuses who gives two', () => {
    const assembly = everyoneAnswers(new Assembly(4))
    while (assembly.seat(nodeId(0)).outcome === undefined) assembly.step()
    const other = 'ab'.repeat(32) as Hash
    const signature = new Uint8Array(64)
    const say = (outcome: Hash): void =>
      assembly.give(nodeId(0), {
        type: 'received',
        from: nodeId(1),
        message: { type: 'endorsement', outcome, signature }
      })
    say(other)
    say(outcomeHash(assembly.seat(nodeId(0)).outcome!.value))
    expect(assembly.seat(nodeId(0)).certificate).toBeUndefined()
    expect(assembly.faults.map(({ fault }) => [fault.kind, fault.slot])).toEqual([
      ['impossible-message', undefined],
      ['equivocated', 'endorsement']
    ])
  })

  it('is made of at least n - f ballots', () => {
    const assembly = everyoneAnswers(new Assembly(10, everyNode(10).slice(3)))
    assembly.timeOut(CLOSE)
    assembly.run()
    expect(assembly.seat(nodeId(9)).certificate?.value.ballots.length).toBeGreaterThanOrEqual(enoughToProceed(10))
  })
})

describe('decision, hostile ballots', () => {
  it('does not take in a ballot that answers what was not asked', () => {
    const assembly = new Assembly(4)
    const value = {
      decision: assembly.proposal.id,
      author: nodeId(1),
      answer: choose(7),
      signature: new Uint8Array(64)
    }
    assembly.give(nodeId(0), {
      type: 'received',
      from: nodeId(1),
      message: { type: 'init', instance: nodeId(1), value }
    })
    expect(assembly.seat(nodeId(0)).decision.ballots).toEqual([])
    expect(assembly.faults.map(({ fault }) => fault.kind)).toEqual(['impossible-message'])
  })
})

describe('progress, in words', () => {
  const waitingFor = (assembly: Assembly): string => progressOf(assembly.seat(nodeId(0)).decision).waitingFor

  it('counts ballots, peers and signatures in the singular and the plural', () => {
    const assembly = new Assembly(4)
    expect(waitingFor(assembly)).toBe('4 more ballots, or the deadline')
    for (const node of [0, 1, 2]) assembly.answer(nodeId(node), lake)
    assembly.run()
    expect(waitingFor(assembly)).toBe('1 more ballot, or the deadline')
    assembly.give(nodeId(0), { type: 'timed-out', timer: CLOSE })
    expect(waitingFor(assembly)).toBe('2 more peers to say which ballots they saw')
    assembly.give(nodeId(1), { type: 'timed-out', timer: CLOSE })
    assembly.step()
    expect(waitingFor(assembly)).toBe('1 more peer to say which ballots they saw')
    const signing = everyoneAnswers(new Assembly(4))
    while (signing.seat(nodeId(0)).outcome === undefined) signing.step()
    expect(waitingFor(signing)).toBe('2 more signatures under the outcome')
    const outcome = outcomeHash(signing.seat(nodeId(0)).outcome!.value)
    const signature = signing.community.keys[1]!.sign(outcomeSigningBytes(outcome))
    const message = { type: 'endorsement', outcome, signature } as const
    signing.give(nodeId(0), { type: 'received', from: nodeId(1), message })
    expect(waitingFor(signing)).toBe('1 more signature under the outcome')
  })

  it('counts oneself among those who speak once others have closed, even without a ballot of one’s own', () => {
    const assembly = new Assembly(4)
    for (const node of [1, 2]) assembly.answer(nodeId(node), lake)
    assembly.run()
    for (const node of [1, 2]) assembly.give(nodeId(node), { type: 'timed-out', timer: CLOSE })
    assembly.step()
    const progress = progressOf(assembly.seat(nodeId(0)).decision)
    expect(progress).toMatchObject({ stage: 'sharing', missing: [nodeId(3)], cast: [nodeId(1), nodeId(2)] })
    expect(progress.waitingFor).toBe('the last of the peers to say which ballots they saw')
  })
})

describe('a ballot’s hash', () => {
  it('is computed once, however often it is asked for', () => {
    let reads = 0
    const ballot = {
      decision: new Assembly(4).proposal.id,
      author: nodeId(1),
      signature: new Uint8Array(64),
      get answer() {
        reads++
        return lake
      }
    }
    const hash = ballotHash(ballot)
    const readsOnce = reads
    expect([ballotHash(ballot), ballotHash(ballot)]).toEqual([hash, hash])
    expect([reads, readsOnce > 0]).toEqual([readsOnce, true])
  })
})
