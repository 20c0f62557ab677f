import { describe, expect, it } from 'vitest'
import { wantsColour } from '../../src/cli/io.ts'
import { renderView } from '../../src/cli/screen.ts'
import { columnsOf, cutTo, wrap } from '../../src/cli/terminal-text.ts'
import type { TraceEvent, TraceFact } from '../../src/consensus/trace.ts'
import { type CommunityView, emptyView, reduceView } from '../../src/observation/community-view.ts'

const SHORTS = ['aaaaaaaa', 'bbbbbbbb', 'cccccccc', 'dddddddd']
const NAMES = ['heron', 'wren', 'otter', 'finch']

function viewAfter(facts: readonly TraceFact[], names: readonly string[] = NAMES): CommunityView {
  const start = emptyView(
    SHORTS[0],
    SHORTS.map((short, index) => ({ short, name: names[index] ?? '' }))
  )
  return facts.map((fact, t): TraceEvent => ({ t, peer: SHORTS[0]!, ...fact })).reduce(reduceView, start)
}

const OPEN: readonly TraceFact[] = [
  { type: 'peer-started', id: 'id', name: 'heron', listen: [] },
  { type: 'connected', to: SHORTS[1]! },
  { type: 'connected', to: SHORTS[2]! },
  {
    type: 'proposal',
    decision: 'd',
    by: SHORTS[1]!,
    question: 'Where do we meet?',
    options: ['lake', 'forest', 'city'],
    method: 'assembly',
    rule: 'plurality',
    deadlineMs: 1,
    validators: SHORTS
  },
  { type: 'ballot', decision: 'd', by: SHORTS[0]!, answer: 'choice', choices: ['lake'], ballot: 'x', own: true },
  {
    type: 'progress',
    decision: 'd',
    stage: 'gathering',
    waitingFor: '3 more ballots, or the deadline',
    missing: SHORTS.slice(1),
    cast: [SHORTS[0]!]
  }
]

const CLOSED: readonly TraceFact[] = [
  ...OPEN,
  {
    type: 'decided',
    decision: 'd',
    outcome: 'ab'.repeat(32),
    result: 'lake (3 of 4)',
    counted: SHORTS,
    notCounted: []
  },
  { type: 'certified', decision: 'd', outcome: 'ab'.repeat(32), signers: SHORTS }
]

const HOSTILE = [
  '\u001b[2Jboo',
  '\u202Egnihton',
  '漢字漢字漢字漢字漢字漢字',
  'e\u0301\u0301\u0301\u0301\u0301\u0301 🦉🦉🦉🦉🦉🦉🦉🦉'
]

const plain = (view: CommunityView, width: number): string => renderView(view, { width, colour: false }).join('\n')

describe('the screen', () => {
  it('is this at 60 columns, while ballots are gathered', () => {
    expect(plain(viewAfter(OPEN), 60)).toMatchInlineSnapshot(`
      "A community of equals
      as heron …aaaaaaaa sees it

      Where do we meet?
      lake / forest / city
      asked by wren, counted by plurality

      ● heron        …aaaaaaaa      ○ wren         …bbbbbbbb
      ○ otter        …cccccccc      ○ finch        …dddddddd ~
      ● ballot known   ○ not yet   ~ no direct link

      [ballots] > sharing > agreeing > signing > certified
      Everyone is asked; nobody can close the poll.
      Waiting for 3 more ballots, or the deadline.
      Not heard from in this step: wren, otter, finch

      Since you look: no message yet"
    `)
  })

  it('is this at 100 columns, when all have signed', () => {
    expect(plain(viewAfter(CLOSED), 100)).toMatchInlineSnapshot(`
      "A community of equals
      as heron …aaaaaaaa sees it

      Where do we meet?
      lake / forest / city
      asked by wren, counted by plurality

      ● heron        …aaaaaaaa      ○ wren         …bbbbbbbb      ○ otter        …cccccccc
      ○ finch        …dddddddd ~
      ● ballot known   ○ not yet   ~ no direct link

      ballots > sharing > agreeing > signing > [certified]
      lake (3 of 4)
      lake: heron
      signed by all, authored by nobody
      outcome …abababab

      Since you look: no message yet"
    `)
  })

  it('says how many signed when not all did', () => {
    const facts = CLOSED.with(-1, { type: 'certified', decision: 'd', outcome: 'ab', signers: SHORTS.slice(1) })
    expect(plain(viewAfter(facts), 80)).toContain('signed by 3 of 4 (enough), authored by nobody')
  })

  it.each([10, 24, 40, 60, 80, 100, 300])('fits a terminal of %d columns, whatever peers call themselves', (width) => {
    for (const facts of [OPEN, CLOSED]) {
      for (const line of renderView(viewAfter(facts, HOSTILE), { width, colour: false })) {
        expect(columnsOf(line)).toBeLessThan(Math.max(24, Math.min(width, 100)))
      }
    }
  })

  it('lets no control, bidi or zero-width character through, in colour or not', () => {
    const facts = [
      ...OPEN,
      {
        type: 'accused',
        decision: 'd',
        accused: SHORTS[1]!,
        kind: 'x',
        explanation: '\u001b[31m\u0007\u200b',
        evidence: true
      }
    ] as TraceFact[]
    expect(plain(viewAfter(facts, HOSTILE), 80)).not.toMatch(/[\p{Cc}\p{Cf}](?<!\n)/u)
    const coloured = renderView(viewAfter(facts, HOSTILE), { width: 80, colour: true }).join('\n')
    // biome-ignore lint/suspicious/noControlCharactersInRegex: exactly the colour codes this screen may use
    const bare = coloured.replace(/\u001b\[\d+m/g, '')
    expect(bare).not.toMatch(/[\p{Cc}\p{Cf}](?<!\n)/u)
    expect(bare.replace(/ +$/gm, '')).toBe(plain(viewAfter(facts, HOSTILE), 80).replace(/ +$/gm, ''))
  })

  it('draws every peer the same size', () => {
    const rows = renderView(viewAfter(OPEN, ['x', 'a very long name indeed', '漢字漢字漢字漢字', 'y']), {
      width: 30,
      colour: false
    })
    const peers = rows.filter((line) => /^[●○] .*…\w{8}/.test(line)).map((line) => columnsOf(line.replace(/ ~?$/, '')))
    expect(peers).toHaveLength(4)
    expect(new Set(peers).size).toBe(1)
  })

  it('marks who was killed, which the peer that looks cannot know', () => {
    const text = renderView(viewAfter(OPEN), { width: 80, colour: false, killed: [SHORTS[3]!] }).join('\n')
    expect(text).toContain('finch        …dddddddd ✗')
    expect(text).toContain('✗ killed')
    expect(plain(viewAfter(OPEN), 80)).not.toContain('✗')
  })

  it('tells who said what once it is decided, and not before', () => {
    const ballots: TraceFact[] = SHORTS.slice(1).map((by) => ({
      type: 'ballot',
      decision: 'd',
      by,
      answer: 'choice',
      choices: ['city'],
      ballot: 'x',
      own: false
    }))
    expect(plain(viewAfter([...OPEN, ...ballots]), 80)).not.toContain('city: ')
    const closed = plain(viewAfter([...OPEN, ...ballots, ...CLOSED.slice(-2)]), 80)
    expect(closed).toContain('lake: heron')
    expect(closed).toContain('city: wren, otter, finch')
  })

  it('says so when nothing was asked', () => {
    expect(plain(viewAfter([]), 60)).toContain('No question yet.')
  })
})

describe('colour', () => {
  it('is refused by NO_COLOR, whatever else is set', () => {
    expect(wantsColour({ NO_COLOR: '1', FORCE_COLOR: '1' }, true)).toBe(false)
    expect(wantsColour({ FORCE_COLOR: '1' }, false)).toBe(true)
    expect(wantsColour({}, false)).toBe(false)
    expect(wantsColour({ TERM: 'dumb' }, true)).toBe(false)
    expect(wantsColour({}, true)).toBe(true)
  })
})

describe('text', () => {
  it('is cut by columns and not by characters', () => {
    expect(cutTo('漢字漢字', 5)).toBe('漢字…')
    expect(cutTo('lake', 4)).toBe('lake')
    expect(columnsOf('e\u0301')).toBe(1)
  })

  it('is wrapped into few lines, the last one showing that there was more', () => {
    expect(wrap('one two three four', 9, 2)).toEqual(['one two', 'three…'])
  })
})

describe('what keeps the peer that looks from doing its part', () => {
  const facts: readonly TraceFact[] = [
    { type: 'standing', standing: 'observing', reason: 'its store was emptied' },
    { type: 'disk', state: 'failing', reason: 'the disk is full\u001b[2J' },
    { type: 'reach', reached: 2, needed: 3, cutOff: true }
  ]

  it('is shown while it lasts, its words made safe, within the width', () => {
    const lines = renderView(viewAfter([...OPEN, ...facts]), { width: 40, colour: false })
    const text = lines.join(' ')
    for (const words of ['heron only observes:', 'heron says nothing for now:', 'heron is cut off:'])
      expect(text).toContain(words)
    expect(text).not.toContain('\u001b')
    expect(lines.every((line) => columnsOf(line) < 40)).toBe(true)
  })

  it('is gone when it is over', () => {
    const over: readonly TraceFact[] = [
      { type: 'disk', state: 'well', reason: '' },
      { type: 'reach', reached: 4, needed: 3, cutOff: false }
    ]
    const text = renderView(viewAfter([...OPEN, ...facts, ...over]), { width: 80, colour: false }).join(' ')
    expect(text).toContain('only observes')
    expect(text).not.toMatch(/says nothing for now|is cut off/)
  })
})
