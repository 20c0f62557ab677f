/**
 * The live screen: one community through one peer's eyes, in plain words.
 *
 * Every peer is drawn the same size, in the order of their short ids, which nobody chose: a screen that puts somebody on
 * top has already answered the question of who is in charge. Names are hostile text; each stands beside a fingerprint.
 *
 * @packageDocumentation
 */

import { enoughToCertify } from '../core/quorum.ts'
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
  /** Short ids of peers that are known to be dead. The peer that looks cannot know: to it they are only silent. */
  readonly killed?: readonly string[]
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
    ...grid(view, decision, options.killed ?? [], width, paint),
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

function grid(
  view: CommunityView,
  decision: DecisionView | undefined,
  killed: readonly string[],
  width: number,
  paint: Paint
): string[] {
  const shorts = decision?.validators.length ? decision.validators : Object.keys(view.peers)
  const peers = [...shorts].sort().flatMap((short) => view.peers[short] ?? [])
  const cells = peers.map((peer) => cell(peer, decision, killed.includes(peer.short)))
  const cellWidth = Math.min(width, NAME_COLUMNS + 16)
  const columns = Math.max(1, Math.floor((width + 2) / (cellWidth + 2)))
  const rows = Math.ceil(cells.length / columns)
  const lines = Array.from({ length: rows }, (_, row) =>
    cells
      .slice(row * columns, (row + 1) * columns)
      .map(({ text, look }) => paint[look](fitTo(text, cellWidth)))
      .join('  ')
      .trimEnd()
  )
  const legend = ['● ballot known', '○ not yet', '~ no direct link', ...(killed.length === 0 ? [] : ['✗ killed'])]
  return [...lines, paint.dim(cutTo(legend.join('   '), width))]
}

function cell(
  peer: PeerView,
  decision: DecisionView | undefined,
  isKilled: boolean
): { text: string; look: keyof Paint } {
  const isCast = decision !== undefined && Object.hasOwn(decision.cast, peer.short)
  const name = fitTo(safeCut(peer.name === '' ? '?' : peer.name, NAME_COLUMNS), NAME_COLUMNS)
  const link = peer.self || peer.connected ? ' ' : '~'
  const text = `${isCast ? '●' : '○'} ${name} …${fitTo(safeCut(peer.short, 8), 8)} ${isKilled ? '✗' : link}`
  return { text, look: isKilled ? 'bad' : isCast ? 'good' : 'dim' }
}

function progress(decision: DecisionView, view: CommunityView, width: number, paint: Paint): string[] {
  return [
    stepLine(decision.stage, width, paint),
    ...(decision.certified ? outcome(decision, view, width, paint) : waiting(decision, view, width, paint))
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
  const whom = namesOf(view, decision.missing)
  const decided =
    decision.outcome === undefined ? [] : wrap(`Counted here: ${safeText(decision.outcome.result)}`, width)
  return [
    ...(meaning === undefined ? [] : wrap(meaning, width)),
    ...decided.map(paint.bold),
    ...(decision.waitingFor === '' ? [] : wrap(`Waiting for ${safeText(decision.waitingFor)}.`, width)).map(
      paint.waiting
    ),
    ...(whom === '' ? [] : wrap(`Not heard from in this step: ${whom}`, width)).map(paint.waiting)
  ]
}

const namesOf = (view: CommunityView, shorts: readonly string[]): string =>
  shorts.map((short) => safeText(nameOf(view, short), 40)).join(', ')

function outcome(decision: DecisionView, view: CommunityView, width: number, paint: Paint): string[] {
  const { outcome: decided, signers, validators } = decision
  const notCounted = namesOf(view, decided?.notCounted ?? [])
  return [
    ...wrap(safeText(decided?.result ?? 'decided'), width).map((line) => paint.bold(paint.good(line))),
    ...answers(decision, view).flatMap((line) => wrap(line, width, 2)),
    ...(notCounted === '' ? [] : wrap(`not counted: ${notCounted}`, width, 2).map(paint.dim)),
    cutTo(`${signedInWords(signers.length, validators.length)}, authored by nobody`, width),
    ...(decided === undefined ? [] : [paint.dim(cutTo(`outcome …${safeText(decided.hash.slice(-8), 8)}`, width))])
  ]
}

/** How many signed. A certificate is complete with fewer than all, because some may be silent for ever. */
export function signedInWords(signers: number, validators: number): string {
  if (validators > 0 && signers >= validators) return 'signed by all'
  const isEnough = validators > 0 && signers === enoughToCertify(validators)
  return `signed by ${signers} of ${validators}${isEnough ? ' (enough)' : ''}`
}

/** Who said what. It is shown once nothing can be changed by knowing it; before, it would only sway people. */
function answers({ cast, outcome: decided, options }: DecisionView, view: CommunityView): string[] {
  const counted = decided?.counted ?? []
  const saying = (option: string): readonly string[] => counted.filter((short) => cast[short]?.choices.includes(option))
  const abstained = counted.filter((short) => cast[short]?.answer === 'abstain')
  const rows = [...options.map((option) => [option, saying(option)] as const), ['abstain', abstained] as const]
  return rows
    .filter(([, shorts]) => shorts.length > 0)
    .map(([option, shorts]) => `${safeText(option, 80)}: ${namesOf(view, shorts)}`)
}

/** What keeps the peer that looks from doing its part. */
const TROUBLES = { standing: 'only observes', disk: 'says nothing for now', reach: 'is cut off' } as const

function trouble(view: CommunityView, width: number, paint: Paint): string[] {
  const me = safeText(nameOf(view, view.self), 40)
  const own = (Object.keys(TROUBLES) as (keyof typeof TROUBLES)[])
    .filter((kind) => view.troubles[kind] !== '')
    .flatMap((kind) => wrap(`${me} ${TROUBLES[kind]}: ${safeText(view.troubles[kind])}`, width, 2).map(paint.bad))
  return [...own, ...accusations(view, width, paint)]
}

function accusations(view: CommunityView, width: number, paint: Paint): string[] {
  return view.accused.slice(-3).flatMap(({ accused, explanation, evidence }) => {
    const proof = evidence ? ' (two signed messages prove it)' : ''
    return wrap(`${safeText(nameOf(view, accused), 40)}: ${safeText(explanation)}${proof}`, width, 2).map(paint.bad)
  })
}

function trafficLine({ traffic }: CommunityView): string {
  const { sentCount, receivedCount } = traffic
  if (sentCount + receivedCount === 0) return 'Since you look: no message yet'
  const kilobytes = ((traffic.sentBytes + traffic.receivedBytes) / 1000).toFixed(1)
  return `Since you look: ${sentCount} sent, ${receivedCount} received, ${kilobytes} kB`
}
