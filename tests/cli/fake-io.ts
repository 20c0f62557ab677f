/** A terminal that keeps what is written. */

import type { Io } from '../../src/cli/io.ts'

export interface FakeIo extends Io {
  readonly outLines: string[]
  readonly errLines: string[]
}

export function fakeIo(): FakeIo {
  const outLines: string[] = []
  const errLines: string[] = []
  return {
    outLines,
    errLines,
    out: (line) => void outLines.push(line),
    err: (line) => void errLines.push(line),
    interactive: false,
    width: 80,
    colour: false,
    program: 'equipotent',
    interrupted: new AbortController().signal
  }
}
