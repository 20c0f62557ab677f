/**
 * The rules about imports are a program too, and a rule that never fires looks just like a tree without violations. So
 * every rule is shown a violation here: a small tree is written to a temporary directory, each file of it breaking one
 * rule, and cruised with the very rules that `npm run check` uses.
 */

import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { cruise, type ICruiseResult } from 'dependency-cruiser'
import extractOptions from 'dependency-cruiser/config-utl/extract-depcruise-options'
import { afterAll, describe, expect, it } from 'vitest'

/** Files of a small tree: path to text. */
type Tree = Readonly<Record<string, string>>

const PROJECT = join(import.meta.dirname, '../..')
const RULES = join(PROJECT, 'scripts/config/layers.cjs')

const temporaryDirectories: string[] = []
afterAll(() => {
  for (const directory of temporaryDirectories) rmSync(directory, { recursive: true, force: true })
})

const value = (path: string): string => `import { it } from '${path}'\nexport const mine = it\n`
const type = (path: string): string => `import type { It } from '${path}'\nexport type Mine = It\n`

/** Something to import in every folder, and packages to import. */
const GROUND: Tree = {
  ...Object.fromEntries(
    [
      'core/quorum',
      'consensus/machine',
      'consensus/coin',
      'decision/decision',
      'wire/codec',
      'network/host',
      'storage/store',
      'peer/peer',
      'observation/journal',
      'simulation/simulator',
      'scenario/scenario',
      'launcher/launcher',
      'web/server/server',
      'cli/main'
    ].map((name) => [`src/${name}.ts`, 'export const it = 1\nexport type It = number\n'])
  ),
  ...Object.fromEntries(
    [
      'libp2p',
      '@libp2p/crypto',
      '@noble/hashes',
      '@noble/curves',
      'datastore-level',
      'valibot',
      'protons-runtime'
    ].flatMap((name) => [
      [`node_modules/${name}/package.json`, JSON.stringify({ name, version: '1.0.0', main: 'index.js' })],
      [`node_modules/${name}/index.js`, 'exports.it = 1\n']
    ])
  )
}

function writeTree(tree: Tree): string {
  const root = mkdtempSync(join(tmpdir(), 'equipotent-layers-'))
  temporaryDirectories.push(root)
  for (const [path, text] of Object.entries({ ...GROUND, ...tree })) {
    const file = join(root, path)
    mkdirSync(dirname(file), { recursive: true })
    writeFileSync(file, text)
  }
  return root
}

/** What the rules say about a tree: `file: rule` for each violation, sorted, each once. */
async function violations(tree: Tree): Promise<readonly string[]> {
  const options = await extractOptions(RULES)
  const { output } = await cruise(['src'], { ...options, baseDir: writeTree(tree) })
  const { summary } = output as ICruiseResult
  return [...new Set(summary.violations.map(({ from, rule }) => `${from}: ${rule.name}`))].sort()
}

/** A planted file, and the rule it breaks. */
const PLANTED: readonly (readonly [file: string, rule: string, text: string])[] = [
  ['src/core/a.ts', 'layer-core', value('../consensus/machine.ts')],
  ['src/core/b.ts', 'layer-core', type('../peer/peer.ts')],
  ['src/consensus/a.ts', 'layer-consensus', type('../decision/decision.ts')],
  ['src/decision/a.ts', 'layer-decision', value('../wire/codec.ts')],
  ['src/wire/a.ts', 'layer-wire', value('../network/host.ts')],
  ['src/network/a.ts', 'layer-network', value('../storage/store.ts')],
  ['src/network/b.ts', 'layer-network', value('../peer/peer.ts')],
  ['src/storage/a.ts', 'layer-storage', type('../network/host.ts')],
  ['src/peer/a.ts', 'layer-peer', value('../observation/journal.ts')],
  ['src/observation/a.ts', 'layer-observation', value('../simulation/simulator.ts')],
  ['src/simulation/a.ts', 'layer-simulation', value('../scenario/scenario.ts')],
  ['src/scenario/a.ts', 'layer-scenario', value('../launcher/launcher.ts')],
  ['src/launcher/a.ts', 'layer-launcher', value('../scenario/scenario.ts')],
  ['src/web/a.ts', 'layer-web', value('../cli/main.ts')],
  ['src/cli/a.ts', 'layer-cli', "import '../../tests/helper.ts'\n"],
  ['src/index.ts', 'entrance-without-cli', value('./cli/main.ts')],
  ['src/core/c.ts', 'packages-core', value('@noble/hashes')],
  ['src/consensus/b.ts', 'packages-consensus', value('valibot')],
  ['src/decision/b.ts', 'packages-decision', value('@noble/curves')],
  ['src/wire/b.ts', 'packages-wire', value('@noble/curves')],
  ['src/simulation/b.ts', 'packages-simulation', value('valibot')],
  ['src/peer/b.ts', 'owner-network', value('libp2p')],
  ['src/cli/b.ts', 'owner-network', type('@libp2p/crypto')],
  ['src/peer/c.ts', 'owner-storage', value('datastore-level')],
  ['src/network/c.ts', 'owner-wire', value('protons-runtime')],
  ['src/core/d.ts', 'pure-folder', "import 'node:fs'\n"],
  ['src/consensus/c.ts', 'pure-folder', "import 'node:crypto'\n"],
  ['src/decision/c.ts', 'pure-folder', "import 'node:crypto'\n"],
  ['src/wire/c.ts', 'pure-folder', "import 'node:buffer'\n"],
  ['src/simulation/c.ts', 'pure-folder', "import 'node:fs'\n"],
  ['src/web/page/a.ts', 'page-without-node', "import 'node:fs'\n"],
  ['src/peer/d.ts', 'protocols-have-two-hosts', value('../consensus/coin.ts')],
  ['src/peer/e.ts', 'no-cycle', "import { it } from './f.ts'\nexport const e = () => it\n"],
  ['src/peer/g.ts', 'resolvable', value('./nowhere.ts')],
  ['src/committee/a.ts', 'unknown-folder', value('../core/quorum.ts')],
  ['src/committee/b.ts', 'unknown-folder', 'export const alone = 1\n']
]

const ALLOWED: Tree = {
  'src/consensus/a.ts': value('../core/quorum.ts'),
  'src/decision/a.ts': value('../consensus/coin.ts') + value('@noble/hashes').replaceAll('mine', 'hash'),
  'src/wire/a.ts': value('protons-runtime'),
  'src/network/a.ts': value('libp2p'),
  'src/storage/a.ts': value('datastore-level'),
  'src/peer/a.ts': `${type('../consensus/coin.ts')}import '../network/host.ts'\nimport '../storage/store.ts'\nimport 'node:net'\n`,
  'src/peer/b.ts': value('../consensus/machine.ts'),
  'src/peer/c.ts': type('./d.ts'),
  'src/peer/d.ts': "import { mine } from './e.ts'\nexport type It = typeof mine\n",
  'src/peer/e.ts': "import type { Mine } from './c.ts'\nexport const mine = 1 as unknown as Mine\n",
  'src/simulation/a.ts': value('../consensus/coin.ts'),
  'src/cli/a.ts': value('../web/server/server.ts'),
  'src/index.ts': value('./peer/peer.ts')
}

describe('layers', async () => {
  const { forbidden } = await extractOptions(RULES).then((options) => options.ruleSet ?? {})
  const found = await violations({
    ...Object.fromEntries(PLANTED.map(([file, , text]) => [file, text])),
    'src/peer/f.ts': "import { e } from './e.ts'\nexport const it = () => e\n",
    'tests/helper.ts': 'export {}\n'
  })

  it.each(PLANTED)('%s is refused by %s', (file, rule) => {
    expect(found).toContain(`${file}: ${rule}`)
  })

  it('every rule has been seen to fire', () => {
    const fired = new Set(found.map((line) => line.split(': ')[1]))
    expect(forbidden?.map(({ name }) => name).filter((name) => !fired.has(name))).toEqual([])
  })

  it('a tree that keeps to the rules passes', async () => {
    expect(await violations(ALLOWED)).toEqual([])
  })

  it('every folder of src has a number', () => {
    const names = readdirSync(join(PROJECT, 'src'), { withFileTypes: true }).filter((entry) => entry.isDirectory())
    const numbered = forbidden?.flatMap(({ name }) => name?.match(/^layer-(.*)$/)?.[1] ?? [])
    expect(numbered).toEqual(expect.arrayContaining(names.map(({ name }) => name)))
  })
})
