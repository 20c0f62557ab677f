/**
 * `npm run launch -- 5`: starts peers in the background, and leaves them alone.
 */

import { launchCommand } from '../src/cli/background.ts'
import { processIo } from '../src/cli/io.ts'
import { runCommand } from '../src/cli/run-commands.ts'

process.exitCode = await runCommand(launchCommand, process.argv.slice(2), processIo())
