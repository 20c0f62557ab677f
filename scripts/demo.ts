/**
 * `npm run demo`: real peers decide, and the founder is killed on the way.
 */

import { demoCommand } from '../src/cli/demo.ts'
import { processIo } from '../src/cli/io.ts'
import { runCommand } from '../src/cli/run-commands.ts'

process.exitCode = await runCommand(demoCommand, process.argv.slice(2), processIo())
