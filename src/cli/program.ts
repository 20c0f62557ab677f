/**
 * `equipotent`: every command.
 *
 * @packageDocumentation
 */

import { charterCommand } from './charter.ts'
import type { CommandSpec } from './command.ts'
import { decisionsCommand } from './decisions.ts'
import { demoCommand } from './demo.ts'
import type { Io } from './io.ts'
import { peerCommand } from './peer.ts'
import { proposeCommand } from './propose.ts'
import { runCommands } from './run-commands.ts'
import { statusCommand } from './status.ts'
import { verdictCommand } from './verdict.ts'
import { verifyCommand } from './verify.ts'
import { voteCommand } from './vote.ts'
import { watchCommand } from './watch.ts'

/** Every command, in the order of help. */
export const COMMANDS: readonly CommandSpec[] = [
  demoCommand,
  peerCommand,
  proposeCommand,
  voteCommand,
  decisionsCommand,
  statusCommand,
  watchCommand,
  verifyCommand,
  verdictCommand,
  charterCommand
]

/** Runs one command line, without the program's name. Answers the exit code; never throws. */
export function runCli(argv: readonly string[], io: Io): Promise<number> {
  return runCommands(argv, io, COMMANDS)
}
