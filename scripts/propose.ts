/**
 * `npm run propose -- "Where do we meet?" lake,forest,city`: puts a question to the community.
 */

import { askCommand } from '../src/cli/background-vote.ts'
import { processIo } from '../src/cli/io.ts'
import { runCommand } from '../src/cli/run-commands.ts'

process.exitCode = await runCommand(askCommand, process.argv.slice(2), processIo())
