/**
 * `npm run propose` and `npm run vote`: the short forms for a community in the background.
 *
 * With several peers on one machine, one person plays them all: each `npm run vote` answers for the next peer that has not
 * answered yet.
 *
 * @packageDocumentation
 */

import { setTimeout as pause } from 'node:timers/promises'
import { OperationError, OptionsError } from '../core/errors.ts'
import { safeText } from '../core/text.ts'
import { BACKGROUND_DIRECTORY, type LocalPeer } from '../launcher/community.ts'
import { runningPeers } from '../launcher/launcher.ts'
import { connectControl } from '../peer/control-client.ts'
import type { ClosedDecision, OpenDecision } from '../peer/control-protocol.ts'
import { shellWord } from './as-typed.ts'
import type { CommandSpec, Given } from './command.ts'
import { EXIT, type Io } from './io.ts'
import { callOf, withLocalPeer } from './local-peer.ts'
import { readProposalOptions } from './propose.ts'
import { numbersOf, quoted } from './reader.ts'
import { signedInWords } from './screen.ts'

/** `npm run propose`. */
export const askCommand: CommandSpec = {
  name: 'propose',
  takes: '<question> <options>',
  about: 'Put a question to the community in the background.',
  options: [
    { flags: '--rule <rule>', about: 'plurality or approval', fallback: 'plurality' },
    { flags: '--tie <rule>', about: 'lot, first-listed or undecided', fallback: 'lot' },
    { flags: '--deadline <time>', about: 'how long each peer waits for its person', fallback: '10m' }
  ],
  examples: ['npm run propose -- "Where do we meet?" lake,forest,city'],
  run: runAsk
}

/** `npm run vote`. */
export const answerCommand: CommandSpec = {
  name: 'vote',
  takes: '<choice...>',
  about: 'Answer the open question, for good, as the next peer that has not answered yet.',
  options: [
    { flags: '--peer <number>', about: 'as this peer' },
    { flags: '--decision <id>', about: 'which question, if several are open' }
  ],
  examples: ['npm run vote -- lake', 'npm run vote -- forest --peer 3', 'npm run vote -- abstain'],
  run: runAnswer
}

/** People who play five peers need more than a minute. Unit: milliseconds. */
const DEADLINE_MS = 600_000

/** How long the last ballot's command waits to tell the result, and how often it looks. Unit: milliseconds. */
const DECIDED_WITHIN_MS = 3_000
const LOOK_EVERY_MS = 50

const PEERS_MAX = 100

async function runAsk({ words, read, io, json }: Given): Promise<number> {
  const [question = '', list = ''] = words
  const terms = { deadlineMs: DEADLINE_MS, ...readProposalOptions(read) }
  read.finish()
  const options = list.split(',').map((option) => option.trim())
  return withLocalPeer(undefined, io, async ({ client }) => {
    const { peer } = await client.call('status', {})
    const { decision } = await client.call('propose', { question, options, ...terms })
    if (json) io.out(JSON.stringify({ type: 'proposed', decision, through: peer }))
    else {
      io.out(`${callOf(peer)} asks: ${safeText(question)}  [${decision.slice(-8)}]`)
      io.out(
        `Next: npm run vote -- ${shellWord(safeText(options[0] ?? ''))}   (and npm run watch, in another terminal)`
      )
    }
    return EXIT.done
  })
}

async function runAnswer({ words, read, io, json }: Given): Promise<number> {
  const peers = await runningPeers(BACKGROUND_DIRECTORY)
  if (peers.length === 0) throw refusal(`no peer runs in ${BACKGROUND_DIRECTORY}; first: npm run launch -- 5`)
  const wanted = read.text('peer')
  const numbers = wanted === undefined ? peers.map(({ number }) => number) : numbersOf(wanted, PEERS_MAX)
  const candidates = peers.filter(({ number }) => numbers?.includes(number))
  if (candidates.length === 0) {
    read.problem('--peer', wanted, `a peer that runs: one of ${peers.map(({ number }) => number).join(', ')}`)
  }
  read.finish()
  const seat = await findSeat(candidates, read.text('decision'), io)
  const { open, closed } = await answerAs(seat, words)
  if (json) {
    io.out(JSON.stringify({ type: 'voted', peer: seat.peer.number, ...open }))
    return EXIT.done
  }
  io.out(`${seat.peer.folder} says ${quoted(open.mine.answer)} to ${quoted(open.question)}.`)
  for (const line of whatNow(seat, open, closed)) io.out(line)
  return EXIT.done
}

/** After one more ballot: how many are to go, or what was decided. */
function whatNow({ validatorCount }: Seat, open: OpenDecision, closed: ClosedDecision | undefined): string[] {
  const left = validatorCount - open.cast.length
  if (left > 0) {
    return [`${left} ${left === 1 ? 'ballot' : 'ballots'} to go. Next: npm run vote -- CHOICE, or npm run status`]
  }
  if (closed === undefined) return ['Everyone has answered. Next: npm run status']
  return [
    `Everyone has answered. Decided: ${safeText(closed.result)}`,
    `It is ${signedInWords(closed.signers.length, validatorCount)}, authored by nobody. Next: npm run equipotent -- decisions`
  ]
}

/** A peer that has not answered, and the question. */
interface Seat {
  readonly peer: LocalPeer
  readonly decision: string
  readonly validatorCount: number
}

async function findSeat(peers: readonly LocalPeer[], wanted: string | undefined, io: Io): Promise<Seat> {
  const seen = new Map<string, OpenDecision>()
  for (const peer of peers) {
    const { open, validatorCount } = await withLocalPeer(peer.dataDirectory, io, ({ client }) =>
      client.call('status', {})
    )
    const candidates = open.filter(({ decision }) => wanted === undefined || decision.endsWith(wanted))
    if (wanted === undefined && open.length > 1) throw severalOpen(open)
    for (const one of candidates) seen.set(one.decision, one)
    const free = candidates.find(({ mine }) => mine.state !== 'cast')
    if (free !== undefined) return { peer, decision: free.decision, validatorCount }
  }
  throw noSeat(peers, [...seen.values()], wanted)
}

function noSeat(peers: readonly LocalPeer[], open: readonly OpenDecision[], wanted: string | undefined): Error {
  if (open.length > 0) {
    const who = peers.length === 1 ? `${peers[0]?.folder} has` : 'every running peer has'
    return refusal(`${who} answered already, and a ballot that is cast is never changed; see: npm run status`)
  }
  if (wanted === undefined) {
    return refusal('no question is open; first: npm run propose -- "Where do we meet?" lake,forest,city')
  }
  return refusal(`no open question ends with ${quoted(wanted)}; see: npm run status`)
}

function severalOpen(open: readonly OpenDecision[]): OptionsError {
  const list = open.map(({ decision, question }) => `${decision.slice(-8)} (${safeText(question, 40)})`).join(', ')
  return new OptionsError([{ path: '--decision', got: 'nothing, and several are open', expected: `one of ${list}` }])
}

const refusal = (sentence: string): OperationError => new OperationError(sentence, 'did-not-happen')

/** Answers, and waits a moment for the decision if this was the last ballot it took. */
async function answerAs(
  { peer, decision, validatorCount }: Seat,
  choices: readonly string[]
): Promise<{ open: OpenDecision; closed: ClosedDecision | undefined }> {
  const client = await connectControl(peer.dataDirectory)
  try {
    const open = await client.call('vote', { decision, choices, seal: true })
    const until = performance.now() + (open.cast.length === validatorCount ? DECIDED_WITHIN_MS : 0)
    for (;;) {
      const closed = (await client.call('decisions', {})).closed.find((one) => one.decision === decision)
      if (closed !== undefined || performance.now() >= until) return { open, closed }
      await pause(LOOK_EVERY_MS)
    }
  } finally {
    client.close()
  }
}
