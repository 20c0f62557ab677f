/**
 * What a demo ends with: figures, the verdict, and what to try next.
 *
 * @packageDocumentation
 */

import { safeText } from '../core/text.ts'
import type { Resources } from '../launcher/resources.ts'
import type { PeerEvidence } from '../observation/evidence-files.ts'
import type { Verdict } from '../observation/verdict.ts'
import { durationInWords } from './duration.ts'

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

/** The figures in words. */
export function summaryLines(summary: DemoSummary, signersInWords: string): string[] {
  const { result, identical, decidedPeers, alive, peers, launchMs, decisionMs } = summary
  const { messagesPerPeer, bytesPerPeer, cpuMsPerPeer, rssMiBPerPeer } = summary
  if (decidedPeers === 0) return ['Nothing was decided.']
  return [
    `Decided: ${safeText(result)}`,
    `${signersInWords}, authored by nobody`,
    `${identical ? 'The same outcome' : 'DIFFERENT OUTCOMES'} at ${decidedPeers} of the ${alive} peers still running (${peers} started)`,
    `One network after ${durationInWords(launchMs)}; certified everywhere ${durationInWords(decisionMs)} after the question`,
    `A peer said ${messagesPerPeer} messages (${(bytesPerPeer / 1000).toFixed(1)} kB), used ${durationInWords(cpuMsPerPeer)} of processor and ${rssMiBPerPeer} MiB of memory`
  ]
}

/** What to try next. */
export function nextSteps(peers: number, certificate: string | undefined): string[] {
  return [
    'Try next:',
    ...(certificate === undefined
      ? ['  npm run demo -- --keep                  keep the files, then check a certificate with "verify"']
      : [`  npx equipotent verify ${safeText(certificate, 400)}`]),
    `  npm run demo -- --peers ${peers === 10 ? 16 : 10} --kill 1,2,3      more of them fail`,
    '  npm run demo -- --kill random --seed 2  somebody else',
    '  npm run demo -- --pace 1s               slow enough to talk about',
    '  npm run launch -- 5                     peers that stay, to vote with'
  ]
}

const sum = (numbers: readonly number[]): number => numbers.reduce((total, number) => total + number, 0)

const average = (total: number, count: number): number => (count === 0 ? 0 : Math.round((total / count) * 10) / 10)
