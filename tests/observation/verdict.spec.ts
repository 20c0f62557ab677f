import { describe, expect, it } from 'vitest'
import type { PeerEvidence } from '../../src/observation/evidence-files.ts'
import { type InvariantName, judge } from '../../src/observation/verdict.ts'
import { verify } from '../../src/storage/keys.ts'
import { BALLOTS, ballotOf, evidenceOf, ownBallot, PROPOSAL, SHORTS, soundEvidence, withFact } from './fixture.ts'

const ALIVE = ['peer-1', 'peer-2', 'peer-3', 'peer-4']

function findingOf(invariant: InvariantName, peers: readonly PeerEvidence[], alive: readonly string[] = ALIVE) {
  const verdict = judge(peers, { verify, alive })
  return { pass: verdict.pass, ...verdict.findings.find((finding) => finding.invariant === invariant) }
}

function replaced(index: number, peer: PeerEvidence): PeerEvidence[] {
  return soundEvidence().with(index, peer)
}

const OTHER_HASH = 'ab'.repeat(32)

describe('a verdict', () => {
  it('passes what correct peers leave behind', () => {
    const verdict = judge(soundEvidence(), { verify, alive: ALIVE })
    expect(verdict.findings.map(({ result }) => result)).toEqual(Array(6).fill('pass'))
    expect(verdict.pass).toBe(true)
  })

  it('catches a second outcome in one journal, across restarts', () => {
    const { events } = evidenceOf(1)
    const decided = events.find((event) => event.type === 'decided')!
    const peer = { ...evidenceOf(1), events: [...events, { ...decided, outcome: OTHER_HASH }] }
    const found = findingOf('integrity', replaced(1, peer))
    expect(found).toMatchObject({ pass: false, result: 'fail' })
    expect(found.explanation).toContain('two outcomes')
  })

  it('catches a certificate that contradicts its own journal', () => {
    const peer = { ...evidenceOf(1), certificates: evidenceOf(1, BALLOTS.slice(0, 3)).certificates }
    expect(findingOf('integrity', replaced(1, peer)).explanation).toContain('its certificate')
  })

  it('catches a peer that cast two ballots', () => {
    const peer = withFact(evidenceOf(2), ownBallot(ballotOf(2, 0)))
    expect(findingOf('integrity', replaced(2, peer)).explanation).toContain('two different ballots')
  })

  it('catches two peers with different outcomes, each consistent with itself', () => {
    const found = findingOf('agreement', replaced(3, evidenceOf(3, BALLOTS.slice(1))))
    expect(found.result).toBe('fail')
    expect(found.explanation).toContain('outcome documents')
    expect(findingOf('integrity', replaced(3, evidenceOf(3, BALLOTS.slice(1)))).result).toBe('pass')
  })

  it('catches a counted ballot that its peer did not cast', () => {
    const ballots = [ballotOf(0, 1), ...BALLOTS.slice(1)]
    const found = findingOf(
      'validity',
      SHORTS.map((_, index) => evidenceOf(index, ballots))
    )
    expect(found.result).toBe('fail')
    expect(found.explanation).toContain('is not the one it cast')
  })

  it('catches an outcome from fewer than n - f ballots', () => {
    const few = SHORTS.map((_, index) => evidenceOf(index, BALLOTS.slice(0, 2)))
    expect(findingOf('validity', few).explanation).toContain('counted 2 ballots')
    expect(findingOf('certificate', few).result).toBe('fail')
  })

  it.each([
    ['an edited result', (text: string) => text.replace('"winner": 0', '"winner": 1')],
    [
      'a flipped signature',
      (text: string) =>
        text.replace(/("signature": ")(..)/, (_, head: string, byte: string) => `${head}${byte === '00' ? '01' : '00'}`)
    ],
    ['half a file', (text: string) => text.slice(0, text.length / 2)]
  ])('catches %s in a certificate', (_, damage) => {
    const peer = evidenceOf(0)
    const [certificate] = peer.certificates
    const damaged = { ...peer, certificates: [{ ...certificate!, text: damage(certificate!.text) }] }
    expect(findingOf('certificate', replaced(0, damaged))).toMatchObject({ pass: false, result: 'fail' })
  })

  it('catches a certificate under the name of another decision, and one that is claimed and missing', () => {
    const peer = evidenceOf(0)
    const renamed = { ...peer, certificates: [{ decision: OTHER_HASH, text: peer.certificates[0]!.text }] }
    const { explanation } = findingOf('certificate', replaced(0, renamed))
    expect(explanation).toContain('another decision')
    expect(explanation).toContain('has no certificate')
  })

  it('catches evidence against a peer that nobody made to lie, and accepts it against one that was', () => {
    const accusation = {
      type: 'accused',
      decision: PROPOSAL.id,
      accused: SHORTS[2]!,
      kind: 'equivocated',
      explanation: 'said two things',
      evidence: true
    } as const
    const accused = replaced(0, withFact(evidenceOf(0), accusation))
    expect(findingOf('no-false-accusation', accused)).toMatchObject({ pass: false, result: 'fail' })
    const told = accused.with(
      2,
      withFact(evidenceOf(2), { type: 'fault-injected', fault: 'equivocate', target: SHORTS[2]! })
    )
    expect(findingOf('no-false-accusation', told).result).toBe('pass')
  })

  it('takes nobody for a liar because a link was cut on purpose', () => {
    const cut = replaced(0, withFact(evidenceOf(0), { type: 'fault-injected', fault: 'cut', target: SHORTS[2]! }))
    expect(findingOf('no-false-accusation', cut)).toMatchObject({
      result: 'pass',
      explanation: 'nobody was made to lie, and nobody was proven to'
    })
    const accusation = {
      type: 'accused',
      decision: PROPOSAL.id,
      accused: SHORTS[2]!,
      kind: 'equivocated',
      explanation: 'said two things',
      evidence: true
    } as const
    expect(findingOf('no-false-accusation', cut.with(1, withFact(evidenceOf(1), accusation))).result).toBe('fail')
  })

  it('catches a survivor without a certificate, and excuses one that was killed', () => {
    const dead = { ...evidenceOf(0), events: evidenceOf(0).events.slice(0, 3), certificates: [] }
    expect(findingOf('termination', replaced(0, dead))).toMatchObject({ pass: false, result: 'fail' })
    expect(findingOf('termination', replaced(0, dead), ALIVE.slice(1))).toMatchObject({ pass: true, result: 'pass' })
  })

  it('judges nothing and does not pass where nothing was left', () => {
    const silent = soundEvidence().map((peer) => ({ ...peer, short: '', events: [], certificates: [] }))
    for (const peers of [[], silent]) {
      const verdict = judge(peers, { verify })
      expect(verdict.findings.map(({ result }) => result)).toEqual(Array(6).fill('not-judged'))
      expect(verdict.pass).toBe(false)
    }
  })

  it('judges of peers that decided nothing only what they did', () => {
    const idle = soundEvidence().map((peer) => ({ ...peer, events: peer.events.slice(0, 1), certificates: [] }))
    const { pass, findings } = judge(idle, { verify, alive: ALIVE })
    expect(pass).toBe(true)
    expect(findings.filter(({ result }) => result === 'pass').map(({ invariant }) => invariant)).toEqual([
      'integrity',
      'no-false-accusation'
    ])
  })

  it('promises nothing when fewer than n - f are alive, or when nobody says who was', () => {
    const undecided = soundEvidence().map((peer) => ({ ...peer, events: peer.events.slice(0, 3), certificates: [] }))
    expect(findingOf('termination', undecided, ALIVE.slice(2)).result).toBe('not-judged')
    expect(judge(undecided, { verify }).findings.at(-1)?.result).toBe('not-judged')
    expect(judge(undecided, { verify, alive: ALIVE }).pass).toBe(false)
  })
})
