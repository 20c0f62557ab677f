/**
 * The lockfile names versions and hashes and no hosts, so that it means the same behind every mirror, and it names every
 * optional package of every platform.
 *
 * The second needs help. Tools with a compiled part publish it as one optional package for each platform, and npm
 * writes only those into the lockfile that the registry at hand could show it. Behind a mirror that carries the
 * platforms of its owner, the others go missing, and `npm ci` then refuses the lockfile everywhere. Their versions
 * are pinned by the package that wants them and their platforms are in their names, so they can be added.
 */

import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { ROOT } from './command.ts'
import type { Findings } from './tree.ts'

interface LockedPackage {
  readonly version?: string
  readonly resolved?: string
  readonly link?: boolean
  readonly dev?: boolean
  readonly optionalDependencies?: Readonly<Record<string, string>>
}

interface Lockfile {
  readonly packages: Readonly<Record<string, LockedPackage>>
}

const LOCKFILE = join(ROOT, 'package-lock.json')

const readLockfile = async (): Promise<Lockfile> => JSON.parse(await readFile(LOCKFILE, 'utf8')) as Lockfile

/** An optional package that somebody wants and the lockfile lacks. */
interface Missing {
  readonly path: string
  readonly version: string
  readonly dev: boolean
}

function missingPackages({ packages }: Lockfile): readonly Missing[] {
  const missing = Object.entries(packages).flatMap(([wantedBy, { optionalDependencies = {}, dev = false }]) =>
    Object.entries(optionalDependencies)
      .filter(([name]) => !(`node_modules/${name}` in packages) && !(`${wantedBy}/node_modules/${name}` in packages))
      .map(([name, version]) => ({ path: `node_modules/${name}`, version, dev }))
  )
  return missing.sort((a, b) => (a.path < b.path ? -1 : 1))
}

/** The lockfile names no host and leaves out no platform. */
export async function checkLockfile(): Promise<Findings> {
  const lockfile = await readLockfile()
  const entries = Object.entries(lockfile.packages)
  const withHost = entries.filter(([, { resolved, link }]) => resolved !== undefined && link !== true)
  return {
    checked: `${entries.length} locked packages`,
    problems: [
      ...withHost.map(([path]) => `${path}: names the host it came from`),
      ...missingPackages(lockfile).map(({ path }) => `${path}: is not locked; run "npm run lockfile"`)
    ]
  }
}

const SYSTEMS = 'aix|android|darwin|freebsd|linux|netbsd|openbsd|openharmony|sunos|win32'
const PROCESSORS = 'arm64|arm|ia32|x64|ppc64|riscv64|s390x|loong64|mips64el|wasm32'
const PLATFORM = new RegExp(`(?:^|[-/])(${SYSTEMS})-(${PROCESSORS})(?:-(.*))?$`)

/** Which machines a package is for, as its name says. One without a platform in its name is for all of them. */
function platformOf(path: string): Readonly<Record<string, readonly string[]>> {
  const [, system, processor, variant = ''] = PLATFORM.exec(path) ?? []
  if (system === undefined || processor === undefined) return /wasm32/.test(path) ? { cpu: ['wasm32'] } : {}
  const libc = variant.startsWith('musl') ? ['musl'] : variant.startsWith('gnu') ? ['glibc'] : undefined
  return { cpu: [processor], ...(libc !== undefined && system === 'linux' ? { libc } : {}), os: [system] }
}

const inNpmOrder = (fields: object): object => Object.fromEntries(Object.entries(fields).sort())

/** Takes the hosts out of the lockfile and adds the platforms that are missing. Answers with what was added. */
export async function completeLockfile(): Promise<readonly string[]> {
  const lockfile = await readLockfile()
  const missing = missingPackages(lockfile)
  const added = missing.map(({ path, version, dev }) => [
    path,
    { version, ...inNpmOrder({ ...platformOf(path), ...(dev ? { dev } : {}), optional: true }) }
  ])
  const kept = Object.entries(lockfile.packages).map(([path, { resolved, ...rest }]) => [
    path,
    rest.link === true ? { resolved, ...rest } : rest
  ])
  const packages = Object.fromEntries([...kept, ...added].sort(([a], [b]) => (String(a) < String(b) ? -1 : 1)))
  await writeFile(LOCKFILE, `${JSON.stringify({ ...lockfile, packages }, null, 2)}\n`)
  return missing.map(({ path, version }) => `${path}@${version}`)
}
