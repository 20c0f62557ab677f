/**
 * What a peer can be told when it starts, with the defaults, and every problem found in it.
 *
 * @packageDocumentation
 */

import { readFile } from 'node:fs/promises'
import type { TraceEvent } from '../consensus/trace.ts'
import { OptionsError, type Problem } from '../core/errors.ts'
import type { Verify } from '../core/keys.ts'
import type { Random } from '../core/random.ts'
import { safeText } from '../core/text.ts'
import { type CheckedCharter, checkCharter } from '../decision/charter.ts'
import { type Clock, systemClock } from './clock.ts'

/** How a peer answers by itself: an option by name, any option, or not at all: it asks its person. */
export type AutoVote = string

/** Options of `createPeer`. */
export interface PeerOptions {
  /** Where identity, store, journal and control socket live. Made if missing; one process at a time. */
  readonly dataDirectory: string
  /** The community's charter: as parsed JSON, or the path of its file. Default: `charter.json` in the data directory. */
  readonly charter?: unknown
  /** Multiaddrs to listen on. Default: a free port on 127.0.0.1. */
  readonly listen?: readonly string[]
  /** Multiaddrs of any members to join through. Default: none. */
  readonly join?: readonly string[]
  /**
   * How to answer proposals without a person: `ask` (wait for one), `random`, or an option's name (abstains where the
   * proposal does not have it). Default: `ask`.
   */
  readonly vote?: AutoVote
  /** Gossip mesh degree; 3 makes hops visible. Limit: 2 to 12. Default: chosen for the size of the community. */
  readonly degree?: number
  /** Source of jitter and of random votes. Default: `Math.random`. */
  readonly random?: Random
  /** Default: the process's own clock. */
  readonly clock?: Clock
  /** Called with every fact of this peer's journal, as it happens. */
  readonly onTrace?: (event: TraceEvent) => void
}

/** Options after `resolvePeerOptions`: complete and checked. */
export interface ResolvedPeerOptions {
  readonly dataDirectory: string
  readonly charter: CheckedCharter
  readonly listen: readonly string[]
  readonly join: readonly string[]
  readonly vote: AutoVote
  readonly degree: number | undefined
  readonly random: Random
  readonly clock: Clock
  readonly onTrace: (event: TraceEvent) => void
}

/** The defaults that do not depend on anything. */
export const PEER_DEFAULTS = {
  listen: ['/ip4/127.0.0.1/tcp/0'],
  join: [] as readonly string[],
  vote: 'ask'
} as const

/** Bytes of the largest charter file that is read. */
const CHARTER_SIZE_BYTES_MAX = 256 * 1024

/**
 * Completes and checks options.
 *
 * @throws OptionsError with every problem, if there is any.
 */
export async function resolvePeerOptions(options: PeerOptions, verify: Verify): Promise<ResolvedPeerOptions> {
  const problems: Problem[] = []
  const { degree, dataDirectory } = options
  if (degree !== undefined && (!Number.isInteger(degree) || degree < 2 || degree > 12)) {
    problems.push({ path: 'degree', got: String(degree), expected: 'a whole number from 2 to 12' })
  }
  if (typeof dataDirectory !== 'string' || dataDirectory === '') {
    problems.push({ path: 'dataDirectory', got: safeText(String(dataDirectory)), expected: 'a directory' })
  }
  const charter = await readCharterOption(options, verify).catch((error: unknown) => {
    if (!(error instanceof OptionsError)) throw error
    problems.push(...error.problems)
    return undefined
  })
  if (charter === undefined || problems.length > 0) throw new OptionsError(problems)
  return {
    dataDirectory,
    charter,
    listen: options.listen === undefined || options.listen.length === 0 ? PEER_DEFAULTS.listen : options.listen,
    join: options.join ?? PEER_DEFAULTS.join,
    vote: options.vote ?? PEER_DEFAULTS.vote,
    degree,
    random: options.random ?? Math.random,
    clock: options.clock ?? systemClock,
    onTrace: options.onTrace ?? (() => undefined)
  }
}

async function readCharterOption({ charter, dataDirectory }: PeerOptions, verify: Verify): Promise<CheckedCharter> {
  if (charter !== undefined && typeof charter !== 'string') return checkCharter(charter, verify)
  return checkCharter(await readJsonFile(charter ?? `${dataDirectory}/charter.json`, 'charter'), verify)
}

/** Parsed JSON of a file. Every way this can fail is one problem at `path`. */
async function readJsonFile(file: string, path: string): Promise<unknown> {
  const refuse = (got: string): OptionsError =>
    new OptionsError([{ path, got: `${safeText(file)}: ${got}`, expected: 'a charter file (JSON)' }])
  const text = await readFile(file).catch((error: NodeJS.ErrnoException) => {
    throw refuse(error.code === 'ENOENT' ? 'no such file' : `cannot be read (${error.code ?? 'unknown error'})`)
  })
  if (text.length > CHARTER_SIZE_BYTES_MAX) throw refuse(`${text.length} bytes, too large`)
  try {
    return JSON.parse(text.toString('utf8'))
  } catch {
    throw refuse('not JSON')
  }
}
