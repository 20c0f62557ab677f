/**
 * Runs a command and keeps what it says, standard output and standard error in the order they came.
 */

import { spawn } from 'node:child_process'
import { join } from 'node:path'

/** The project's own directory. */
export const ROOT = join(import.meta.dirname, '../..')

/** How a command ended. */
export interface Ended {
  readonly code: number
  readonly output: string
}

/** Runs a command from the project's directory. A command that cannot be started has ended badly. */
export function run(command: string, args: readonly string[]): Promise<Ended> {
  return new Promise((resolve) => {
    const { FORCE_COLOR: _unwanted, ...environment } = process.env
    const child = spawn(command, args, { cwd: ROOT, env: { ...environment, NO_COLOR: '1' } })
    let output = ''
    const listen = (chunk: Buffer): void => {
      output += chunk.toString()
    }
    child.stdout.on('data', listen)
    child.stderr.on('data', listen)
    child.on('error', (error) => resolve({ code: 127, output: error.message }))
    child.on('close', (code) => resolve({ code: code ?? 1, output }))
  })
}
