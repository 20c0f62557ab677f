/**
 * Did the community keep its promises? Each invariant: pass, or a counter-example in words.
 *
 * A verdict believes nobody. It looks only at what the peers left on disk, compares every peer's account with every
 * other's, and verifies each certificate offline as a stranger would. It judges safety from whatever there is; liveness
 * only for the peers that the caller says were alive to the end, because a journal cannot tell a peer that was killed
 * from one whose machine lost power.
 *
 * @packageDocumentation
 */

import type { TraceEvent, TraceFact } from '../consensus/trace.ts'
import { canonicalJson } from '../core/canonical.ts'
import { short as shortened } from '../core/ids.ts'
import type { Verify } from '../core/keys.ts'
import { enoughToProceed } from '../core/quorum.ts'
import { safeText } from '../core/text.ts'
import { type CertificateVerdict, verifyCertificate } from '../decision/certificate.ts'
import type { PeerEvidence } from './evidence-files.ts'
import { type Answer, answer, contradictions, plural } from './verdict-answer.ts'

/** What is promised, in the order it is shown. */
export const INVARIANTS = {
  integrity: 'each peer has at most one outcome, and cast at most one ballot, for each decision',
  agreement: 'every outcome of a decision is the same, byte for byte, at every peer',
  validity: 'every ballot counted is the one its peer cast, and at least n - f are counted',
  certificate: 'every certificate verifies offline, recount included',
  'no-false-accusation': 'no peer that followed the protocol was proven to have broken it',
  termination: 'every peer that was alive at the end holds the certificate of every decision'
} as const

/** The name of a promise. */
export type InvariantName = keyof typeof INVARIANTS

/** What was found about one promise. */
export interface InvariantFinding extends Answer {
  readonly invariant: InvariantName
}

/** The whole answer. */
export interface Verdict {
  /** True if no promise was broken and at least one could be judged. */
  readonly pass: boolean
  readonly findings: readonly InvariantFinding[]
}

/** What a caller knows that no file can tell. */
export interface JudgeOptions {
  readonly verify: Verify
  /** Folder names of the peers that were alive to the end. Without it, termination is only judged if all decided. */
  readonly alive?: readonly string[]
}

/** Judges what a community's peers left on disk. */
export function judge(peers: readonly PeerEvidence[], options: JudgeOptions): Verdict {
  const file = openCase(peers, options)
  const findings = (Object.keys(INVARIANTS) as InvariantName[]).map((invariant) => ({
    invariant,
    ...EXAMINE[invariant](file)
  }))
  const results = findings.map(({ result }) => result)
  return { pass: results.includes('pass') && !results.includes('fail'), findings }
}

// The case file: what each peer says, in a form that is easy to compare.

type Fact<Type extends TraceFact['type']> = Extract<TraceEvent, { type: Type }>

interface CheckedCertificate {
  readonly peer: PeerEvidence
  /** The decision its file is named after. */
  readonly decision: string
  readonly verdict: CertificateVerdict
}

interface CaseFile {
  readonly peers: readonly PeerEvidence[]
  readonly certificates: readonly CheckedCertificate[]
  /** The validators of each decision by short id, in roster order. */
  readonly rosters: ReadonlyMap<string, readonly string[]>
  readonly alive: readonly string[] | undefined
}

function openCase(peers: readonly PeerEvidence[], { verify, alive }: JudgeOptions): CaseFile {
  const certificates = peers.flatMap((peer) =>
    peer.certificates.map(({ decision, text }) => ({ peer, decision, verdict: verifyCertificate(text, verify) }))
  )
  const proposals = peers.flatMap((peer) => factsOf(peer, 'proposal'))
  const rosters = new Map(proposals.map(({ decision, validators }) => [decision, validators]))
  return { peers, certificates, rosters, alive }
}

function factsOf<Type extends TraceFact['type']>(peer: PeerEvidence, type: Type): Fact<Type>[] {
  return peer.events.filter((event): event is Fact<Type> => event.type === type)
}

/** Every outcome a peer ever named, by decision: in its journal, and in its certificates. */
function outcomesOf(peer: PeerEvidence, file: CaseFile): { decision: string; outcome: string; source: string }[] {
  const said = [...factsOf(peer, 'decided'), ...factsOf(peer, 'certified')]
  const journal = said.map(({ decision, outcome, type }) => ({ decision, outcome, source: `its journal (${type})` }))
  const certified = file.certificates.flatMap(({ peer: holder, decision, verdict }) =>
    holder === peer && verdict.ok
      ? [{ decision, outcome: verdict.outcomeHash as string, source: 'its certificate' }]
      : []
  )
  return [...journal, ...certified]
}

/** Injected faults that make nobody a liar: partitions, and their end. */
const OUTAGES: ReadonlySet<string> = new Set(['cut', 'heal'])

// One function for each promise.

const EXAMINE: Readonly<Record<InvariantName, (file: CaseFile) => Answer>> = {
  integrity: examineIntegrity,
  agreement: examineAgreement,
  validity: examineValidity,
  certificate: examineCertificates,
  'no-false-accusation': examineAccusations,
  termination: examineTermination
}

function examineIntegrity(file: CaseFile): Answer {
  const twoOutcomes = file.peers.flatMap((peer) =>
    contradictions(
      outcomesOf(peer, file),
      ({ decision }) => decision,
      ({ outcome }) => outcome
    ).map(
      ([first, second]) =>
        `${peer.label} has two outcomes for decision ${shortened(first.decision)}: ${shortened(first.outcome)} in ` +
        `${first.source} and ${shortened(second.outcome)} in ${second.source}`
    )
  )
  const twoBallots = file.peers.flatMap((peer) =>
    contradictions(
      ownBallots(peer),
      ({ decision }) => decision,
      ({ ballot }) => ballot
    ).map(([first]) => `${peer.label} cast two different ballots in decision ${shortened(first.decision)}`)
  )
  return answer([...twoOutcomes, ...twoBallots], `${plural(file.peers.length, 'peer')}, whole journals`, heard(file))
}

function examineAgreement(file: CaseFile): Answer {
  const named = file.peers.flatMap((peer) => outcomesOf(peer, file).map((entry) => ({ ...entry, peer })))
  const byHash = contradictions(
    named,
    ({ decision }) => decision,
    ({ outcome }) => outcome
  ).map(
    ([first, second]) =>
      `decision ${shortened(first.decision)}: ${first.peer.label} says ${shortened(first.outcome)}, ` +
      `${second.peer.label} says ${shortened(second.outcome)}`
  )
  const documents = file.certificates.flatMap(({ peer, decision, verdict }) =>
    verdict.ok ? [{ peer, decision, document: canonicalJson(verdict.outcome) }] : []
  )
  const byBytes = contradictions(
    documents,
    ({ decision }) => decision,
    ({ document }) => document
  ).map(
    ([first, second]) =>
      `decision ${shortened(first.decision)}: the outcome documents of ${first.peer.label} and ${second.peer.label} differ`
  )
  const checked = `${plural(documents.length, 'outcome document')} compared byte for byte`
  return answer([...byHash, ...byBytes], checked, named.length)
}

function examineValidity(file: CaseFile): Answer {
  const cast = new Map(
    file.peers.flatMap((peer) => ownBallots(peer).map((fact) => [slot(fact.decision, peer.short), fact.ballot]))
  )
  const counted = file.certificates.flatMap((certificate) => countedBallots(certificate, file))
  const known = counted.filter(({ decision, author }) => cast.has(slot(decision, author)))
  const altered = known.filter(({ decision, author, ballot }) => cast.get(slot(decision, author)) !== ballot)
  const examples = altered.map(
    ({ decision, author, holder }) =>
      `decision ${shortened(decision)}: the ballot of ${labelOf(author, file)} that ${holder} counted is not the one it cast`
  )
  return answer(
    [...examples, ...tooFewCounted(file)],
    `${plural(known.length, 'counted ballot')} compared with what its peer says it cast`,
    known.length + file.peers.flatMap((peer) => factsOf(peer, 'decided')).length
  )
}

function examineCertificates(file: CaseFile): Answer {
  const examples = file.certificates.flatMap(({ peer, decision, verdict }) => {
    if (!verdict.ok) return [`${peer.label}, ${shortened(safeText(decision))}: ${verdict.explanation}`]
    return verdict.decision === decision
      ? []
      : [`${peer.label}: the file named ${shortened(safeText(decision))} is about another decision`]
  })
  const missing = file.peers.flatMap((peer) =>
    factsOf(peer, 'certified')
      .filter((fact) => !holds(file, peer, fact.decision))
      .map(
        (fact) => `${peer.label} says decision ${shortened(fact.decision)} is certified, and has no certificate of it`
      )
  )
  return answer(
    [...examples, ...new Set(missing)],
    `${plural(file.certificates.length, 'certificate')} verified offline`,
    file.certificates.length
  )
}

function examineAccusations(file: CaseFile): Answer {
  const injected = file.peers.flatMap((peer) => factsOf(peer, 'fault-injected'))
  const told = new Set(injected.filter(({ fault }) => !OUTAGES.has(fault)).map(({ target }) => target))
  const correct = new Set(file.peers.map((peer) => peer.short).filter((short) => short !== '' && !told.has(short)))
  const examples = file.peers.flatMap((peer) =>
    factsOf(peer, 'accused')
      .filter(({ accused, evidence }) => evidence && correct.has(accused))
      .map(({ accused, kind }) => `${peer.label} holds evidence (${safeText(kind)}) against ${labelOf(accused, file)}`)
  )
  return answer(
    examples,
    told.size === 0
      ? 'nobody was made to lie, and nobody was proven to'
      : `${plural(told.size, 'peer')} made to lie, no other proven to`,
    heard(file)
  )
}

function examineTermination(file: CaseFile): Answer {
  const { alive } = file
  const decisions = [...file.rosters.keys()]
  const owed = file.peers.filter((peer) => alive?.includes(peer.folder) ?? true)
  const tooFew = decisions.find((decision) => owed.length < enoughToProceed(file.rosters.get(decision)?.length ?? 0))
  if (alive !== undefined && tooFew !== undefined) {
    const needed = enoughToProceed(file.rosters.get(tooFew)?.length ?? 0)
    return { result: 'not-judged', explanation: `nothing is promised: ${owed.length} alive, and it takes ${needed}` }
  }
  const examples = decisions.flatMap((decision) =>
    owed
      .filter((peer) => !holds(file, peer, decision))
      .map((peer) => `${peer.label} does not hold the certificate of decision ${shortened(decision)}`)
  )
  const checked = `${plural(owed.length, 'peer')}, ${plural(decisions.length, 'decision')}`
  const found = answer(examples, checked, owed.length * decisions.length)
  return alive === undefined && found.result === 'fail' ? { ...found, result: 'not-judged' } : found
}

// Small tools.

/** How many peers left any account at all. */
function heard(file: CaseFile): number {
  return file.peers.filter(({ events, certificates }) => events.length + certificates.length > 0).length
}

function ownBallots(peer: PeerEvidence): Fact<'ballot'>[] {
  return factsOf(peer, 'ballot').filter((fact) => fact.own)
}

function countedBallots(
  { peer, decision, verdict }: CheckedCertificate,
  file: CaseFile
): { decision: string; author: string; ballot: string; holder: string }[] {
  if (!verdict.ok) return []
  const roster = file.rosters.get(decision) ?? []
  return verdict.outcome.counted.map(({ author, ballot }) => ({
    decision,
    author: roster[author] ?? '',
    ballot,
    holder: peer.label
  }))
}

function tooFewCounted(file: CaseFile): string[] {
  return file.peers.flatMap((peer) =>
    factsOf(peer, 'decided').flatMap(({ decision, counted, notCounted }) => {
      const needed = enoughToProceed(counted.length + notCounted.length)
      if (new Set(counted).size >= needed) return []
      return [
        `${peer.label} counted ${new Set(counted).size} ballots in decision ${shortened(decision)}; it takes ${needed}`
      ]
    })
  )
}

function holds(file: CaseFile, peer: PeerEvidence, decision: string): boolean {
  return file.certificates.some((certificate) => certificate.peer === peer && certificate.decision === decision)
}

function labelOf(short: string, file: CaseFile): string {
  return file.peers.find((peer) => peer.short === short)?.label ?? `…${short}`
}

const slot = (decision: string, author: string): string => `${decision} ${author}`
