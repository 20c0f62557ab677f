/**
 * `npm run restart -- 2`: starts one peer again from its disk.
 */

import { restartCommand } from '../src/cli/background.ts'
import { processIo } from '../src/cli/io.ts'
import { runCommand } from '../src/cli/run-commands.ts'

process.exitCode = await runCommand(restartCommand, process.argv.slice(2), processIo())
