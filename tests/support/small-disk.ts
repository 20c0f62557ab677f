/** A disk of a few megabytes of memory, mounted for one test, that can be filled and freed. */

import { execFileSync } from 'node:child_process'
import { closeSync, mkdirSync, openSync, rmSync, unlinkSync, writeSync } from 'node:fs'
import { join } from 'node:path'
import { onTestFinished, type TestContext } from 'vitest'

/** Mounts a small disk at `directory`, or skips the test where that is not allowed. It is gone after the test. */
export function mountSmallDisk(ctx: TestContext, directory: string, sizeKiB: number): void {
  mkdirSync(directory, { recursive: true })
  try {
    execFileSync('mount', ['-t', 'tmpfs', '-o', `size=${sizeKiB}k`, 'equipotent-test', directory], { stdio: 'pipe' })
  } catch (error) {
    ctx.skip(`no small disk can be mounted here: ${(error as Error).message.split('\n')[0]}`)
  }
  onTestFinished(() => {
    execFileSync('umount', ['--lazy', directory])
    rmSync(directory, { recursive: true })
  })
}

const fillerIn = (directory: string): string => join(directory, 'filler')

/** Writes until nothing more fits. */
export function fill(directory: string): void {
  const file = openSync(fillerIn(directory), 'a')
  try {
    for (const chunk of [Buffer.alloc(65_536), Buffer.alloc(512), Buffer.alloc(1)]) writeUntilFull(file, chunk)
  } finally {
    closeSync(file)
  }
}

function writeUntilFull(file: number, chunk: Buffer): void {
  try {
    for (;;) writeSync(file, chunk)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOSPC') throw error
  }
}

/** Makes room again. */
export const free = (directory: string): void => unlinkSync(fillerIn(directory))
