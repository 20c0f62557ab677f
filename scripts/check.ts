/**
 * Everything that must hold before a change is done: `npm run check`.
 *
 * The checks run one after the other, the cheap ones first. Each says what it looked at and how long that took. One that
 * fails does not stop the others, so one run shows everything there is to repair.
 *
 * `--quick` leaves out the build and the tests. `--without NAME` leaves out one; it may be given more than once.
 * Exit code 1 if any failed, 2 if the command was not understood.
 */

import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { ROOT, run } from './lib/command.ts'
import { checkLockfile } from './lib/lockfile.ts'
import { checkLinks, checkWords, type Findings } from './lib/tree.ts'
import { checkWireCode } from './lib/wire-code.ts'

interface Check {
  readonly name: string
  /** Takes long: left out by `--quick`. */
  readonly isSlow?: true
  readonly find: () => Promise<Findings>
}

const bin = (path: string): string => join(ROOT, 'node_modules', path)

/** A check that is somebody else's program: it fails when the program does, and what it said is the problem. */
const program =
  (path: string, args: readonly string[], checked: (output: string) => string) => async (): Promise<Findings> => {
    const { code, output } = await run(process.execPath, [bin(path), ...args])
    return { checked: checked(output), problems: code === 0 ? [] : [output.trim()] }
  }

const firstMatch = (pattern: RegExp, otherwise: string) => (output: string) => pattern.exec(output)?.[1] ?? otherwise

const STYLE = ['ci', '--colors=off', '--max-diagnostics=40', '--config-path=scripts/config/style.json', '.']
const LAYERS = ['--config', 'scripts/config/layers.cjs', '--output-type', 'err', 'src']

interface TestReport {
  readonly numPassedTests: number
  readonly numFailedTests: number
  readonly numPendingTests: number
}

async function runTests(suite: string): Promise<Findings> {
  const directory = await mkdtemp(join(tmpdir(), 'equipotent-check-'))
  const reportFile = join(directory, 'report.json')
  try {
    const { code, output } = await run(process.execPath, [
      ...[bin('vitest/vitest.mjs'), 'run', '--config', 'scripts/config/vitest.config.ts', '--project', suite],
      ...['--reporter=default', '--reporter=json', `--outputFile.json=${reportFile}`]
    ])
    const report = await readFile(reportFile, 'utf8').catch(() => undefined)
    if (report === undefined) return { checked: 'no test ran', problems: [output.trim()] }
    const { numPassedTests, numFailedTests, numPendingTests } = JSON.parse(report) as TestReport
    const checked = `${numPassedTests} passed, ${numFailedTests} failed, ${numPendingTests} left out`
    return { checked, problems: code === 0 ? [] : [output.trim()] }
  } finally {
    await rm(directory, { recursive: true, force: true })
  }
}

const CHECKS: readonly Check[] = [
  { name: 'style', find: program('@biomejs/biome/bin/biome', STYLE, firstMatch(/Checked (\d+ files)/, 'no file')) },
  { name: 'types', find: program('typescript/bin/tsc', ['-p', '.'], () => 'src, tests and scripts') },
  {
    name: 'layers',
    find: program(
      'dependency-cruiser/bin/dependency-cruise.mjs',
      LAYERS,
      firstMatch(/(\d+ modules, \d+ dependencies)/, 'src')
    )
  },
  { name: 'unused', find: program('knip/bin/knip.js', ['--no-progress'], () => 'files, exports and dependencies') },
  { name: 'wire', find: checkWireCode },
  { name: 'links', find: checkLinks },
  { name: 'words', find: checkWords },
  { name: 'lockfile', find: checkLockfile },
  {
    name: 'build',
    isSlow: true,
    find: program('tsx/dist/cli.mjs', ['scripts/build.ts'], () => 'programs and library')
  },
  { name: 'tests', isSlow: true, find: () => runTests('main') },
  { name: 'processes', isSlow: true, find: () => runTests('processes') },
  { name: 'hosts', isSlow: true, find: () => runTests('hosts') }
]

/** Runs one check and prints its line. A check that breaks down has failed. */
async function perform({ name, find }: Check): Promise<boolean> {
  const startMs = performance.now()
  const { checked, problems } = await find().catch((error: unknown) => ({
    checked: 'could not be carried out',
    problems: [error instanceof Error ? error.message : String(error)]
  }))
  const seconds = ((performance.now() - startMs) / 1000).toFixed(1)
  const passed = problems.length === 0
  console.log(`${passed ? 'ok  ' : 'FAIL'}  ${name.padEnd(10)} ${seconds.padStart(6)} s  ${checked}`)
  for (const problem of problems) console.log(problem.replace(/^/gm, '      '))
  return passed
}

/** The checks that the command line asks for, or a sentence about what is wrong with it. */
function chosen(): readonly Check[] | string {
  const options = { quick: { type: 'boolean' }, without: { type: 'string', multiple: true } } as const
  const { quick, without = [] } = parseArgs({ options }).values
  const unknown = without.find((name) => !CHECKS.some((check) => check.name === name))
  if (unknown !== undefined) return `There is no check "${unknown}": ${CHECKS.map(({ name }) => name).join(', ')}.`
  return CHECKS.filter(({ name, isSlow }) => !without.includes(name) && !(quick === true && isSlow === true))
}

async function main(): Promise<number> {
  const checks = chosen()
  if (typeof checks === 'string') {
    console.error(checks)
    return 2
  }
  const failed: string[] = []
  for (const check of checks) {
    if (!(await perform(check))) failed.push(check.name)
  }
  const leftOut = CHECKS.length - checks.length
  const rest = `${checks.length - failed.length} of ${checks.length} checks passed${leftOut > 0 ? `, ${leftOut} left out` : ''}`
  console.log(failed.length === 0 ? `\n${rest}` : `\n${rest}; failed: ${failed.join(', ')}`)
  return failed.length === 0 ? 0 : 1
}

process.exitCode = await main()
