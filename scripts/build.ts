/**
 * Builds everything that runs without a TypeScript loader: `npm run build`.
 *
 * - `dist/peer.mjs`: a peer in one file. One file starts more than twice as fast as two hundred, which matters when a
 *   workshop starts sixteen of them.
 * - `dist/equipotent.js` and one program for each script that people run. They share code in chunks beside them, and
 *   load the heavy parts only when a command needs them.
 * - `dist/lib/`: the library with its types.
 *
 * Programs are written to a temporary directory and moved into place file by file, so a program that starts meanwhile
 * sees an old file or a new one, never half of one. `dist/built` is as old as the sources that were read.
 *
 * `--programs-only` leaves the library out.
 */

import { existsSync } from 'node:fs'
import { chmod, mkdir, mkdtemp, readdir, readFile, rename, rm, stat, utimes, writeFile } from 'node:fs/promises'
import { basename, join } from 'node:path'
import { type BuildOptions, build } from 'esbuild'
import { ROOT, run } from './lib/command.ts'

const DIST = join(ROOT, 'dist')

/** Scripts that people run as programs, each becoming `dist/NAME.js`. */
const SCRIPTS = ['launch', 'stop', 'kill', 'restart', 'propose', 'vote', 'status', 'bench', 'soak', 'fuzz']

/** No build takes this long. Unit: milliseconds. */
const BUILDING_MS_MAX = 60 * 60 * 1_000

/**
 * Packages inside a bundle may still call `require`, which an ES module does not have. The second name keeps clear of a
 * source that makes its own.
 */
const REQUIRE = `import { createRequire as createRequireOfBundle } from 'node:module'
const require = createRequireOfBundle(import.meta.url)`

const COMMON: BuildOptions = {
  absWorkingDir: ROOT,
  bundle: true,
  platform: 'node',
  target: 'node20',
  format: 'esm',
  charset: 'utf8',
  // Names stay as they are: a stack trace that a participant reads aloud should make sense.
  minifySyntax: true,
  minifyWhitespace: true,
  legalComments: 'none',
  // Its compiled part is found relative to its own package.
  external: ['classic-level'],
  banner: { js: REQUIRE },
  logLevel: 'warning'
}

const written = async (directory: string): Promise<readonly string[]> => (await readdir(directory)).sort()

/** Says what a part took: `peer.mjs  812 KiB  0.4 s`. */
async function report(what: string, files: readonly string[], startMs: number): Promise<void> {
  const sizes = await Promise.all(files.map(async (file) => (await stat(file)).size))
  const kibibytes = sizes.reduce((sum, size) => sum + size, 0) / 1024
  const seconds = (performance.now() - startMs) / 1000
  console.log(`${what.padEnd(34)} ${kibibytes.toFixed(0).padStart(6)} KiB  ${seconds.toFixed(1)} s`)
}

async function buildPeer(outdir: string): Promise<void> {
  const startMs = performance.now()
  const outfile = join(outdir, 'peer.mjs')
  await build({ ...COMMON, entryPoints: ['src/cli/peer-main.ts'], outfile })
  await report('dist/peer.mjs', [outfile], startMs)
}

async function buildPrograms(outdir: string): Promise<void> {
  const startMs = performance.now()
  const scripts = SCRIPTS.filter((name) => existsSync(join(ROOT, `scripts/${name}.ts`)))
  const entryPoints = {
    equipotent: 'src/cli/main.ts',
    ...Object.fromEntries(scripts.map((name) => [name, `scripts/${name}.ts`]))
  }
  const chunks = await mkdtemp(join(outdir, 'programs-'))
  await build({ ...COMMON, entryPoints, outdir: chunks, splitting: true, chunkNames: 'chunk-[name]-[hash]' })
  await report(
    `dist/{${Object.keys(entryPoints).join(',')}}.js`,
    (await written(chunks)).map((name) => join(chunks, name)),
    startMs
  )
  for (const name of await written(chunks)) await rename(join(chunks, name), join(outdir, name))
  await rm(chunks, { recursive: true })
  await makeExecutable(join(outdir, 'equipotent.js'))
}

async function makeExecutable(file: string): Promise<void> {
  const text = await readFile(file, 'utf8')
  if (!text.startsWith('#!')) await writeFile(file, `#!/usr/bin/env node\n${text}`)
  await chmod(file, 0o755)
}

async function buildLibrary(): Promise<void> {
  const startMs = performance.now()
  await rm(join(DIST, 'lib'), { recursive: true, force: true })
  const { code, output } = await run('node', [
    join(ROOT, 'node_modules/typescript/bin/tsc'),
    '-p',
    join(ROOT, 'scripts/config/tsconfig.build.json')
  ])
  if (code !== 0) throw new Error(`The library does not compile.\n${output}`)
  const files = await readdir(join(DIST, 'lib'), { recursive: true, withFileTypes: true })
  await report(
    'dist/lib/',
    files.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name)),
    startMs
  )
}

/** Moves the new programs into `dist/` and takes away those that are no longer made. */
async function install(from: string): Promise<void> {
  const names = await written(from)
  for (const name of names) await rename(join(from, name), join(DIST, name))
  const isProgram = (name: string): boolean => name.endsWith('.js') || name.endsWith('.mjs')
  const outdated = (await written(DIST)).filter((name) => isProgram(name) && !names.includes(name))
  for (const name of outdated) await rm(join(DIST, name))
}

/** Takes away what builds that were killed have left: of a process that is gone, or too old to be still under way. */
async function sweep(): Promise<void> {
  for (const name of (await written(DIST)).filter((name) => name.startsWith('building-'))) {
    const pid = /^building-(\d+)-/.exec(name)?.[1]
    const isOver = (pid !== undefined && !isAlive(Number(pid))) || (await ageMs(join(DIST, name))) > BUILDING_MS_MAX
    if (isOver) await rm(join(DIST, name), { recursive: true, force: true })
  }
}

function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0)
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM'
  }
}

/** Since it was last changed; 0 if another build has just taken it away. */
async function ageMs(path: string): Promise<number> {
  return stat(path).then(
    ({ mtimeMs }) => Date.now() - mtimeMs,
    () => 0
  )
}

async function main(): Promise<void> {
  const readAt = new Date()
  await mkdir(DIST, { recursive: true })
  await sweep()
  const temporary = await mkdtemp(join(DIST, `building-${process.pid}-`))
  try {
    await Promise.all([buildPeer(temporary), buildPrograms(temporary)])
    await install(temporary)
  } finally {
    await rm(temporary, { recursive: true, force: true })
  }
  await writeFile(join(DIST, 'built'), '')
  await utimes(join(DIST, 'built'), readAt, readAt)
  if (!process.argv.includes('--programs-only')) await buildLibrary()
}

main().catch((error: unknown) => {
  console.error(error instanceof Error ? error.message : error)
  console.error(`${basename(import.meta.filename)}: nothing was installed in dist/ by the part that failed.`)
  process.exitCode = 1
})
