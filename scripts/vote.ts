/**
 * `npm run vote -- lake`: answers for the next peer that has not answered yet.
 */

import { answerCommand } from '../src/cli/background-vote.ts'
import { processIo } from '../src/cli/io.ts'
import { runCommand } from '../src/cli/run-commands.ts'

process.exitCode = await runCommand(answerCommand, process.argv.slice(2), processIo())
