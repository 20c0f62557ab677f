/**
 * The live screen: one community through one peer's eyes, in plain words.
 *
 * Every peer is drawn the same size, in the order of their short ids, which nobody chose: a screen that puts somebody on
 * top has already answered the question of who is in charge. Names are hostile text; each stands beside a fingerprint.
 *
 * @packageDocumentation
 */

import { safeText } from '../core/text.ts'
import {
  type CommunityView,
  currentDecision,
  type DecisionView,
  nameOf,
  type PeerView
} from '../observation/community-view.ts'
import { columnsOf, createPaint, cutTo, fitTo, type Paint, safeCut, wrap } from './terminal-text.ts'

/** How to draw. */
export interface ScreenOptions {
  /** Columns of the terminal. Limit: drawn for 24 to 100. */
  readonly width: number
  readonly colour: boolean
}

const WIDTH_MIN = 24
const WIDTH_MAX = 100

/** Columns of a name in its cell. */
const NAME_COLUMNS = 12

/** Steps of a decision, in plain words. See `decision/progress.ts`. */
const STEPS: readonly { readonly stage: string; readonly word: string; readonly meaning: string }[] = [
  { stage: 'gathering', word: 'ballots', meaning: 'Everyone is asked; nobody can close the poll.' },
  { stage: 'sharing', word: 'sharing', meaning: 'Each tells the others which ballots it has seen.' },
  { stage: 'agreeing', word: 'agreeing', meaning: 'They agree on one set of ballots.' },
  { stage: 'signing', word: 'signing', meaning: 'Everyone has counted; each signs what it counted.' },
  { stage: 'certified', word: 'certified', meaning: 'Done: anyone can check it, without having been there.' }
]

/** The screen, line by line, none wider than the terminal. */
export function renderView(view: CommunityView, options: ScreenOptions): string[] {
  const width = Math.max(WIDTH_MIN, Math.min(options.width, WIDTH_MAX)) - 1
  const paint = createPaint(options.colour)
  const decision = currentDecision(view)
  return [
    ...heading(view, width, paint),
    '',
    ...(decision === undefined ? [paint.dim('No question yet.')] : question(decision, view, width, paint)),
    '',
    ...grid(view, decision, width, paint),
    ...(decision === undefined ? [] : ['', ...progress(decision, view, width, paint)]),
    ...trouble(view, width, paint),
    '',
    paint.dim(cutTo(trafficLine(view), width))
  ]
}

function heading(view: CommunityView, width: number, paint: Paint): string[] {
  const looking = `as ${safeText(nameOf(view, view.self), 40)} …${safeText(view.self, 8)} sees it`
  return [paint.bold(cutTo('A community of equals', width)), paint.dim(cutTo(looking, width))]
}

function question(decision: DecisionView, view: CommunityView, width: number, paint: Paint): string[] {
  const options = decision.options.map((option) => safeText(option, 80)).join(' / ')
  const asked = `asked by ${safeText(nameOf(view, decision.by), 40)}, counted by ${safeText(decision.rule, 20)}`
  return [
    ...wrap(safeText(decision.question, 500), width).map(paint.bold),
    ...wrap(options, width),
    paint.dim(cutTo(asked, width))
  ]
}

function grid(view: CommunityView, decision: DecisionView | undefined, width: number, paint: Paint): string[] {
  const shorts = decision?.validators.length ? decision.validators : Object.keys(view.peers)
  const peers = [...shorts].sort().flatMap((short) => view.peers[short] ?? [])
  const cells = peers.map((peer) => cell(peer, decision))
  const cellWidth = Math.min(width, NAME_COLUMNS + 16)
  const columns = Math.max(1, Math.floor((width + 2) / (cellWidth + 2)))
  const rows = Math.ceil(cells.length / columns)
  const lines = Array.from({ length: rows }, (_, row) =>
    cells
      .slice(row * columns, (row + 1) * columns)
      .map(({ text, isCast }) => (isCast ? paint.good : paint.dim)(fitTo(text, cellWidth)))
      .join('  ')
      .trimEnd()
  )
  return [...lines, paint.dim(cutTo('● ballot known here   ○ not yet   ~ no direct link', width))]
}

function cell(peer: PeerView, decision: DecisionView | undefined): { text: string; isCast: boolean } {
  const isCast = decision !== undefined && Object.hasOwn(decision.cast, peer.short)
  const name = fitTo(safeCut(peer.name === '' ? '?' : peer.name, NAME_COLUMNS), NAME_COLUMNS)
  const link = peer.self || peer.connected ? ' ' : '~'
  return { text: `${isCast ? '●' : '○'} ${name} …${fitTo(safeCut(peer.short, 8), 8)} ${link}`, isCast }
}

function progress(decision: DecisionView, view: CommunityView, width: number, paint: Paint): string[] {
  return [
    stepLine(decision.stage, width, paint),
    ...(decision.certified ? outcome(decision, width, paint) : waiting(decision, view, width, paint))
  ]
}

function stepLine(stage: string, width: number, paint: Paint): string {
  const reached = STEPS.findIndex((step) => step.stage === stage)
  if (reached < 0) return cutTo(`step: ${safeText(stage, 40)}`, width)
  const words = STEPS.map(({ word }, index) => (index === reached ? `[${word}]` : word))
  if (columnsOf(words.join(' > ')) > width) {
    return paint.bold(cutTo(`step ${reached + 1} of ${STEPS.length}: ${words[reached]}`, width))
  }
  return words.map((word, index) => (index === reached ? paint.bold : paint.dim)(word)).join(paint.dim(' > '))
}

function waiting(decision: DecisionView, view: CommunityView, width: number, paint: Paint): string[] {
  const meaning = STEPS.find((step) => step.stage === decision.stage)?.meaning
  const names = decision.missing.map((short) => safeText(nameOf(view, short), 40)).join(', ')
  const whom = names === '' ? '' : `: ${names}`
  const decided =
    decision.outcome === undefined ? [] : wrap(`Counted here: ${safeText(decision.outcome.result)}`, width)
  return [
    ...(meaning === undefined ? [] : wrap(meaning, width)),
    ...decided.map(paint.bold),
    ...(decision.waitingFor === '' ? [] : wrap(`Waiting for ${safeText(decision.waitingFor)}${whom}`, width)).map(
      paint.waiting
    )
  ]
}

function outcome(decision: DecisionView, width: number, paint: Paint): string[] {
  const { outcome: decided, signers, validators } = decision
  const notCounted = decided?.notCounted.length ?? 0
  const isAll = validators.length > 0 && signers.length >= validators.length
  const signed = isAll ? 'signed by all' : `signed by ${signers.length} of ${validators.length}`
  return [
    ...wrap(safeText(decided?.result ?? 'decided'), width).map((line) => paint.bold(paint.good(line))),
    cutTo(`${signed}, authored by nobody`, width),
    ...(notCounted === 0 ? [] : [paint.dim(cutTo(`ballots not counted: ${notCounted}`, width))]),
    ...(decided === undefined ? [] : [paint.dim(cutTo(`outcome …${safeText(decided.hash.slice(-8), 8)}`, width))])
  ]
}

function trouble(view: CommunityView, width: number, paint: Paint): string[] {
  return view.accused.slice(-3).flatMap(({ accused, explanation, evidence }) => {
    const proof = evidence ? ' (two signed messages prove it)' : ''
    return wrap(`${safeText(nameOf(view, accused), 40)}: ${safeText(explanation)}${proof}`, width, 2).map(paint.bad)
  })
}

function trafficLine({ traffic }: CommunityView): string {
  const kilobytes = ((traffic.sentBytes + traffic.receivedBytes) / 1000).toFixed(1)
  return `${traffic.sentCount} messages sent, ${traffic.receivedCount} received, ${kilobytes} kB`
}
