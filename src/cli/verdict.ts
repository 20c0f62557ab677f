/**
 * `equipotent verdict`: were the promises kept? Read from what the peers left on disk.
 *
 * @packageDocumentation
 */

import { statSync } from 'node:fs'
import { resolve } from 'node:path'
import { BACKGROUND_DIRECTORY, localPeers } from '../launcher/community.ts'
import { type PeerEvidence, readEvidence } from '../observation/evidence-files.ts'
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
  const evidence = given.flatMap((directory) => {
    const found = evidenceIn(directory)
    if (found.length === 0) read.problem('[directory...]', directory, 'a directory where a peer has run')
    return found
  })
  read.finish()
  const verdict = judge(evidence, { verify })
  if (json) io.out(JSON.stringify(verdictEvent(verdict)))
  else for (const line of verdictLines(verdict, createPaint(io.colour))) io.out(line)
  return verdict.pass ? EXIT.done : EXIT.saidNo
}

/** What the peers in a community's directory left, or the one peer whose directory it is; nothing if no peer ever ran. */
function evidenceIn(directory: string): PeerEvidence[] {
  if (statSync(directory, { throwIfNoEntry: false })?.isDirectory() !== true) return []
  const peers = localPeers(directory).map((peer) => peer.dataDirectory)
  const evidence = (peers.length > 0 ? peers : [resolve(directory)]).map(readEvidence)
  return evidence.some(({ events, certificates }) => events.length + certificates.length > 0) ? evidence : []
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
