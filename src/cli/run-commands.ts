/**
 * Runs one command line out of a list of commands, and turns each way of ending into an exit code.
 *
 * @packageDocumentation
 */

import { Command, CommanderError } from 'commander'
import { OperationError, OptionsError } from '../core/errors.ts'
import { safeText } from '../core/text.ts'
import { type CommandSpec, toCommander } from './command.ts'
import { EXIT, type Io } from './io.ts'
import { problemSentence } from './reader.ts'

/** Runs one command line, without the program's name. Answers the exit code; never throws. */
export async function runCommands(argv: readonly string[], io: Io, commands: readonly CommandSpec[]): Promise<number> {
  try {
    const run = parse(argv, io, commands)
    return await run()
  } catch (error) {
    return explain(error, io)
  }
}

/** Runs one command by itself, as `scripts/` do: `argv` without its name. */
export function runCommand(spec: CommandSpec, argv: readonly string[], io: Io): Promise<number> {
  return runCommands([spec.name, ...argv], io, [spec])
}

function parse(argv: readonly string[], io: Io, commands: readonly CommandSpec[]): () => Promise<number> {
  let chosen: (() => Promise<number>) | undefined
  const program = new Command('equipotent')
    .description('A real peer-to-peer network that makes decisions with nobody in charge.')
    .version(VERSION)
    .exitOverride()
    .configureOutput({ writeOut: (text) => io.out(text.trimEnd()), writeErr: (text) => io.err(text.trimEnd()) })
  for (const spec of commands) program.addCommand(toCommander(spec, io, argv, (run) => (chosen = run)))
  program.addHelpText('after', '\nStart here:\n  $ equipotent demo')
  if (argv.length === 0) program.outputHelp()
  else program.parse([...argv], { from: 'user' })
  return chosen ?? (async () => EXIT.done)
}

const VERSION = '0.1.0'

/** Says what went wrong, one clear sentence each, and answers the exit code. */
export function explain(error: unknown, io: Io): number {
  if (error instanceof CommanderError) return error.exitCode === 0 ? EXIT.done : EXIT.mistake
  if (error instanceof OptionsError) {
    for (const problem of error.problems) io.err(problemSentence(problem))
    return EXIT.mistake
  }
  const { name, message } = error as Error
  for (const line of message.split('\n')) io.err(safeText(line, 1_000))
  if (name === 'OptionsError') return EXIT.mistake
  if (error instanceof OperationError) return error.outcome === 'did-not-happen' ? EXIT.mistake : EXIT.saidNo
  if (name !== 'OperationError') io.err(`This should not have happened (${name}). The peer's own data is safe on disk.`)
  return EXIT.saidNo
}
