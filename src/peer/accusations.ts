/**
 * Who was seen to do what, and the proof where there is one.
 *
 * A machine accuses when a validator says two things where it may say one. Both messages are signed and kept, so the two
 * frames are looked up and become evidence that convinces anybody. Evidence about one member in one decision is told once:
 * published by whoever finds it before it has heard of it, shown as one fact here, and put on the shelf, where it stays
 * when the decision is over (`evidence-shelf.ts`). It travels by gossip and not in the digest exchange, so a peer that was
 * away may not hear of it. Without two signed messages there is a remark in the journal and nothing more: nobody is
 * convicted on one peer's word.
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
import { type Accusation, checkEvidence, evidenceOf } from '../wire/proof.ts'
import type { Counters } from './counters.ts'
import type { Directory } from './directory.ts'
import type { EvidenceShelf, FramePair } from './evidence-shelf.ts'

/** Remarks kept in memory, so that a liar cannot fill it. */
const REMARKS_MAX = 1_000

/** What is needed. */
export interface AccusationsOptions {
  readonly roster: Roster
  readonly directory: Directory
  readonly verify: Verify
  readonly archive: Archive
  readonly counters: Counters
  readonly shelf: EvidenceShelf
  readonly trace: (fact: TraceFact) => void
  /** Tells the community. */
  readonly say: (decision: DecisionId, evidence: FramePair) => void
}

/** What this peer has seen others do wrong. */
export class Accusations {
  readonly #options: AccusationsOptions
  /** What has been remarked already, and who stands convicted in which decision. */
  readonly #remarked = new Set<string>()

  constructor(options: AccusationsOptions) {
    this.#options = options
  }

  /** Takes up the evidence of earlier lives. */
  async restore(): Promise<void> {
    const { roster, shelf } = this.#options
    for (const { first, second } of await shelf.load(roster.members.length)) {
      const checked = this.#check(first, second)
      if (checked !== undefined) this.#convict(checked)
    }
  }

  /** A machine accused somebody. */
  onFault(decision: DecisionId, fault: Fault): void {
    const { peer, slot, kind, explanation } = fault
    if (slot === undefined) this.#remark(decision, peer, kind, explanation)
    else if (this.#remarked.has(convicted(decision, peer))) return
    else if (!this.#prove(decision, peer)) this.#remark(decision, peer, kind, explanation)
  }

  /** Somebody shows evidence about a decision. It is believed only if it proves itself, and is about that decision. */
  onEvidence(decision: DecisionId, evidence: FramePair): void {
    const checked = this.#check(evidence.first, evidence.second)
    if (checked?.decision !== decision) this.#options.counters.add('evidence-refused')
    else if (this.#convict(checked)) this.#options.shelf.keep(checked.accused, evidence)
  }

  /** Looks for evidence against a member; tells and keeps it. False if there is none. */
  #prove(decision: DecisionId, peer: NodeId): boolean {
    const evidence = this.#findEvidence(decision, peer)
    const checked = evidence && this.#check(evidence.first, evidence.second)
    if (evidence === undefined || checked === undefined) return false
    if (this.#convict(checked)) {
      this.#options.shelf.keep(peer, evidence)
      this.#options.say(decision, evidence)
    }
    return true
  }

  /** False if the member stands convicted in this decision already. */
  #convict({ decision, accused, explanation }: Accusation): boolean {
    return this.#tell(convicted(decision, accused), decision, accused, 'equivocated', explanation, true)
  }

  #remark(decision: DecisionId, peer: NodeId, kind: string, explanation: string): void {
    this.#tell(`${decision}/${peer}/${kind}`, decision, peer, kind, explanation, false)
  }

  /** False if the same was told before. */
  #tell(
    key: string,
    decision: DecisionId,
    peer: NodeId,
    kind: string,
    explanation: string,
    evidence: boolean
  ): boolean {
    const { trace, directory, counters } = this.#options
    if (this.#remarked.has(key) || this.#remarked.size >= REMARKS_MAX) return false
    this.#remarked.add(key)
    counters.add('accused')
    trace({ type: 'accused', decision, accused: directory.short(peer), kind, explanation, evidence })
    return true
  }

  #check(first: Uint8Array, second: Uint8Array): Accusation | undefined {
    const { roster, verify } = this.#options
    const checked = checkEvidence(first, second, roster, verify)
    return 'refused' in checked ? undefined : checked
  }

  #findEvidence(decision: DecisionId, peer: NodeId): FramePair | undefined {
    const said = this.#envelopesOf(decision, peer)
    for (const [index, second] of said.entries()) {
      for (const first of said.slice(0, index)) {
        const evidence = evidenceOf(first, second)
        if (evidence !== undefined) return evidence
      }
    }
    return undefined
  }

  #envelopesOf(decision: DecisionId, peer: NodeId): Envelope[] {
    const { archive, roster } = this.#options
    return archive.framesBy(decision, peer).flatMap((frame) => {
      const decoded = decodeEnvelope(frame, roster)
      return decoded.ok ? [decoded.envelope] : []
    })
  }
}

const convicted = (decision: DecisionId, peer: NodeId): string => `${decision}/${peer}/convicted`
