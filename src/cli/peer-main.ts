/**
 * One peer and nothing else, as the launcher starts it: `node dist/peer.mjs --data DIR`. The same as `equipotent peer`.
 *
 * @packageDocumentation
 */

import '../network/runtime.ts'
import { processIo } from './io.ts'
import { peerCommand } from './peer.ts'
import { runCommand } from './run-commands.ts'

/** How long whatever a library left open may keep a stopped peer's process. Unit: milliseconds. */
const LEAVE_WITHIN_MS = 1_000

process.exitCode = await runCommand(peerCommand, process.argv.slice(2), processIo())
setTimeout(() => process.exit(), LEAVE_WITHIN_MS).unref()
