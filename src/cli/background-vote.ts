/**
 * `npm run propose` and `npm run vote`: the short forms for a community in the background.
 *
 * With several peers on one machine, one person plays them all: each `npm run vote` answers for the next peer that has not
 * answered yet.
 *
 * @packageDocumentation
 */

import { OptionsError } from '../core/errors.ts'
import { safeText } from '../core/text.ts'
import { BACKGROUND_DIRECTORY, type LocalPeer } from '../launcher/community.ts'
import { runningPeers } from '../launcher/launcher.ts'
import { connectControl } from '../peer/control-client.ts'
import type { OpenDecision } from '../peer/control-protocol.ts'
import type { CommandSpec, Given } from './command.ts'
import { EXIT } from './io.ts'
import { callOf, withLocalPeer } from './local-peer.ts'
import { readProposalOptions } from './propose.ts'
import { numbersOf, quoted } from './reader.ts'

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

async function runAsk({ words, read, io, json }: Given): Promise<number> {
  const [question = '', list = ''] = words
  const terms = { deadlineMs: DEADLINE_MS, ...readProposalOptions(read) }
  read.finish()
  const options = list.split(',').map((option) => option.trim())
  return withLocalPeer(undefined, async ({ client, shown }) => {
    const { peer } = await client.call('status', {})
    const { decision } = await client.call('propose', { question, options, ...terms })
    if (json) io.out(JSON.stringify({ type: 'proposed', decision, through: peer }))
    else {
      io.out(`${callOf(peer)} (${shown}) asks: ${safeText(question)}  [${decision.slice(-8)}]`)
      io.out(`Next: npm run vote -- ${safeText(options[0] ?? '')}`)
    }
    return EXIT.done
  })
}

async function runAnswer({ words, read, io, json }: Given): Promise<number> {
  const peers = await runningPeers(BACKGROUND_DIRECTORY)
  const wanted = read.text('peer')
  const numbers = wanted === undefined ? peers.map(({ number }) => number) : numbersOf(wanted, 100)
  const candidates = peers.filter(({ number }) => numbers?.includes(number))
  if (peers.length === 0) read.problem(BACKGROUND_DIRECTORY, undefined, 'a running peer; first: npm run launch -- 5')
  else if (candidates.length === 0)
    read.problem('--peer', wanted, `one of ${peers.map(({ number }) => number).join(', ')}`)
  read.finish()
  const seat = await findSeat(candidates, read.text('decision'))
  const open = await answerAs(seat, words)
  if (json) io.out(JSON.stringify({ type: 'voted', peer: seat.peer.number, ...open }))
  else {
    io.out(`${seat.peer.folder} says ${quoted(open.mine.answer)} to ${quoted(open.question)}.`)
    const left = seat.validatorCount - open.cast.length
    io.out(
      left > 0
        ? `${left} ${left === 1 ? 'ballot' : 'ballots'} to go. Next: npm run vote -- CHOICE, or npm run status`
        : 'Everyone has answered. Next: npx equipotent decisions'
    )
  }
  return EXIT.done
}

/** A peer that has not answered, and the question. */
interface Seat {
  readonly peer: LocalPeer
  readonly decision: string
  readonly validatorCount: number
}

async function findSeat(peers: readonly LocalPeer[], wanted: string | undefined): Promise<Seat> {
  const openAnywhere = new Map<string, OpenDecision>()
  for (const peer of peers) {
    const { open, validatorCount } = await withLocalPeer(peer.dataDirectory, ({ client }) => client.call('status', {}))
    for (const one of open) openAnywhere.set(one.decision, one)
    const candidates = open.filter(({ decision }) => wanted === undefined || decision.endsWith(wanted))
    if (wanted === undefined && open.length > 1) throw severalOpen(open)
    const free = candidates.find(({ mine }) => mine.state !== 'cast')
    if (free !== undefined) return { peer, decision: free.decision, validatorCount }
  }
  const isNoneOpen = openAnywhere.size === 0
  const got = isNoneOpen ? 'none' : 'only questions that every running peer has answered'
  const expected = isNoneOpen
    ? 'an open question; first: npm run propose -- "Where?" lake,forest'
    : 'a peer without a ballot'
  throw new OptionsError([{ path: '--decision', got, expected }])
}

function severalOpen(open: readonly OpenDecision[]): OptionsError {
  const list = open.map(({ decision, question }) => `${decision.slice(-8)} (${safeText(question, 40)})`).join(', ')
  return new OptionsError([{ path: '--decision', got: 'nothing, and several are open', expected: `one of ${list}` }])
}

async function answerAs({ peer, decision }: Seat, choices: readonly string[]): Promise<OpenDecision> {
  const client = await connectControl(peer.dataDirectory)
  try {
    return await client.call('vote', { decision, choices, seal: true })
  } finally {
    client.close()
  }
}
