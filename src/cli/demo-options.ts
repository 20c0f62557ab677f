/**
 * What `equipotent demo` may be told, and what it does if told nothing.
 *
 * @packageDocumentation
 */

import { maxFaulty } from '../core/quorum.ts'
import { termsProblems } from '../decision/proposal.ts'
import type { ProposeParams } from '../peer/control-protocol.ts'
import type { OptionSpec } from './command.ts'
import { defaultKill, type Kill } from './demo-plan.ts'
import { UNITS_MS } from './duration.ts'
import { PROPOSAL_OPTIONS, readProposalOptions } from './propose.ts'
import { numbersOf, type Reader } from './reader.ts'

/** Everything a demo is told, complete. */
export interface DemoOptions {
  readonly peers: number
  readonly proposal: ProposeParams & { readonly deadlineMs: number }
  readonly kill: Kill
  readonly degree: number | undefined
  /** Between one ballot and the next. */
  readonly paceMs: number
  readonly seed: number
  /** A folder to use; without it a temporary one. */
  readonly data: string | undefined
  readonly keep: boolean
  readonly timeLimitMs: number
}

/** The defaults that do not depend on each other. */
export const DEMO_DEFAULTS = {
  peers: 7,
  question: 'Where do we meet?',
  options: ['lake', 'forest', 'city'],
  seed: 1,
  deadlineMs: 4_000,
  timeLimitMs: 60_000,
  /** Where people watch, a decision should take as long as following it. */
  paceToWatchMs: 400
} as const

const PEERS_MAX = 100

/** With many peers the default pace is faster, so that nobody waits longer than this. Unit: milliseconds. */
const PACED_VOTING_MS_MAX = 8_000

/** The options, for help. */
export const DEMO_OPTIONS: readonly OptionSpec[] = [
  { flags: '--peers <number>', about: 'how many peers', fallback: String(DEMO_DEFAULTS.peers) },
  { flags: '--question <text>', about: 'what to ask', fallback: DEMO_DEFAULTS.question },
  ...PROPOSAL_OPTIONS.map((option) => ({ ...option, ...demoFallback(option.flags) })),
  { flags: '--kill <who>', about: 'founder, random, none, or numbers like 2,5', fallback: 'founder' },
  { flags: '--degree <number>', about: 'links of the gossip mesh; 3 makes hops visible' },
  {
    flags: '--pace <time>',
    about: 'pause between ballots, to talk about',
    fallback: `${DEMO_DEFAULTS.paceToWatchMs}ms on a screen, else 0`
  },
  { flags: '--seed <number>', about: 'repeats who asks, who says what, and who is killed', fallback: '1' },
  { flags: '--data <directory>', about: 'where to keep the peers’ files', fallback: 'a temporary folder' },
  { flags: '--time-limit <seconds>', about: 'give up after this long, with exit code 3', fallback: '60' },
  { flags: '--keep', about: 'keep the temporary folder' }
]

function demoFallback(flags: string): Partial<OptionSpec> {
  if (flags.startsWith('--options')) return { fallback: DEMO_DEFAULTS.options.join(',') }
  return flags.startsWith('--deadline') ? { fallback: '4s, and longer with --pace' } : {}
}

/** Reads and completes the options. `isWatched` says that people look on, at a screen. Throws `OptionsError` with every problem. */
export function readDemoOptions(read: Reader, isWatched: boolean): DemoOptions {
  const peers = read.wholeNumber('peers', { min: 1, max: PEERS_MAX }) ?? DEMO_DEFAULTS.peers
  const paceMs =
    read.durationMs('pace', { minMs: 0, maxMs: UNITS_MS.m, bareUnit: 'ms' }) ??
    (isWatched ? Math.min(DEMO_DEFAULTS.paceToWatchMs, PACED_VOTING_MS_MAX / peers) : 0)
  const timeLimitMs = read.durationMs('time-limit', { minMs: 1_000, maxMs: UNITS_MS.d, bareUnit: 's' })
  const question = read.text('question') ?? DEMO_DEFAULTS.question
  const options = read.list('options') ?? DEMO_DEFAULTS.options
  // Everyone must have had their turn before anybody's deadline, however slow the pace.
  const deadlineMs = DEMO_DEFAULTS.deadlineMs + 2 * paceMs * peers
  const proposal = { deadlineMs, ...readProposalOptions(read), question, options }
  noteProposalProblems(read, proposal)
  const complete: DemoOptions = {
    peers,
    proposal,
    kill: readKill(read, peers),
    degree: read.wholeNumber('degree', { min: 2, max: 12 }),
    paceMs,
    seed: read.wholeNumber('seed', { min: 0, max: Number.MAX_SAFE_INTEGER }) ?? DEMO_DEFAULTS.seed,
    data: read.text('data'),
    keep: read.flag('keep'),
    timeLimitMs: timeLimitMs ?? DEMO_DEFAULTS.timeLimitMs
  }
  read.finish()
  return complete
}

function readKill(read: Reader, peers: number): Kill {
  const text = read.text('kill')
  if (text === undefined) return defaultKill(peers)
  if (text === 'founder' || text === 'random' || text === 'none') return text
  const numbers = numbersOf(text, peers)
  if (numbers === undefined)
    read.problem('--kill', text, `founder, random, none, or numbers of peers from 1 to ${peers}`)
  return numbers ?? 'none'
}

/** The core's own rules for questions and options, told before any peer is started. */
function noteProposalProblems(read: Reader, proposal: DemoOptions['proposal']): void {
  for (const problem of termsProblems(proposal)) {
    if (/^(question|options)\b/.test(problem.path)) read.note({ ...problem, path: `--${problem.path}` })
  }
}

/** What a person should know about whom they kill. */
export function killNote(victims: readonly number[], peers: number): string | undefined {
  const f = maxFaulty(peers)
  if (victims.length <= f) return undefined
  return `More are killed than ${peers} peers can lose (${f}): expect no decision, and none that is wrong.`
}
