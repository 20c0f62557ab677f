/**
 * `equipotent peer`: one peer in this process, until it is stopped.
 *
 * @packageDocumentation
 */

import { resolve } from 'node:path'
import type { TraceEvent } from '../consensus/trace.ts'
import { seededRandom } from '../core/random.ts'
import { safeText } from '../core/text.ts'
import { type LaunchMessage, readLaunchOrder } from '../launcher/orders.ts'
import type { Peer, PeerOptions } from '../peer/peer.ts'
import type { CommandSpec, Given } from './command.ts'
import { UNITS_MS } from './duration.ts'
import { EXIT, type Io } from './io.ts'
import { createNarrator } from './narrate.ts'
import type { Reader } from './reader.ts'

/** How often a lingering peer looks whether anything is open. Unit: milliseconds. */
const LOOK_EVERY_MS = 250

/** Messages that are no order and that are told of; the rest is ignored in silence. */
const IGNORED_TOLD_MAX = 10

/** The command. */
export const peerCommand: CommandSpec = {
  name: 'peer',
  about: 'Run one peer, until Ctrl-C.',
  options: [
    { flags: '--data <directory>', about: 'its identity, store, journal and socket' },
    { flags: '--charter <file>', about: "the community's charter", fallback: 'charter.json in its directory' },
    { flags: '--name <name>', about: 'without a charter: found a community of one under this name' },
    { flags: '--listen <multiaddr>', about: 'where to listen', fallback: '/ip4/127.0.0.1/tcp/0', repeatable: true },
    { flags: '--join <multiaddr>', about: 'any member to join through', repeatable: true },
    { flags: '--vote <answer>', about: 'an option, random, or ask its person', fallback: 'ask' },
    { flags: '--degree <number>', about: 'links of the gossip mesh; 3 makes hops visible' },
    { flags: '--seed <number>', about: 'repeats random votes and jitter' },
    { flags: '--linger <time>', about: 'when whoever started it is gone: stop after this long with nothing open' }
  ],
  examples: [
    'equipotent peer --data ./heron --name heron',
    'equipotent peer --data ./heron --charter ./charter.json --listen /ip4/0.0.0.0/tcp/4001',
    'equipotent peer --data ./wren --join /ip4/192.0.2.7/tcp/4001/p2p/12D3KooW… --vote random'
  ],
  run: runPeer
}

interface PeerCommandOptions {
  readonly peer: PeerOptions
  /** Found a community of one under this name first. */
  readonly foundAs: string | undefined
  readonly lingerMs: number | undefined
}

async function runPeer(given: Given): Promise<number> {
  try {
    const options = await readOptions(given)
    if (options.foundAs !== undefined) await foundAlone(options.peer.dataDirectory, options.foundAs)
    const { createPeer } = await import('../peer/peer.ts')
    const peer = await createPeer({ ...options.peer, onTrace: showTo(given) })
    return await stayUntilStopped(peer, options, given.io)
  } catch (error) {
    tellLauncher(given.io, { type: 'failed', message: safeText((error as Error).message, 1_000) })
    throw error
  } finally {
    given.io.parent?.leave()
  }
}

async function readOptions({ read }: Given): Promise<PeerCommandOptions> {
  const data = read.text('data')
  if (data === undefined) read.problem('--data', undefined, "a directory for this peer's identity and store")
  const degree = read.wholeNumber('degree', { min: 2, max: 12 })
  const seed = read.wholeNumber('seed', { min: 0, max: Number.MAX_SAFE_INTEGER })
  const lingerMs = read.durationMs('linger', { minMs: 0, maxMs: UNITS_MS.d })
  await checkAddresses(read)
  const [charter, vote] = [read.text('charter'), read.text('vote')]
  read.finish()
  return {
    peer: {
      dataDirectory: resolve(data ?? ''),
      listen: read.texts('listen'),
      join: read.texts('join'),
      ...(charter === undefined ? {} : { charter }),
      ...(vote === undefined ? {} : { vote }),
      ...(degree === undefined ? {} : { degree }),
      ...(seed === undefined ? {} : { random: seededRandom(seed) })
    },
    foundAs: charter === undefined ? read.text('name') : undefined,
    lingerMs
  }
}

async function checkAddresses(read: Reader): Promise<void> {
  const { parseAddress } = await import('../network/addresses.ts')
  for (const name of ['listen', 'join']) {
    for (const text of read.texts(name)) {
      if (parseAddress(text) === undefined)
        read.problem(`--${name}`, text, 'an address such as /ip4/127.0.0.1/tcp/4001')
    }
  }
}

/** Makes the charter of a community of one, unless there is a charter already. */
async function foundAlone(dataDirectory: string, name: string): Promise<void> {
  const { foundMember } = await import('./charter-files.ts')
  await foundMember(dataDirectory, name)
}

async function stayUntilStopped(peer: Peer, { lingerMs }: PeerCommandOptions, io: Io): Promise<number> {
  const stop = (reason: string): void => void peer.stop(reason)
  if (io.interrupted.aborted) stop('interrupted')
  io.interrupted.addEventListener('abort', () => stop('interrupted'), { once: true })
  if (lingerMs !== undefined) lingerOnceAlone(peer, lingerMs, io)
  obeyLauncher(peer, io)
  tellLauncher(io, { type: 'listening', addresses: peer.addresses() })
  await peer.stopped
  return EXIT.done
}

/** Once the launcher is gone, stays while a decision is open and `lingerMs` longer, then stops. */
function lingerOnceAlone(peer: Peer, lingerMs: number, { parent }: Io): void {
  parent?.onGone(() => {
    let idleSince = performance.now()
    const timer = setInterval(() => {
      if (peer.openCount > 0) idleSince = performance.now()
      if (performance.now() - idleSince >= lingerMs) void peer.stop('the launcher is gone and nothing is open')
    }, LOOK_EVERY_MS)
    void peer.stopped.catch(() => undefined).then(() => clearInterval(timer))
  })
}

/** Carries out partitions. A launcher that is gone must not leave one behind for ever. */
function obeyLauncher(peer: Peer, io: Io): void {
  let ignoredCount = 0
  io.parent?.onMessage((message) => {
    const order = readLaunchOrder(message)
    if (order === undefined) {
      if (++ignoredCount <= IGNORED_TOLD_MAX) io.err('A message from whoever started this peer is no order: ignored.')
      return
    }
    if (order.type === 'cut') peer.cut(order.peers)
    else peer.heal()
    tellLauncher(io, { type: 'done', order: order.order })
  })
  io.parent?.onGone(() => peer.heal())
}

function tellLauncher(io: Io, message: LaunchMessage): void {
  io.parent?.tell(message)
}

function showTo({ io, json }: Given): (event: TraceEvent) => void {
  const narrate = createNarrator()
  return (event) => {
    const line = json ? JSON.stringify(event) : narrate(event, (short) => `…${short}`)
    if (line !== undefined) io.out(line)
  }
}
