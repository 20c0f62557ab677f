import { describe, expect, it } from 'vitest'
import type { TraceEvent, TraceFact } from '../../src/consensus/trace.ts'
import {
  type CommunityView,
  currentDecision,
  emptyView,
  nameOf,
  reduceView
} from '../../src/observation/community-view.ts'

const SELF = 'selfself'
const OTHER = 'otherone'

function viewAfter(facts: readonly TraceFact[], start = emptyView()): CommunityView {
  return facts.map((fact, t): TraceEvent => ({ t, peer: SELF, ...fact })).reduce(reduceView, start)
}

const STARTED: TraceFact = { type: 'peer-started', id: 'id', name: 'heron', listen: [] }
const PROPOSED: TraceFact = {
  type: 'proposal',
  decision: 'd1',
  by: OTHER,
  question: 'Where?',
  options: ['lake', 'forest'],
  method: 'assembly',
  rule: 'plurality',
  deadlineMs: 100,
  validators: [SELF, OTHER]
}
const BALLOT: TraceFact = {
  type: 'ballot',
  decision: 'd1',
  by: OTHER,
  answer: 'choice',
  choices: ['lake'],
  ballot: 'b',
  own: false
}
const CERTIFIED: TraceFact = { type: 'certified', decision: 'd1', outcome: 'h', signers: [SELF, OTHER] }

describe('a view', () => {
  it('belongs to the first peer it hears of, and ignores the journals of others', () => {
    const view = viewAfter([STARTED])
    expect(view).toMatchObject({ self: SELF, running: true })
    expect(view.peers[SELF]).toMatchObject({ name: 'heron', self: true })
    expect(reduceView(view, { t: 9, peer: OTHER, ...PROPOSED })).toBe(view)
  })

  it('follows links and the mesh', () => {
    const linked = viewAfter([STARTED, { type: 'connected', to: OTHER }, { type: 'meshed', to: OTHER, mesh: 1 }])
    expect(linked.peers[OTHER]).toMatchObject({ connected: true, mesh: true })
    expect(viewAfter([{ type: 'meshed', to: OTHER, mesh: 0 }], linked).peers[OTHER]?.mesh).toBe(false)
    expect(viewAfter([{ type: 'disconnected', to: OTHER }], linked).peers[OTHER]).toMatchObject({
      connected: false,
      mesh: false
    })
  })

  it('follows a decision from its question to its certificate', () => {
    const missing = [SELF]
    const progress: TraceFact = {
      type: 'progress',
      decision: 'd1',
      stage: 'gathering',
      waitingFor: '1 more',
      missing,
      cast: [OTHER]
    }
    const open = viewAfter([PROPOSED, BALLOT, progress])
    expect(currentDecision(open)).toMatchObject({ stage: 'gathering', waitingFor: '1 more', missing, certified: false })
    expect(currentDecision(open)?.cast).toEqual({ [OTHER]: { answer: 'choice', choices: ['lake'] } })
    const decided: TraceFact = {
      type: 'decided',
      decision: 'd1',
      outcome: 'h',
      result: 'lake',
      counted: [SELF],
      notCounted: [OTHER]
    }
    const closed = viewAfter([decided, CERTIFIED], open)
    expect(currentDecision(closed)).toMatchObject({
      stage: 'certified',
      missing: [],
      signers: [SELF, OTHER],
      certified: true
    })
    expect(currentDecision(closed)?.outcome).toEqual({
      hash: 'h',
      result: 'lake',
      counted: [SELF],
      notCounted: [OTHER]
    })
  })

  it('does not mind the order: a ballot may come before its question', () => {
    const view = viewAfter([BALLOT, PROPOSED])
    expect(view.decisions).toHaveLength(1)
    expect(currentDecision(view)).toMatchObject({ question: 'Where?', cast: { [OTHER]: { answer: 'choice' } } })
  })

  it('shows the newest open decision before any that is closed', () => {
    const view = viewAfter([
      PROPOSED,
      { ...PROPOSED, decision: 'd2' } as TraceFact,
      { ...CERTIFIED, decision: 'd2' } as TraceFact
    ])
    expect(currentDecision(view)?.decision).toBe('d1')
  })

  it('counts messages and what was dropped', () => {
    const message: TraceFact = {
      type: 'message',
      direction: 'sent',
      decision: 'd1',
      from: SELF,
      kinds: {},
      bytes: 10,
      via: 'gossip',
      id: 'm'
    }
    const view = viewAfter([
      message,
      { ...message, direction: 'received', bytes: 5 } as TraceFact,
      { type: 'dropped', reason: 'x', count: 2 },
      { type: 'dropped', reason: 'x', count: 3 }
    ])
    expect(view.traffic).toEqual({ sentCount: 1, receivedCount: 1, sentBytes: 10, receivedBytes: 5 })
    expect(view.dropped).toEqual({ x: 5 })
  })

  it('stays small, whatever it is told', () => {
    const facts = Array.from({ length: 200 }, (_, index) => ({ ...PROPOSED, decision: `d${index}` }) as TraceFact)
    expect(viewAfter(facts).decisions).toHaveLength(32)
  })

  it('steps over an event of a type from the future', () => {
    const view = viewAfter([STARTED])
    expect(reduceView(view, { t: 5, peer: SELF, type: 'telepathy' } as unknown as TraceEvent)).toBe(view)
  })

  it('calls a peer by its name, and by its short id without one', () => {
    const view = emptyView(SELF, [{ short: OTHER, name: 'wren' }])
    expect([nameOf(view, OTHER), nameOf(view, 'unknown1')]).toEqual(['wren', 'unknown1'])
  })
})
