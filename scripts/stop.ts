/**
 * `npm run stop`: stops every peer in the background.
 */

import { stopCommand } from '../src/cli/background.ts'
import { processIo } from '../src/cli/io.ts'
import { runCommand } from '../src/cli/run-commands.ts'

process.exitCode = await runCommand(stopCommand, process.argv.slice(2), processIo())
