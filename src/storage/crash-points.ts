/**
 * Places where a test can end this process: around everything that is put on disk or sent.
 *
 * A peer may be killed at any instant and must keep its promises. The instants that matter lie just before and just after
 * each write and each send, and waiting for chance to hit them takes long. So they have names, and the environment variable
 * `EQUIPOTENT_CRASH_AT=store-after-batch:3`, read once when the process starts, makes the process kill itself the third
 * time it comes by there. Without the variable a crash point costs one comparison.
 *
 * @packageDocumentation
 */

/** Every crash point, with what is true when the process ends there. */
export const CRASH_POINTS = {
  'identity-before-write': 'There is no identity yet, and no part of one.',
  'identity-before-link': 'The identity is on disk under a temporary name only.',
  'identity-after-link': 'The identity has its own name, and the temporary one as well.',
  'store-before-batch': 'A batch was formed, and nothing of it is on disk.',
  'store-after-batch': 'A batch is on disk, and nobody was told.',
  'store-after-mark': 'A batch is on disk and marked as acknowledged, and whoever waits for it is about to go on.',
  'closing-before-batch': 'A decision is certified, and its records still stand in the store.',
  'closing-after-batch': 'A decision’s certificate has taken the place of its records, and nobody was told.',
  'certificate-before-rename': 'A certificate’s file is written under a temporary name only.',
  'certificate-after-rename': 'A certificate’s file has its own name.',
  'journal-before-write': 'Lines of the journal wait in memory.',
  'journal-after-write': 'Lines of the journal were handed to the system.',
  'before-send': 'A message is on disk as said, and was not sent.',
  'after-send': 'A message was handed to the network, and its sending was not yet told.',
  'before-proposal': 'A proposal of this peer is on disk, and was not sent.',
  'after-proposal': 'A proposal of this peer was handed to the network.'
} as const

/** The name of a crash point. */
export type CrashPoint = keyof typeof CRASH_POINTS

/** The environment variable that arms one. */
export const CRASH_VARIABLE = 'EQUIPOTENT_CRASH_AT'

/** Where to end, and at which visit. */
export interface Crash {
  readonly at: CrashPoint
  readonly hit: number
}

/** Reads `name` or `name:N`. A text in the place of an answer says what is wrong with the request. */
export function readCrash(request: string): Crash | string {
  const [, name, hit = '1'] = /^([a-z-]+)(?::([1-9]\d{0,8}))?$/.exec(request) ?? []
  if (name !== undefined && isCrashPoint(name)) return { at: name, hit: Number(hit) }
  const names = Object.keys(CRASH_POINTS).join(', ')
  return `${CRASH_VARIABLE}: expected name or name:N, where name is one of ${names}; got ${JSON.stringify(request)}`
}

const isCrashPoint = (name: string): name is CrashPoint => Object.hasOwn(CRASH_POINTS, name)

/** Exit code of a process that was started wrongly. */
const EXIT_CODE_OPTIONS = 2

const armed = readEnvironment()
let hitCount = 0

/** Ends this process, at once and untidily, if it was started to end here. */
export function crashPoint(name: CrashPoint): void {
  if (name !== armed?.at) return
  hitCount += 1
  if (hitCount < armed.hit) return
  process.kill(process.pid, 'SIGKILL')
  // Nothing more may run, even if the signal takes a moment.
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0)
}

function readEnvironment(): Crash | undefined {
  const request = process.env[CRASH_VARIABLE]
  if (request === undefined || request === '') return undefined
  const crash = readCrash(request)
  if (typeof crash !== 'string') return crash
  process.stderr.write(`${crash}\n`)
  process.exit(EXIT_CODE_OPTIONS)
}
