/**
 * Where a command writes and what it may know about the terminal. Tests hand in their own.
 *
 * @packageDocumentation
 */

import { programAsTyped } from './as-typed.ts'

/** A command's outside world. */
export interface Io {
  /** One line of what was asked for. With `--json`, one object. */
  out(line: string): void
  /** One line about what is going on: progress, notes, errors. */
  err(line: string): void
  /** True if people watch: standard output is a terminal. */
  readonly interactive: boolean
  /** Columns of the terminal. */
  readonly width: number
  readonly colour: boolean
  /** How a person types `equipotent` here; see `as-typed.ts`. */
  readonly program: string
  /** Aborts when the person wants out: SIGINT or SIGTERM. A second SIGINT ends the process at once. */
  readonly interrupted: AbortSignal
  /** Whoever started this process and left a channel open, e.g. the launcher. */
  readonly parent?: Parent
}

/** The process that started this one. */
export interface Parent {
  /** Says something, if it still listens. */
  tell(message: object): void
  /** Calls `listener` with everything it says, what it said before included. */
  onMessage(listener: (message: unknown) => void): void
  /** Calls `listener` once it is gone; at once if it is already. */
  onGone(listener: () => void): void
  /** Closes the channel, so that it keeps this process no longer. */
  leave(): void
}

/** What a command ends with; see `interface.md`, "exit codes". */
export const EXIT = { done: 0, saidNo: 1, mistake: 2, undecided: 3, interrupted: 130 } as const

/** Columns where the terminal does not say. */
const WIDTH_DEFAULT = 80

/** This process's own terminal. */
export function processIo(): Io {
  const interrupt = new AbortController()
  let count = 0
  process.on('SIGINT', () => {
    // The second time nobody wants to wait; 'exit' handlers still run, so nothing is left behind.
    if (++count > 1) process.exit(EXIT.interrupted)
    interrupt.abort()
  })
  process.on('SIGTERM', () => interrupt.abort())
  process.on('SIGHUP', () => interrupt.abort())
  // A reader that has seen enough (`| head`) is no reason to leave a demo's peers running.
  for (const stream of [process.stdout, process.stderr]) stream.on('error', () => undefined)
  return {
    out: (line) => void process.stdout.write(`${line}\n`),
    err: (line) => void process.stderr.write(`${line}\n`),
    interactive: process.stdout.isTTY === true,
    get width() {
      return process.stdout.columns ?? WIDTH_DEFAULT
    },
    colour: wantsColour(process.env, process.stdout.isTTY === true),
    program: programAsTyped(process.env, process.argv[1] ?? '', process.cwd()),
    interrupted: interrupt.signal,
    ...(process.send === undefined ? {} : { parent: processParent() })
  }
}

function processParent(): Parent {
  return {
    tell(message) {
      // A parent that has just died is no reason to die as well.
      if (process.connected) process.send?.(message, undefined, {}, () => undefined)
    },
    onMessage(listener) {
      process.on('message', listener)
    },
    onGone(listener) {
      if (process.connected) process.once('disconnect', listener)
      else listener()
    },
    leave() {
      if (process.connected) process.disconnect()
    }
  }
}

/** Whether to colour. `NO_COLOR` (no-color.org) always wins; then `FORCE_COLOR`; then whether it is a terminal. */
export function wantsColour(env: Readonly<Record<string, string | undefined>>, isTerminal: boolean): boolean {
  const { NO_COLOR: no, FORCE_COLOR: force, TERM: terminal } = env
  if (no !== undefined && no !== '') return false
  if (force !== undefined && force !== '') return force !== '0'
  return isTerminal && terminal !== 'dumb'
}
