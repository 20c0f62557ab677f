/**
 * Brings `dist/` up to date before tests start real peers from it.
 */

import { execFileSync } from 'node:child_process'
import { join } from 'node:path'

export default function buildBeforeTests(): void {
  execFileSync(process.execPath, [join(import.meta.dirname, '../run.js')], { stdio: 'inherit' })
}
