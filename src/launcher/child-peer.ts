/**
 * One peer as a child process of the launcher.
 *
 * Its output goes to a file in its own folder and never through a pipe: a pipe would break when the launcher dies, and
 * the peer with it. The only tie is a channel, for the few words in `orders.ts`; when that closes, the peer goes on.
 *
 * @packageDocumentation
 */

import { type ChildProcess, spawn } from 'node:child_process'
import { closeSync, openSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { OperationError } from '../core/errors.ts'
import type { PeerIdString } from '../core/ids.ts'
import { safeText } from '../core/text.ts'
import { type Channel, createChannel } from './channel.ts'
import type { LocalPeer } from './community.ts'

/** Where a peer's own output goes, in its data directory. */
export const OUTPUT_FILE = 'output.txt'

/** How long a peer may take until it listens. Unit: milliseconds. */
const LISTENING_WITHIN_MS = 30_000

/** Code points of a peer's last words that an error repeats. */
const LAST_WORDS_MAX = 600

/**
 * A peer's young objects are small and die soon. Half-spaces of 2 MiB in place of 16 save a fifth of a peer's memory, at no
 * measurable cost in time.
 */
const PEER_FLAGS = ['--max-semi-space-size=2'] as const

/** How to start one peer. */
export interface StartOptions {
  /** Multiaddrs of members to join through. */
  readonly join?: readonly string[]
  readonly listen?: readonly string[]
  /** `ask`, `random`, or an option's name. */
  readonly vote?: string
  readonly degree?: number
  readonly seed?: number
  /** When the launcher is gone: stop after this long without an open decision. Without it the peer stays. */
  readonly lingerMs?: number
  /** Variables added to the environment of its process. */
  readonly environment?: Readonly<Record<string, string>>
}

/** A peer that was started and listens. */
export interface ChildPeer {
  readonly peer: LocalPeer
  readonly pid: number
  readonly addresses: readonly string[]
  readonly running: boolean
  /** Resolves with what ended it: a signal's name, or an exit code in words. */
  readonly exited: Promise<string>
  /** Sends a signal to this very process. False if it has ended. */
  signal(signal: NodeJS.Signals): boolean
  /** Lets go of it: it runs on without us. */
  release(): void
}

/** A peer whose process exists, and that may listen one day. */
export interface StartingPeer {
  readonly peer: LocalPeer
  readonly running: boolean
  readonly exited: Promise<string>
  signal(signal: NodeJS.Signals): boolean
  /** Has it refuse exactly these members, at the latest as soon as it listens. See `Channel.refuse`. */
  refuse(peers: readonly PeerIdString[]): Promise<boolean>
  /** Rejects with `OperationError`, in words, if it cannot start. */
  readonly listening: Promise<ChildPeer>
}

/** Starts the process of one peer. */
export function startChild(entry: string, peer: LocalPeer, options: StartOptions): StartingPeer {
  const output = openSync(join(peer.dataDirectory, OUTPUT_FILE), 'a', 0o600)
  const child = spawn(process.execPath, [...PEER_FLAGS, entry, ...peerArguments(peer, options)], {
    // A session of its own: Ctrl-C in the terminal is the launcher's to handle, and a closed terminal is nobody's end.
    detached: true,
    env: { ...process.env, ...options.environment },
    stdio: ['ignore', output, output, 'ipc']
  })
  closeSync(output)
  const exited = new Promise<string>((resolve) => {
    child.once('exit', (code, signal) => resolve(signal ?? `exit code ${code}`))
    child.once('error', (error) => resolve(error.message))
  })
  const isRunning = (): boolean => child.pid !== undefined && child.exitCode === null && child.signalCode === null
  const signal = (name: NodeJS.Signals): boolean => isRunning() && child.kill(name)
  const channel = createChannel(child)
  const listening = untilListening(child, channel, peer, exited).then((addresses) => ({
    peer,
    pid: child.pid as number,
    addresses,
    get running() {
      return isRunning()
    },
    exited,
    signal,
    release() {
      channel.close()
      child.unref()
    }
  }))
  listening.catch(() => undefined)
  return {
    peer,
    get running() {
      return isRunning()
    },
    exited,
    signal,
    refuse: channel.refuse,
    listening
  }
}

/** The command line of one peer. Its data directory stands in it, so that its process can be recognised. */
export function peerArguments(peer: LocalPeer, options: StartOptions): string[] {
  const { join: through = [], listen = [], vote, degree, seed, lingerMs } = options
  return [
    '--data',
    peer.dataDirectory,
    ...listen.flatMap((address) => ['--listen', address]),
    ...through.flatMap((address) => ['--join', address]),
    ...(vote === undefined ? [] : ['--vote', vote]),
    ...(degree === undefined ? [] : ['--degree', String(degree)]),
    ...(seed === undefined ? [] : ['--seed', String(seed)]),
    ...(lingerMs === undefined ? [] : ['--linger', `${lingerMs}ms`])
  ]
}

function untilListening(
  child: ChildProcess,
  channel: Channel,
  peer: LocalPeer,
  exited: Promise<string>
): Promise<readonly string[]> {
  return new Promise((resolve, reject) => {
    const refuse = (why: string): void => {
      clearTimeout(timer)
      reject(new OperationError(`${peer.folder} did not start: ${why}`, 'did-not-happen'))
    }
    const timer = setTimeout(() => {
      child.kill('SIGKILL')
      refuse(`it was not listening after ${LISTENING_WITHIN_MS / 1000} s`)
    }, LISTENING_WITHIN_MS)
    channel.listen((message) => {
      clearTimeout(timer)
      if (message.type === 'listening') resolve(message.addresses)
      else refuse(message.message)
    })
    void exited.then((how) => refuse(`it ended (${how}). ${lastWords(peer)}`.trim()))
  })
}

function lastWords(peer: LocalPeer): string {
  try {
    const text = readFileSync(join(peer.dataDirectory, OUTPUT_FILE), 'utf8').trim()
    return safeText(text.slice(-LAST_WORDS_MAX), LAST_WORDS_MAX)
  } catch {
    return ''
  }
}
