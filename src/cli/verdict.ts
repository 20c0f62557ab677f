/**
 * `equipotent verdict`: were the promises kept? Read from what the peers left on disk.
 *
 * @packageDocumentation
 */

import { existsSync } from 'node:fs'
import { resolve } from 'node:path'
import { BACKGROUND_DIRECTORY, localPeers } from '../launcher/community.ts'
import { readEvidence } from '../observation/evidence-files.ts'
import { INVARIANTS, judge, type Verdict } from '../observation/verdict.ts'
import { verify } from '../storage/keys.ts'
import type { CommandSpec, Given } from './command.ts'
import { EXIT } from './io.ts'
import { createPaint, type Paint } from './terminal-text.ts'

/** The command. */
export const verdictCommand: CommandSpec = {
  name: 'verdict',
  takes: '[directory...]',
  about: "Check the invariants from peers' journals and certificates on disk.",
  notes: [`Each directory is a peer's, or a community's folder of peers. Without any: ${BACKGROUND_DIRECTORY}.`],
  examples: ['equipotent verdict', 'equipotent verdict ./heron ./wren --json'],
  run: runVerdict
}

async function runVerdict({ words, read, io, json }: Given): Promise<number> {
  const given = words.length === 0 ? [BACKGROUND_DIRECTORY] : words
  for (const directory of given) if (!existsSync(directory)) read.problem('[directory...]', directory, 'a directory')
  read.finish()
  const peers = given.flatMap((directory) => localPeers(directory).map((peer) => peer.dataDirectory))
  const directories = peers.length > 0 ? peers : given.map((directory) => resolve(directory))
  const verdict = judge(directories.map(readEvidence), { verify })
  if (json) io.out(JSON.stringify(verdictEvent(verdict)))
  else for (const line of verdictLines(verdict, createPaint(io.colour))) io.out(line)
  return verdict.pass ? EXIT.done : EXIT.saidNo
}

const MARK = { pass: '✓', fail: '✗', 'not-judged': '–' } as const
const LOOK = { pass: 'good', fail: 'bad', 'not-judged': 'waiting' } as const

/** A verdict in words: each promise with what was checked, or the counter-examples. A brief one says why only of a no. */
export function verdictLines({ pass, findings }: Verdict, paint: Paint, isBrief = false): string[] {
  return [
    ...findings.flatMap(({ invariant, result, explanation }) => [
      `${paint[LOOK[result]](MARK[result])} ${paint.bold(invariant)}: ${INVARIANTS[invariant]}`,
      ...(isBrief && result === 'pass' ? [] : explanation.split('; ').map((line) => paint.dim(`  ${line}`)))
    ]),
    paint.bold(pass ? paint.good('Verdict: pass') : paint.bad('Verdict: FAIL'))
  ]
}

/** A verdict as a line of `--json`. */
export function verdictEvent({ pass, findings }: Verdict): object {
  return { type: 'verdict', verdict: pass ? 'pass' : 'fail', invariants: findings }
}
