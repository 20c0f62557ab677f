/**
 * Who was seen to do what, and the proof where there is one.
 *
 * A machine accuses when a validator says two things where it may say one. Both messages are signed and kept, so the two
 * frames are looked up and become evidence that convinces anybody; it is published once, and kept. Without two signed
 * messages there is a remark in the journal and nothing more: nobody is convicted on one peer's word.
 *
 * @packageDocumentation
 */

import type { Fault } from '../consensus/machine.ts'
import type { TraceFact } from '../consensus/trace.ts'
import type { DecisionId, NodeId } from '../core/ids.ts'
import type { Verify } from '../core/keys.ts'
import type { Archive } from '../decision/delivery.ts'
import type { Roster } from '../decision/roster.ts'
import { decodeEnvelope, type Envelope } from '../wire/envelope.ts'
import { checkEvidence, evidenceOf } from '../wire/proof.ts'
import type { Counters } from './counters.ts'
import type { Directory } from './directory.ts'

/** Two frames of one author that contradict each other. */
export interface EvidenceFrames {
  readonly decision: DecisionId
  readonly first: Uint8Array
  readonly second: Uint8Array
}

/** Remarks kept in memory, so that a liar cannot fill it. */
const REMARKS_MAX = 1_000

/** What is needed. */
export interface AccusationsOptions {
  readonly roster: Roster
  readonly directory: Directory
  readonly verify: Verify
  readonly archive: Archive
  readonly counters: Counters
  readonly trace: (fact: TraceFact) => void
  /** Tells the community. */
  readonly say: (evidence: EvidenceFrames) => void
}

/** What this peer has seen others do wrong. */
export class Accusations {
  readonly #options: AccusationsOptions
  /** What has been remarked already, and who stands convicted in which decision. */
  readonly #remarked = new Set<string>()

  constructor(options: AccusationsOptions) {
    this.#options = options
  }

  /** A machine accused somebody. */
  onFault(decision: DecisionId, fault: Fault): void {
    const evidence = fault.slot === undefined ? undefined : this.#findEvidence(decision, fault.peer)
    if (evidence === undefined) this.#remark(decision, fault.peer, fault.kind, fault.explanation, false)
    else if (this.#remark(decision, fault.peer, 'equivocated', evidence.explanation, true)) this.#options.say(evidence)
  }

  /** Somebody shows evidence. It is believed only if it proves itself. */
  onEvidence(first: Uint8Array, second: Uint8Array): void {
    const { roster, verify, counters } = this.#options
    const checked = checkEvidence(first, second, roster, verify)
    if ('refused' in checked) counters.add('evidence-refused')
    else this.#remark(checked.decision, checked.accused, 'equivocated', checked.explanation, true)
  }

  /** False if the same was remarked before. */
  #remark(decision: DecisionId, peer: NodeId, kind: string, explanation: string, evidence: boolean): boolean {
    const { trace, directory, counters } = this.#options
    const key = `${decision}/${peer}/${kind}/${evidence}`
    if (this.#remarked.has(key) || this.#remarked.size >= REMARKS_MAX) return false
    this.#remarked.add(key)
    counters.add('accused')
    trace({ type: 'accused', decision, accused: directory.short(peer), kind, explanation, evidence })
    return true
  }

  #findEvidence(decision: DecisionId, peer: NodeId): (EvidenceFrames & { readonly explanation: string }) | undefined {
    const { roster, verify } = this.#options
    const said = this.#envelopesOf(decision, peer)
    for (const [index, second] of said.entries()) {
      for (const first of said.slice(0, index)) {
        if (evidenceOf(first, second) === undefined) continue
        const checked = checkEvidence(first.frame, second.frame, roster, verify)
        if (!('refused' in checked)) {
          return { decision, first: first.frame, second: second.frame, explanation: checked.explanation }
        }
      }
    }
    return undefined
  }

  #envelopesOf(decision: DecisionId, peer: NodeId): Envelope[] {
    const { archive, roster } = this.#options
    return archive.framesOf(decision).flatMap((frame) => {
      const decoded = decodeEnvelope(frame, roster)
      return decoded.ok && decoded.from === peer ? [decoded.envelope] : []
    })
  }
}
