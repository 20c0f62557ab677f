/**
 * Runs a program of `dist/`, building it first when a source is newer: `node scripts/run.js equipotent demo`.
 *
 * Every `npm run` command that starts peers goes through here, so a fresh clone works and nobody has to remember to
 * build. It is JavaScript, not TypeScript, because it must start at once: finding out that nothing changed takes a few
 * milliseconds, where a TypeScript loader takes most of a second. The program runs in this same process, so signals
 * and exit codes are its own. What the build says goes to standard error; standard output belongs to the program.
 *
 * Without a program it only brings `dist/` up to date.
 */

import { spawnSync } from 'node:child_process'
import { existsSync, readdirSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'

const root = fileURLToPath(new URL('..', import.meta.url))
const stamp = join(root, 'dist/built')

/** What the programs are made of. A directory's own time covers files that were removed. */
const SOURCES = ['src', 'scripts', 'package-lock.json']

/** The newest change at or under a path. Unit: milliseconds since the epoch. */
function newestMs(path) {
  const own = statSync(path)
  if (!own.isDirectory()) return own.mtimeMs
  const inside = readdirSync(path).map((name) => newestMs(join(path, name)))
  return Math.max(own.mtimeMs, ...inside)
}

const isStale = () =>
  !existsSync(stamp) || SOURCES.some((source) => newestMs(join(root, source)) > statSync(stamp).mtimeMs)

function build() {
  const loader = pathToFileURL(join(root, 'node_modules/tsx/dist/loader.mjs')).href
  const { status } = spawnSync(
    process.execPath,
    ['--import', loader, join(root, 'scripts/build.ts'), '--programs-only'],
    { cwd: root, stdio: ['ignore', 2, 2] }
  )
  if (status !== 0) process.exit(status ?? 1)
}

if (isStale()) build()

const [program, ...rest] = process.argv.slice(2)
if (program !== undefined) {
  const file = join(root, 'dist', `${program}.js`)
  if (!existsSync(file)) {
    process.stderr.write(`There is no program "${program}" in dist/. scripts/build.ts names those that are built.\n`)
    process.exit(2)
  }
  process.argv = [process.argv[0], file, ...rest]
  await import(pathToFileURL(file).href)
}
