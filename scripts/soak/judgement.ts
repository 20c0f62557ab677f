/**
 * What a soak found: the promises that every verdict judges, and those that only somebody who has watched can.
 *
 * Journals and stores are read when every process has ended, and compared with what was counted while they ran.
 */

import type { TraceEvent, TraceFact } from '../../src/consensus/trace.ts'
import { short } from '../../src/core/ids.ts'
import { safeText } from '../../src/core/text.ts'
import { verifyCertificate } from '../../src/decision/certificate.ts'
import { type PeerEvidence, readEvidence } from '../../src/observation/evidence-files.ts'
import { INVARIANTS, judge } from '../../src/observation/verdict.ts'
import { answer, plural } from '../../src/observation/verdict-answer.ts'
import { verify } from '../../src/storage/keys.ts'
import { storedCertificates } from '../lib/stored-certificates.ts'
import type { Statements } from './statements.ts'

/** What was found about one promise. */
export interface Finding {
  readonly name: string
  readonly promise: string
  readonly result: 'pass' | 'fail' | 'not-judged'
  readonly explanation: string
}

/** What was seen while the peers ran. */
export interface Witness {
  readonly directories: readonly string[]
  readonly folders: readonly string[]
  readonly statements: Statements
  /** Decisions that their proposers said they had proposed. */
  readonly answered: ReadonlySet<string>
  /** In words, each heal after which something stayed open. */
  readonly unfinished: readonly string[]
  readonly healCount: number
  /** In words, each process that ended by itself. */
  readonly unexpected: readonly string[]
}

/** A soak's findings, and how many decisions there were. */
export interface Judgement {
  readonly findings: readonly Finding[]
  readonly decisionCount: number
}

/** Facts that a verdict looks at. The others are many, and a soak's journals are long. */
const TELLING: ReadonlySet<string> = new Set<TraceFact['type']>([
  'peer-started',
  'proposal',
  'ballot',
  'decided',
  'certified',
  'accused',
  'fault-injected'
])

/** Facts of a peer that says by itself that it votes no more. */
const isObserving = (event: TraceEvent): boolean =>
  (event.type as string) === 'standing' && (event as { readonly standing?: string }).standing === 'observing'

/** Judges what the peers left on disk, and what was seen before. */
export async function judgeSoak(witness: Witness): Promise<Judgement> {
  const { directories, folders, answered } = witness
  const observing: string[] = []
  const peers = directories.map((directory) => {
    const evidence = readEvidence(directory)
    if (evidence.events.some(isObserving)) observing.push(`${evidence.label} stopped voting`)
    return { ...evidence, events: evidence.events.filter(({ type }) => TELLING.has(type)) }
  })
  const stored = await Promise.all(directories.map(storedCertificates))
  const known = decisionsOf(peers, stored, answered)
  const begun = peers.map((peer) => ({
    ...peer,
    events: peer.events.filter((event) => event.type !== 'proposal' || known.has(event.decision))
  }))
  const findings = judge(begun, { verify, alive: folders }).findings.map(({ invariant, result, explanation }) => ({
    name: invariant,
    promise: INVARIANTS[invariant],
    result,
    explanation
  }))
  return {
    decisionCount: known.size,
    findings: [...findings, ...watchedFindings({ witness, peers, stored, known, observing })]
  }
}

/** What the findings about stores and processes are made from. */
interface Watched {
  readonly witness: Witness
  readonly peers: readonly PeerEvidence[]
  readonly stored: readonly ReadonlyMap<string, string>[]
  readonly known: ReadonlySet<string>
  readonly observing: readonly string[]
}

function watchedFindings({ witness, peers, stored, known, observing }: Watched): Finding[] {
  const { statements, answered, unfinished, healCount, unexpected } = witness
  const stores = `${plural(statements.storeCount, 'store')} of killed peers`
  const decisions = `${plural(known.size, 'decision')}, ${answered.size} of them answered for, in ${plural(peers.length, 'store')}`
  return [
    finding(
      'one-voice',
      'no member signed two values where it may sign one, in any store that was read',
      statements.contradictions,
      `${plural(statements.statementCount, 'word')} in ${stores}`,
      statements.statementCount
    ),
    finding(
      'sound-stores',
      'no store of a killed peer holds a record that is not as it was written',
      statements.damages,
      stores,
      statements.storeCount
    ),
    finding(
      'nothing-lost',
      'every decision that any peer has heard of is certified in every store, with one outcome',
      lost(known, stored, peers),
      decisions,
      known.size
    ),
    finding('nobody-accused', 'no peer accuses any other, with proof or without', accusations(peers), 'every journal'),
    finding('everyone-votes', 'no peer believes that it has lost what it said', observing, 'every journal'),
    finding(
      'recovery',
      'after each heal, every open decision was finished at every peer',
      unfinished,
      plural(healCount, 'heal'),
      healCount
    ),
    finding('own-end', 'no process ended that nobody had ended', unexpected, 'every process')
  ]
}

function finding(
  name: string,
  promise: string,
  examples: readonly string[],
  checked: string,
  examinedCount = 1
): Finding {
  return { name, promise, ...answer(examples, checked, examinedCount) }
}

/**
 * Every decision that was begun: on some disk, answered for, or heard of by anybody but its proposer. A proposer that is killed
 * before its proposal is on disk may have told its journal of it; nobody can know of that one, and it is no decision.
 */
function decisionsOf(
  peers: readonly PeerEvidence[],
  stored: readonly ReadonlyMap<string, string>[],
  answered: ReadonlySet<string>
): ReadonlySet<string> {
  const named = peers.flatMap(({ events }) =>
    events.flatMap((event) => {
      if (!('decision' in event)) return []
      return event.type === 'proposal' && event.by === event.peer ? [] : [event.decision]
    })
  )
  return new Set([...named, ...stored.flatMap((certificates) => [...certificates.keys()]), ...answered])
}

/** Stores without a certificate, or with another than the peer's file, which the verdict has verified. */
function lost(
  known: ReadonlySet<string>,
  stored: readonly ReadonlyMap<string, string>[],
  peers: readonly PeerEvidence[]
): string[] {
  return peers.flatMap((peer, index) => {
    const files = new Map(peer.certificates.map(({ decision, text }) => [decision, text]))
    return [...known].flatMap((decision) => {
      const text = stored[index]?.get(decision)
      if (text === undefined) return [`the store of ${peer.label} has no certificate of ${short(decision)}`]
      return isSameOutcome(text, files.get(decision))
        ? []
        : [`${peer.label}: store and file differ about ${short(decision)}`]
    })
  })
}

function isSameOutcome(text: string, fileText: string | undefined): boolean {
  if (text === fileText) return true
  const [stored, filed] = [verifyCertificate(text, verify), verifyCertificate(fileText ?? '', verify)]
  return stored.ok && filed.ok && stored.outcomeHash === filed.outcomeHash
}

function accusations(peers: readonly PeerEvidence[]): string[] {
  return peers.flatMap((peer) =>
    peer.events.flatMap((event) =>
      event.type === 'accused' ? [`${peer.label} accuses …${event.accused}: ${safeText(event.explanation, 200)}`] : []
    )
  )
}
