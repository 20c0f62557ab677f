/**
 * The law of imports, as dependency-cruiser reads it.
 *
 * Every folder of `src/` has a number in `LAYERS`. A file imports only from folders with a lower number, or from its own
 * folder; two folders with the same number do not see each other. `PACKAGES` says which folder may import which
 * package, and a folder without an entry imports no package at all. Everything below the two tables is derived from them.
 *
 * Adding a folder to `src/` means adding a line here: a file in a folder without a number is itself a violation.
 */

/** Folder of `src/`: its number. */
const LAYERS = {
  core: 0,
  consensus: 1,
  decision: 2,
  wire: 3,
  network: 4,
  storage: 4,
  peer: 5,
  observation: 6,
  simulation: 7,
  scenario: 8,
  launcher: 8,
  web: 9,
  cli: 10
}

/** Folders that run anywhere, a page included: no `node:*`, so no clock, no disk and no socket. */
const PURE = ['core', 'consensus', 'decision', 'wire', 'simulation']

/** Folders that live on these packages only. A folder that is not named here answers to `OWNED` alone. */
const PACKAGES = {
  core: [],
  consensus: [],
  simulation: [],
  decision: ['@noble/hashes', 'multiformats', 'valibot'],
  wire: ['@noble/hashes', 'protons-runtime', 'uint8arraylist', 'uint8arrays', 'multiformats', 'valibot']
}

/** Packages with one owner: nobody else imports them, so replacing one is the work of one folder. */
const OWNED = {
  network: ['libp2p', '@libp2p', '@chainsafe', '@multiformats', 'it-[^/]+'],
  storage: ['datastore-[^/]+', 'classic-level', 'abstract-level', 'interface-datastore'],
  wire: ['protons-runtime']
}

/** Files of `src/consensus` that are vocabulary and not a protocol: everybody may use their values. */
const VOCABULARY = ['machine', 'step', 'trace', 'message', 'rules', 'bits', 'faults', 'index']

/** Who runs protocols. Everybody else may know their types. */
const HOSTS_OF_PROTOCOLS = ['consensus', 'decision', 'simulation']

const folders = Object.keys(LAYERS)
const oneOf = (names) => `(${names.join('|')})`
const inFolder = (names) => `^src/${oneOf(names)}/`
const packages = (names) => `(^|/)node_modules/${oneOf(names)}/|^${oneOf(names)}(/|$)`

/** What a folder may not see: every folder that is neither its own nor lower. */
const layerRules = folders.map((folder) => {
  const visible = folders.filter((other) => other === folder || LAYERS[other] < LAYERS[folder])
  return {
    name: `layer-${folder}`,
    comment: `${folder} is layer ${LAYERS[folder]}: it imports from its own folder and from lower numbers.`,
    severity: 'error',
    from: { path: inFolder([folder]) },
    to: { path: '^(src|tests|scripts|dist)/', pathNot: inFolder(visible) }
  }
})

const packageRules = Object.entries(PACKAGES).map(([folder, names]) => ({
  name: `packages-${folder}`,
  comment: `${folder} imports ${names.length === 0 ? 'no package' : `only ${names.join(', ')}`}.`,
  severity: 'error',
  from: { path: inFolder([folder]) },
  to: {
    dependencyTypesNot: ['core'],
    pathNot: names.length === 0 ? '^src/' : ['^src/', packages(names)]
  }
}))

const ownerRules = Object.entries(OWNED).map(([owner, names]) => ({
  name: `owner-${owner}`,
  comment: `Only ${owner} imports ${names.join(', ')}.`,
  severity: 'error',
  from: { path: '^src/', pathNot: inFolder([owner]) },
  to: { path: packages(names), pathNot: '^src/' }
}))

const otherRules = [
  {
    name: 'no-cycle',
    comment: 'Two files that need each other at run time are one file, or three. Types leave nothing behind and may.',
    severity: 'error',
    from: { path: '^src/' },
    to: { circular: true, viaOnly: { dependencyTypesNot: ['type-only'] } }
  },
  {
    name: 'pure-folder',
    comment: 'The pure folders run in a page and in the simulator as well: no node:* module.',
    severity: 'error',
    from: { path: inFolder(PURE) },
    to: { dependencyTypes: ['core'] }
  },
  {
    name: 'page-without-node',
    comment: 'The page runs in a browser.',
    severity: 'error',
    from: { path: '^src/web/page/' },
    to: { dependencyTypes: ['core'] }
  },
  {
    name: 'protocols-have-two-hosts',
    comment: 'Only consensus itself, decision and simulation run protocols. Types are for everybody.',
    severity: 'error',
    from: { path: '^src/', pathNot: [inFolder(HOSTS_OF_PROTOCOLS), '^src/index\\.ts$'] },
    to: {
      path: '^src/consensus/',
      pathNot: `^src/consensus/${oneOf(VOCABULARY)}\\.ts$`,
      dependencyTypesNot: ['type-only']
    }
  },
  {
    name: 'entrance-without-cli',
    comment: 'A program that uses the library does not get a command line with it.',
    severity: 'error',
    from: { path: '^src/index\\.ts$' },
    to: { path: '^src/cli/|^(tests|scripts|dist)/' }
  },
  {
    name: 'resolvable',
    comment: 'An import that leads nowhere.',
    severity: 'error',
    from: { path: '^src/' },
    to: { couldNotResolve: true }
  },
  {
    name: 'unknown-folder',
    comment: 'A folder of src/ without a number. Give it one in scripts/config/layers.cjs.',
    severity: 'error',
    module: { path: '^src/', pathNot: [inFolder(folders), '^src/index\\.ts$'], numberOfDependentsLessThan: 100 },
    from: {}
  }
]

module.exports = {
  forbidden: [...layerRules, ...packageRules, ...ownerRules, ...otherRules],
  options: {
    doNotFollow: { path: 'node_modules' },
    exclude: { path: '^(dist|coverage)/' },
    tsPreCompilationDeps: true,
    moduleSystems: ['es6', 'cjs'],
    enhancedResolveOptions: {
      exportsFields: ['exports'],
      conditionNames: ['types', 'import', 'node', 'default'],
      extensions: ['.ts', '.tsx', '.js', '.json', '.d.ts']
    }
  }
}
