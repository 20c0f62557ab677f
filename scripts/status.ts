/**
 * `npm run status`: shows every peer in the background, and what is open.
 */

import { overviewCommand } from '../src/cli/background.ts'
import { processIo } from '../src/cli/io.ts'
import { runCommand } from '../src/cli/run-commands.ts'

process.exitCode = await runCommand(overviewCommand, process.argv.slice(2), processIo())
