/**
 * Who was seen to do what, and the proof where there is one.
 *
 * A machine accuses when a validator says two things where it may say one. Both messages are signed and kept, so the two
 * frames are looked up and become evidence that convinces anybody. Evidence about one member in one decision is told once:
 * published by whoever finds it before it has heard of it, shown as one fact here, and put on the shelf, where it stays
 * when the decision is over (`evidence-shelf.ts`). It travels by gossip, and in the digest exchange to whoever knows of no
 * proof against that member (`proofs.ts`). Without two signed messages there is a remark in the journal and nothing more: nobody is
 * convicted on one peer's word.
 *
 * @packageDocumentation
 */

import type { Fault } from '../consensus/machine.ts'
import type { TraceFact } from '../consensus/trace.ts'
import type { DecisionId, NodeId } from '../core/ids.ts'
import type { Verify } from '../core/keys.ts'
import type { Archive } from '../decision/delivery.ts'
import { slotOf, slotValueOf } from '../decision/evidence.ts'
import type { Roster } from '../decision/roster.ts'
import { decodeEnvelope, type Envelope } from '../wire/envelope.ts'
import { type Accusation, checkEvidence, evidenceOf } from '../wire/proof.ts'
import type { Counters } from './counters.ts'
import type { Directory } from './directory.ts'
import type { EvidenceShelf, FramePair } from './evidence-shelf.ts'

/**
 * What is told of one member, and how often proof against it is looked for in one decision. Each member fills only its own
 * share, so a liar can neither fill the memory nor keep others from being named.
 */
export const ACCUSATION_LIMITS = { remarksMax: 16, convictionsMax: 8, searchesMax: 3 } as const

/** What was told of one member. */
interface Told {
  readonly remarks: Set<string>
  /** Decisions in which it stands convicted. */
  readonly convictions: Set<DecisionId>
  /** How often proof was looked for in vain, by decision. */
  readonly searches: Map<DecisionId, number>
}

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
  readonly #told = new Map<NodeId, Told>()

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
    else if (this.#toldOf(peer).convictions.has(decision)) return
    else if (!this.#prove(decision, peer)) this.#remark(decision, peer, kind, explanation)
  }

  /** A frame about a closed decision came that others were told and this peer was not. */
  onLate(decision: DecisionId, peer: NodeId, envelope: Envelope): void {
    if (this.#toldOf(peer).convictions.has(decision)) return
    const { archive, roster } = this.#options
    for (const frame of archive.framesBy(decision, peer)) {
      const decoded = decodeEnvelope(frame, roster)
      const evidence = decoded.ok ? evidenceOf(decoded.envelope, envelope) : undefined
      if (evidence === undefined) continue
      this.#show(decision, peer, evidence)
      return
    }
  }

  /** Somebody shows evidence about a decision. It is believed only if it proves itself, and is about that decision. */
  onEvidence(decision: DecisionId, evidence: FramePair): void {
    const checked = this.#check(evidence.first, evidence.second)
    if (checked?.decision !== decision) this.#options.counters.add('evidence-refused')
    else if (this.#convict(checked)) this.#options.shelf.keep(checked.accused, evidence)
  }

  /** Looks for evidence against a member; tells and keeps it. False if there is none. */
  #prove(decision: DecisionId, peer: NodeId): boolean {
    const evidence = this.#maySearch(decision, peer) ? this.#findEvidence(decision, peer) : undefined
    return evidence !== undefined && this.#show(decision, peer, evidence)
  }

  /** Tells and keeps evidence that this peer found. False if it proves nothing. */
  #show(decision: DecisionId, peer: NodeId, evidence: FramePair): boolean {
    const checked = this.#check(evidence.first, evidence.second)
    if (checked === undefined) return false
    if (this.#convict(checked)) {
      this.#options.shelf.keep(peer, evidence)
      this.#options.say(decision, evidence)
    }
    return true
  }

  /** False if the member stands convicted in this decision already, or often enough. */
  #convict({ decision, accused, explanation }: Accusation): boolean {
    const { convictions } = this.#toldOf(accused)
    if (!addNew(convictions, decision, ACCUSATION_LIMITS.convictionsMax)) return false
    this.#tell(decision, accused, 'equivocated', explanation, true)
    return true
  }

  #remark(decision: DecisionId, peer: NodeId, kind: string, explanation: string): void {
    const { remarks } = this.#toldOf(peer)
    if (!addNew(remarks, `${decision}/${kind}`, ACCUSATION_LIMITS.remarksMax)) return
    this.#tell(decision, peer, kind, explanation, false)
  }

  #tell(decision: DecisionId, peer: NodeId, kind: string, explanation: string, evidence: boolean): void {
    const { trace, directory, counters } = this.#options
    counters.add('accused')
    trace({ type: 'accused', decision, accused: directory.short(peer), kind, explanation, evidence })
  }

  #toldOf(peer: NodeId): Told {
    const told = this.#told.get(peer) ?? { remarks: new Set(), convictions: new Set(), searches: new Map() }
    this.#told.set(peer, told)
    return told
  }

  /** A search reads all that a member said, so one that leads nowhere is not repeated for ever. */
  #maySearch(decision: DecisionId, peer: NodeId): boolean {
    const { convictions, searches } = this.#toldOf(peer)
    const count = searches.get(decision) ?? 0
    if (convictions.size >= ACCUSATION_LIMITS.convictionsMax || count >= ACCUSATION_LIMITS.searchesMax) return false
    searches.set(decision, count + 1)
    return true
  }

  #check(first: Uint8Array, second: Uint8Array): Accusation | undefined {
    const { roster, verify } = this.#options
    const checked = checkEvidence(first, second, roster, verify)
    return 'refused' in checked ? undefined : checked
  }

  /** Reads the member's frames once, up to the first word that says something else than an earlier one in its slot. */
  #findEvidence(decision: DecisionId, peer: NodeId): FramePair | undefined {
    const { archive, roster } = this.#options
    const said = new Map<string, { readonly value: string; readonly envelope: Envelope }>()
    for (const frame of archive.framesBy(decision, peer)) {
      const decoded = decodeEnvelope(frame, roster)
      if (!decoded.ok || decoded.envelope.payload.type !== 'words') continue
      const { envelope } = decoded
      for (const word of decoded.envelope.payload.words) {
        const slot = slotOf(word)
        if (slot === undefined) continue
        const value = slotValueOf(word)
        const earlier = said.get(slot)
        if (earlier === undefined) said.set(slot, { value, envelope })
        else if (earlier.value !== value) return evidenceOf(earlier.envelope, envelope)
      }
    }
    return undefined
  }
}

/** Adds what is not there yet, if there is room. False if nothing was added. */
function addNew<Item>(items: Set<Item>, item: Item, countMax: number): boolean {
  if (items.has(item) || items.size >= countMax) return false
  items.add(item)
  return true
}
