/**
 * Is a peer running in this folder, and may it be sent a signal?
 *
 * A `pid` file may be left over from a peer that was killed, and its number may belong to somebody else's process by now.
 * So a number is believed only if the peer answers on its own socket with that number, or, for one that hangs, if the
 * process's command line names the folder. Otherwise no signal is sent: better a peer left running than a stranger killed.
 *
 * @packageDocumentation
 */

import { execFile } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { basename, join } from 'node:path'
import { promisify } from 'node:util'
import { connectControl } from '../peer/control-client.ts'

/** The file in which a running peer says its process id. */
export const PID_FILE = 'pid'

/** How long a peer may take to answer before its command line is looked at instead. */
const ANSWER_WITHIN_MS = 1_000

/** A peer's process, and how we know that it is one. */
export interface PeerProcess {
  readonly pid: number
  readonly knownBy: 'its answer' | 'its command line'
}

/** Where the looking is done; tests replace it. */
export interface ProcessProbe {
  /** The number in the folder's pid file. */
  readPid(dataDirectory: string): number | undefined
  /** The process id that the peer itself answers with. */
  askPid(dataDirectory: string): Promise<number | undefined>
  /** The command line of a process, or `undefined` if there is no such process. */
  commandLine(pid: number): Promise<string | undefined>
}

/** The peer that runs in `dataDirectory`, or `undefined` if none does, or if there is doubt. */
export async function findPeerProcess(
  dataDirectory: string,
  probe: ProcessProbe = systemProbe
): Promise<PeerProcess | undefined> {
  const answered = await probe.askPid(dataDirectory)
  if (answered !== undefined) return { pid: answered, knownBy: 'its answer' }
  const written = probe.readPid(dataDirectory)
  if (written === undefined) return undefined
  const command = await probe.commandLine(written)
  return command !== undefined && names(command, dataDirectory)
    ? { pid: written, knownBy: 'its command line' }
    : undefined
}

/** True if a process with this number exists, whoever's it is. One that has ended and waits to be noticed does not. */
export function processExists(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return !isZombie(pid)
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM'
  }
}

/** In a container nobody may ever reap the dead. Systems without `/proc` do it at once. */
function isZombie(pid: number): boolean {
  try {
    return / Z /.test(readFileSync(`/proc/${pid}/stat`, 'utf8').replace(/^.*\)/, ''))
  } catch {
    return false
  }
}

/** A process id as it stands in a file: a whole number above 1, because 0 and below mean groups, and 1 is the system. */
export function parsePid(text: string): number | undefined {
  const trimmed = text.trim()
  const pid = Number(trimmed)
  return /^\d{1,10}$/.test(trimmed) && pid > 1 ? pid : undefined
}

/** True if the words of a command line include the folder itself; `peer-1` does not name `peer-10`. */
function names(command: string, dataDirectory: string): boolean {
  const at = command.indexOf(dataDirectory)
  if (at < 0 || basename(dataDirectory) === '') return false
  const next = command[at + dataDirectory.length]
  return next === undefined || next === ' ' || next === '/'
}

const run = promisify(execFile)

/** Looks at the real system. */
export const systemProbe: ProcessProbe = {
  readPid(dataDirectory) {
    try {
      return parsePid(readFileSync(join(dataDirectory, PID_FILE), 'utf8'))
    } catch {
      return undefined
    }
  },
  async askPid(dataDirectory) {
    try {
      const client = await connectControl(dataDirectory, { answerWithinMs: ANSWER_WITHIN_MS })
      try {
        const { pid } = await client.call('status', {})
        return parsePid(String(pid))
      } finally {
        client.close()
      }
    } catch {
      return undefined
    }
  },
  async commandLine(pid) {
    try {
      const { stdout } = await run('ps', ['-o', 'command=', '-ww', '-p', String(pid)])
      return stdout.trim()
    } catch {
      return undefined
    }
  }
}
