/**
 * What a demo ends with: figures, the verdict, and what to try next.
 *
 * @packageDocumentation
 */

import { maxFaulty } from '../core/quorum.ts'
import { safeText } from '../core/text.ts'
import type { Resources } from '../launcher/resources.ts'
import type { PeerEvidence } from '../observation/evidence-files.ts'
import type { Verdict } from '../observation/verdict.ts'
import { asTyped, hasScripts, shellWord } from './as-typed.ts'
import { durationInWords } from './duration.ts'
import { signedInWords } from './screen.ts'
import type { Paint } from './terminal-text.ts'

/** The figures of a demo: its last line in `--json`. Programs rely on the names. */
export interface DemoSummary {
  readonly type: 'summary'
  readonly decision: string
  readonly result: string
  readonly peers: number
  readonly alive: number
  readonly decidedPeers: number
  /** True if all outcomes on disk are the same one, and there is one. */
  readonly identical: boolean
  /** From the first process to one network that survives any loss. */
  readonly launchMs: number
  /** From the question to the last survivor's certificate. */
  readonly decisionMs: number
  /** Messages about the decision that a surviving peer said, on average. */
  readonly messagesPerPeer: number
  readonly bytesPerPeer: number
  readonly cpuMsPerPeer: number
  readonly rssMiBPerPeer: number
  readonly verdict: 'pass' | 'fail'
}

/** What the figures are made from. */
export interface DemoFacts {
  readonly decision: string
  /** What everyone left on disk. */
  readonly evidence: readonly PeerEvidence[]
  /** Folder names of the peers that were alive to the end. */
  readonly alive: readonly string[]
  readonly launchMs: number
  readonly decisionMs: number
  readonly resources: readonly Resources[]
  readonly verdict: Verdict
}

/** The figures. Everything about the decision is read from what is on disk. */
export function summarise(facts: DemoFacts): DemoSummary {
  const { decision, evidence, alive, resources, verdict } = facts
  const survivors = evidence.filter(({ folder }) => alive.includes(folder))
  const outcomes = survivors.flatMap(({ events }) => {
    const decided = events.find((event) => event.type === 'decided' && event.decision === decision)
    return decided?.type === 'decided' ? [decided] : []
  })
  const sent = survivors.flatMap(({ events }) =>
    events.filter((event) => event.type === 'message' && event.direction === 'sent' && event.decision === decision)
  )
  const sentBytes = sent.reduce((sum, event) => sum + (event.type === 'message' ? event.bytes : 0), 0)
  return {
    type: 'summary',
    decision,
    result: outcomes[0]?.result ?? '',
    peers: evidence.length,
    alive: survivors.length,
    decidedPeers: survivors.filter(({ certificates }) => certificates.some((one) => one.decision === decision)).length,
    identical: new Set(outcomes.map(({ outcome }) => outcome)).size === 1,
    launchMs: Math.round(facts.launchMs),
    decisionMs: Math.round(facts.decisionMs),
    messagesPerPeer: average(sent.length, survivors.length),
    bytesPerPeer: Math.round(average(sentBytes, survivors.length)),
    cpuMsPerPeer: Math.round(average(sum(resources.map(({ cpuMs }) => cpuMs)), resources.length)),
    rssMiBPerPeer: Math.round(average(sum(resources.map(({ rssMiB }) => rssMiB)), resources.length)),
    verdict: verdict.pass ? 'pass' : 'fail'
  }
}

/** What the words need beyond the figures. */
export interface Retold {
  /** Validators whose signature the certificate carries. */
  readonly signers: number
  readonly afterBallotsMs: number
  readonly paint: Paint
}

/** The figures in words. */
export function summaryLines(summary: DemoSummary, { signers, afterBallotsMs, paint }: Retold): string[] {
  const { result, identical, decidedPeers, alive, peers, launchMs } = summary
  const { messagesPerPeer, bytesPerPeer, cpuMsPerPeer, rssMiBPerPeer } = summary
  if (decidedPeers === 0) return ['Nothing was decided.']
  const same = identical ? 'The same outcome' : paint.bad('DIFFERENT OUTCOMES')
  return [
    paint.bold(`Decided: ${safeText(result)}`),
    `${same} at ${decidedPeers} of the ${alive} peers still running (${peers} started)`,
    capitalised(`${signedInWords(signers, peers)}, authored by nobody`),
    `One network after ${durationInWords(launchMs)}; certified everywhere ${durationInWords(afterBallotsMs)} after the last ballot`,
    `On average a peer said ${messagesPerPeer} messages (${(bytesPerPeer / 1000).toFixed(1)} kB), used ` +
      `${durationInWords(cpuMsPerPeer)} of processor and ${rssMiBPerPeer} MiB of memory`
  ]
}

/** Why there is no decision, and whom it would take. */
export function undecidedSentence(lost: readonly string[], peers: number, timeLimitMs: number): string {
  const f = maxFaulty(peers)
  if (lost.length === peers) return 'No decision: every peer is gone.'
  if (lost.length <= f) return `No decision within ${durationInWords(timeLimitMs)}.`
  const can = f === 0 ? 'none' : `only ${f}`
  return `No decision within ${durationInWords(timeLimitMs)}: ${lost.join(', ')} are gone, and ${peers} peers can lose ${can}.`
}

/** What to try next: commands that work as they are printed, each with what it shows. */
export function nextSteps(peers: number, certificate: string | undefined, program: string): string[] {
  const demo = (rest: string): string => asTyped(`equipotent demo ${rest}`, program)
  const steps: readonly (readonly [string, string])[] = [
    ...(certificate === undefined
      ? [[demo('--keep'), 'keeps the files, to check a certificate'] as const]
      : [[asTyped(`equipotent verify ${shellWord(certificate)}`, program), 'checks it as a stranger would'] as const]),
    [demo(`--peers ${peers === 10 ? 16 : 10} --kill 1,2,3`), 'more of them fail'],
    [demo('--peers 4 --kill 1,2 --time-limit 15'), 'too many fail: no decision'],
    [demo('--pace 2s'), 'slow enough to talk about'],
    ...(hasScripts(program) ? [['npm run launch -- 5', 'peers that stay, to vote with'] as const] : [])
  ]
  // A long path would push every explanation off the screen.
  const columns = Math.max(
    ...steps.map(([command]) => command.length).filter((length) => length <= COMMAND_COLUMNS_MAX)
  )
  return ['Try next:', ...steps.map(([command, why]) => `  ${command.padEnd(columns)}   ${why}`)]
}

/** Columns of the longest command that explanations line up with. */
const COMMAND_COLUMNS_MAX = 56

const capitalised = (text: string): string => text.charAt(0).toUpperCase() + text.slice(1)

const sum = (numbers: readonly number[]): number => numbers.reduce((total, number) => total + number, 0)

const average = (total: number, count: number): number => (count === 0 ? 0 : Math.round((total / count) * 10) / 10)
