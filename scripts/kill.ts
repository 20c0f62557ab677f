/**
 * `npm run kill -- 2`: kills one peer, as a power cut would.
 */

import { killCommand } from '../src/cli/background.ts'
import { processIo } from '../src/cli/io.ts'
import { runCommand } from '../src/cli/run-commands.ts'

process.exitCode = await runCommand(killCommand, process.argv.slice(2), processIo())
