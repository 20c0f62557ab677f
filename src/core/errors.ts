/**
 * Four kinds of trouble, one rule each.
 *
 * | kind | whose doing | form | what the program does |
 * |---|---|---|---|
 * | `Fault` | a peer's | data in an `accuse` effect (`consensus/machine.ts`) | records it, shows it, goes on |
 * | `OperationError` | the world's | thrown, says whether it happened | the caller may retry, unless `unknown` |
 * | `OptionsError` | the caller's | thrown once, lists every problem | refuses, exit code 2 |
 * | `InvariantError` | ours | thrown | stops the node |
 *
 * Match errors by `name`, never by message: names survive duplicate copies of a package.
 *
 * @packageDocumentation
 */

/** One thing wrong with what a caller gave us. */
export interface Problem {
  /** Where: an option or a path into a document, e.g. `members.3.name`. */
  readonly path: string
  /** What was given, already safe to print. */
  readonly got: string
  /** What would have been right. */
  readonly expected: string
}

/** The caller's mistake. Lists every problem found, not only the first. */
export class OptionsError extends Error {
  override readonly name = 'OptionsError'
  readonly problems: readonly Problem[]
  constructor(problems: readonly Problem[]) {
    super(problems.map((problem) => `${problem.path}: expected ${problem.expected}, got ${problem.got}`).join('\n'))
    this.problems = problems
  }
}

/** The world's doing: a disk, a socket, a process. `outcome` says whether the operation may have taken effect. */
export class OperationError extends Error {
  override readonly name = 'OperationError'
  readonly outcome: 'did-not-happen' | 'unknown'
  constructor(message: string, outcome: 'did-not-happen' | 'unknown', cause?: unknown) {
    super(message, cause === undefined ? undefined : { cause })
    this.outcome = outcome
  }
}

/** Our own bug. Never caught to go on: the node stops with its store intact. */
export class InvariantError extends Error {
  override readonly name = 'InvariantError'
}

/** Keeps a promise the code makes to itself, in production too. */
export function invariant(condition: boolean, promise: string): asserts condition {
  if (!condition) throw new InvariantError(`broken promise: ${promise}`)
}
