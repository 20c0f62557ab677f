/** Several processes share the inputs of each reader, so that every core has work. */

import { type ChildProcess, fork } from 'node:child_process'
import type { TargetResult } from './run-target.ts'

/** What a process tells the one that started it. */
export type CrewMessage =
  | { readonly type: 'at'; readonly target: string; readonly index: number }
  | { readonly type: 'done'; readonly target: string; readonly result: TargetResult }
  | {
      readonly type: 'failed'
      readonly target: string
      readonly index: number
      readonly hex: string
      readonly explanation: string
    }

/** How the work ended: `undefined` if every promise was kept. */
export type CrewFailure = Omit<Extract<CrewMessage, { readonly type: 'failed' }>, 'type'>

/** How long a process may be silent before it is taken to hang. Unit: milliseconds. */
const SILENCE_MS_MAX = 60_000

/** What the crew is to do. */
export interface CrewOptions {
  readonly size: number
  readonly args: readonly string[]
  /** All parts of a target are done. */
  readonly onTarget: (target: string, results: readonly TargetResult[]) => void
}

/** Runs the crew to its end, or to the first broken promise. */
export async function runCrew({ size, args, onTarget }: CrewOptions): Promise<CrewFailure | undefined> {
  const children: ChildProcess[] = []
  const results = new Map<string, TargetResult[]>()
  const done = (target: string, result: TargetResult): void => {
    const all = [...(results.get(target) ?? []), result]
    results.set(target, all)
    if (all.length === size) onTarget(target, all)
  }
  try {
    return await new Promise((resolve) => {
      let endedCount = 0
      for (let first = 0; first < size; first++) {
        const child = startChild([...args, '--first', String(first), '--step', String(size)], done, (failure) => {
          endedCount++
          if (failure !== undefined || endedCount === size) resolve(failure)
        })
        children.push(child)
      }
    })
  } finally {
    for (const child of children) child.kill('SIGKILL')
  }
}

function startChild(
  args: readonly string[],
  onDone: (target: string, result: TargetResult) => void,
  onEnd: (failure?: CrewFailure) => void
): ChildProcess {
  const child = fork(process.argv[1] as string, args, { execArgv: ['--expose-gc'] })
  let last = { target: 'nothing yet', index: 0 }
  const lost = (explanation: string): void => onEnd({ ...last, hex: '', explanation })
  let timer: NodeJS.Timeout | undefined
  const heard = (): void => {
    clearTimeout(timer)
    timer = setTimeout(
      () => lost(`nothing was heard for ${SILENCE_MS_MAX / 1000} s from this input on`),
      SILENCE_MS_MAX
    )
  }
  heard()
  child.on('message', (message: CrewMessage) => {
    heard()
    if (message.type === 'done') onDone(message.target, message.result)
    else if (message.type === 'failed') onEnd(message)
    else last = message
  })
  child.once('exit', (code, signal) => {
    clearTimeout(timer)
    if (code === 0) onEnd()
    else lost(`the process ended with ${signal ?? code} somewhere after this input`)
  })
  return child
}
