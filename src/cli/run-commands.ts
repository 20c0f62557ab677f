/**
 * Runs one command line out of a list of commands, and turns each way of ending into an exit code.
 *
 * @packageDocumentation
 */

import { Command, CommanderError } from 'commander'
import { OperationError, OptionsError } from '../core/errors.ts'
import { safeText } from '../core/text.ts'
import { asTyped } from './as-typed.ts'
import { type CommandSpec, toCommander } from './command.ts'
import { EXIT, type Io } from './io.ts'
import { problemSentence } from './reader.ts'

/** Runs one command line, without the program's name. Answers the exit code; never throws. */
export async function runCommands(
  argv: readonly string[],
  io: Io,
  commands: readonly CommandSpec[],
  isScript = false
): Promise<number> {
  try {
    const run = parse(argv, io, commands, isScript)
    return await run()
  } catch (error) {
    return explain(error, io)
  }
}

/** Runs one command by itself, as `scripts/` do: `argv` without its name. */
export function runCommand(spec: CommandSpec, argv: readonly string[], io: Io): Promise<number> {
  return runCommands([spec.name, ...argv], io, [spec], true)
}

function parse(
  argv: readonly string[],
  io: Io,
  commands: readonly CommandSpec[],
  isScript: boolean
): () => Promise<number> {
  let chosen: (() => Promise<number>) | undefined
  const onRun = (run: () => Promise<number>): void => {
    chosen = run
  }
  const program = new Command(isScript ? 'npm run' : io.program)
    .description('A real peer-to-peer network that makes decisions with nobody in charge.')
    .version(VERSION)
    .exitOverride()
    .configureOutput({ writeOut: (text) => io.out(text.trimEnd()), writeErr: (text) => io.err(text.trimEnd()) })
  for (const spec of commands) program.addCommand(toCommander(spec, { io, argv, isScript, onRun }))
  program.addHelpText('after', `\nStart here:\n  $ ${asTyped('equipotent demo', io.program)}`)
  if (argv.length === 0) program.outputHelp()
  else program.parse([...argv], { from: 'user' })
  return chosen ?? (async () => EXIT.done)
}

const VERSION = '0.1.0'

/** What the system means, where it is about a file that the caller named. */
const FILE_TROUBLE: Readonly<Record<string, string>> = {
  ENOENT: 'there is no such file or directory',
  ENOTDIR: 'a file is where a directory should be',
  EEXIST: 'a file is where a directory should be',
  EISDIR: 'it is a directory and not a file',
  EACCES: 'it may not be read or written by this user',
  EPERM: 'it may not be read or written by this user',
  EROFS: 'it cannot be written, because its disk is read-only',
  ENAMETOOLONG: 'its name is too long'
}

/** A file's trouble as one sentence, or `undefined` if the error is about something else. */
function fileTrouble({ code = '', path }: NodeJS.ErrnoException): string | undefined {
  const why = FILE_TROUBLE[code]
  return why === undefined || path === undefined ? undefined : `${safeText(path)}: ${why}.`
}

/** A command at the end of a sentence, which a full stop would spoil for whoever copies it. */
const ENDS_WITH_COMMAND = /: (npm|npx|node|equipotent) [^;]*$/

/** A message from elsewhere as a person reads it: items counted from 1, and a full stop unless a command ends it. */
function asSentence(message: string): string {
  const counted = message.replace(/^(choice|option)s\.(\d+)\b/, (_, what, index) => `${what} ${Number(index) + 1}`)
  return /[.!?]$/.test(counted) || ENDS_WITH_COMMAND.test(counted) ? counted : `${counted}.`
}

/** Says what went wrong, one clear sentence each, and answers the exit code. */
export function explain(error: unknown, io: Io): number {
  if (error instanceof CommanderError) return error.exitCode === 0 ? EXIT.done : EXIT.mistake
  if (error instanceof OptionsError) {
    for (const problem of error.problems) io.err(problemSentence(problem))
    return EXIT.mistake
  }
  const trouble = fileTrouble(error as NodeJS.ErrnoException)
  if (trouble !== undefined) {
    io.err(trouble)
    return EXIT.mistake
  }
  const { name, message } = error as Error
  for (const line of message.split('\n')) io.err(safeText(asSentence(line), 1_000))
  if (name === 'OptionsError') return EXIT.mistake
  if (error instanceof OperationError) return error.outcome === 'did-not-happen' ? EXIT.mistake : EXIT.saidNo
  if (name !== 'OperationError') io.err(`This should not have happened (${name}). The peer's own data is safe on disk.`)
  return EXIT.saidNo
}
