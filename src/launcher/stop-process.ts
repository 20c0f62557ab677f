/**
 * Ends a peer's process: first by asking, then by a signal it can handle, then by one it cannot.
 *
 * @packageDocumentation
 */

import { connectControl } from '../peer/control-client.ts'
import { findPeerProcess, processExists } from './process-check.ts'

/** How a peer came to its end. */
export type Ending = 'not-running' | 'asked' | 'terminated' | 'killed'

/** How long each way of ending a peer may take before the next one. Unit: milliseconds. */
export const PATIENCE_MS = 5_000

/** How often a process that we did not start is looked at. Unit: milliseconds. */
const LOOK_EVERY_MS = 25

/** Stops the peer in `dataDirectory`, if there is one that is surely ours. */
export async function stopPeer(dataDirectory: string, patienceMs = PATIENCE_MS): Promise<Ending> {
  const found = await findPeerProcess(dataDirectory)
  if (found === undefined) return 'not-running'
  const { pid } = found
  if (await askToStop(dataDirectory)) {
    if (await isGone(pid, patienceMs)) return 'asked'
  }
  if (signalProcess(pid, 'SIGTERM') && (await isGone(pid, patienceMs))) return 'terminated'
  // A process that is paused handles no signal but this one.
  signalProcess(pid, 'SIGKILL')
  await isGone(pid, patienceMs)
  return 'killed'
}

/** Sends SIGKILL to the peer in `dataDirectory`. Answers its process id, or `undefined` if none is surely ours. */
export async function killPeer(dataDirectory: string): Promise<number | undefined> {
  const found = await findPeerProcess(dataDirectory)
  if (found === undefined || !signalProcess(found.pid, 'SIGKILL')) return undefined
  await isGone(found.pid, PATIENCE_MS)
  return found.pid
}

/** Asks the peer to stop, over its socket. False if it does not answer. */
export async function askToStop(dataDirectory: string): Promise<boolean> {
  try {
    const client = await connectControl(dataDirectory, { answerWithinMs: 1_000 })
    try {
      await client.call('stop', {})
      return true
    } finally {
      client.close()
    }
  } catch {
    return false
  }
}

/** Sends a signal; false if there is no such process any more. */
export function signalProcess(pid: number, signal: NodeJS.Signals): boolean {
  try {
    return process.kill(pid, signal)
  } catch {
    return false
  }
}

async function isGone(pid: number, withinMs: number): Promise<boolean> {
  const until = performance.now() + withinMs
  while (processExists(pid)) {
    if (performance.now() > until) return false
    await new Promise((resolve) => setTimeout(resolve, LOOK_EVERY_MS))
  }
  return true
}
