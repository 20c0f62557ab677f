/**
 * Draws the README's picture from the journal of a real peer: `npx tsx scripts/picture.ts PEER-DIRECTORY SVG-FILE`.
 *
 * Nothing in it is made up: both screens are what `equipotent watch` shows for the events that this peer wrote down, once
 * while the ballots come in after the founder was killed, and once at the end.
 */

import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { renderView } from '../src/cli/screen.ts'
import type { TraceEvent } from '../src/consensus/trace.ts'
import { short } from '../src/core/ids.ts'
import { readCharter } from '../src/decision/charter.ts'
import { CHARTER_FILE } from '../src/launcher/community.ts'
import { peerIdOf } from '../src/network/peer-key.ts'
import {
  type CommunityView,
  currentDecision,
  emptyView,
  type Named,
  reduceView
} from '../src/observation/community-view.ts'
import { readJournals } from '../src/storage/journal.ts'

const COLUMNS = 76
const CELL = { width: 7.8, height: 18 } as const
const COLOURS: Readonly<Record<string, string>> = {
  31: '#d55e00',
  32: '#009e73',
  33: '#e69f00',
  34: '#56b4e9',
  35: '#cc79a7',
  36: '#56b4e9'
}

interface Style {
  readonly bold: boolean
  readonly dim: boolean
  readonly colour: string | undefined
}

const PLAIN: Style = { bold: false, dim: false, colour: undefined }

/** What one SGR code makes of a style. */
function restyle(style: Style, code: string): Style {
  if (code === '1') return { ...style, bold: true }
  if (code === '2') return { ...style, dim: true }
  if (code === '22') return { ...style, bold: false, dim: false }
  if (code === '39') return { ...style, colour: undefined }
  return code in COLOURS ? { ...style, colour: COLOURS[code] } : PLAIN
}

/** A terminal line in pieces of one style each. */
function pieces(line: string): { readonly text: string; readonly style: Style }[] {
  let style = PLAIN
  return line.split('\u001b[').flatMap((part, index) => {
    const end = index === 0 ? -1 : part.indexOf('m')
    if (index > 0) for (const code of part.slice(0, end).split(';')) style = restyle(style, code)
    const text = part.slice(end + 1)
    return text === '' ? [] : [{ text, style }]
  })
}

const escaped = (text: string): string => text.replace(/&/g, '&amp;').replace(/</g, '&lt;').replace(/>/g, '&gt;')

function drawLine(line: string, x: number, y: number): string {
  const spans = pieces(line).map(({ text, style }) => {
    const fill = style.colour ?? '#e6e6e6'
    const weight = style.bold ? ' font-weight="700"' : ''
    return `<tspan fill="${fill}"${weight}${style.dim ? ' fill-opacity="0.6"' : ''}>${escaped(text)}</tspan>`
  })
  return `<text x="${x}" y="${y}" xml:space="preserve">${spans.join('')}</text>`
}

/** The view at two moments: the first one after a peer was lost, and the end. */
function twoMoments(events: readonly TraceEvent[], members: readonly Named[]): readonly CommunityView[] {
  let view = emptyView(events[0]?.peer, members)
  let gathering: CommunityView | undefined
  let hasLoss = false
  for (const event of events) {
    if (event.type === 'peer-stopped') break
    view = reduceView(view, event)
    const isCertified = currentDecision(view)?.certified === true
    if (isCertified) break
    hasLoss ||= event.type === 'disconnected'
    if (hasLoss && event.type === 'progress' && event.stage === 'gathering') gathering ??= view
  }
  return gathering === undefined ? [view] : [gathering, view]
}

function draw(screens: readonly (readonly string[])[]): string {
  const rows = Math.max(...screens.map((screen) => screen.length))
  const panel = { width: COLUMNS * CELL.width + 32, height: rows * CELL.height + 36 }
  const width = screens.length * (panel.width + 16) - 16
  const panels = screens.map((screen, index) => {
    const x = index * (panel.width + 16)
    const lines = screen.map((line, row) => drawLine(line, x + 16, 34 + row * CELL.height))
    const frame = `<rect x="${x}" y="0" width="${panel.width}" height="${panel.height}" rx="10" fill="#16181d"/>`
    return [frame, ...lines].join('\n')
  })
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${panel.height}" role="img" aria-label="Two terminal screens of one peer: gathering ballots after another peer was killed, and the certified outcome" font-family="ui-monospace, SFMono-Regular, Menlo, Consolas, 'DejaVu Sans Mono', monospace" font-size="13">
${panels.join('\n')}
</svg>
`
}

const [directory, file] = process.argv.slice(2)
if (directory === undefined || file === undefined) {
  process.stderr.write('Usage: npx tsx scripts/picture.ts PEER-DIRECTORY SVG-FILE\n')
  process.exitCode = 2
} else {
  const charter = readCharter(JSON.parse(readFileSync(join(directory, CHARTER_FILE), 'utf8')))
  const members = charter.members.map(({ key, name }) => ({ short: short(peerIdOf(key)), name }))
  const screens = twoMoments(readJournals(directory).events, members).map((view) =>
    renderView(view, { width: COLUMNS, colour: true })
  )
  writeFileSync(file, draw(screens))
}
