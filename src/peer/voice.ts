/**
 * How a peer speaks: what it will say goes to disk with everything that led to it, then to the network, then to whoever
 * watches. Nothing is said that a restarted peer would not say again.
 *
 * @packageDocumentation
 */

import type { TraceFact } from '../consensus/trace.ts'
import type { DecisionId, NodeId } from '../core/ids.ts'
import type { PublicKey, Sign } from '../core/keys.ts'
import type { DecisionMessage } from '../decision/decision-message.ts'
import type { Archive } from '../decision/delivery.ts'
import type { Roster } from '../decision/roster.ts'
import { crashPoint } from '../storage/crash-points.ts'
import type { Store } from '../storage/store.ts'
import { splitWords } from '../wire/codec.ts'
import { type Envelope, encodeEnvelope, type Payload } from '../wire/envelope.ts'
import type { Directory } from './directory.ts'
import type { FramePair } from './evidence-shelf.ts'
import { messageFact } from './facts.ts'
import type { Ledger } from './ledger.ts'
import type { Session } from './session.ts'

/** What a voice needs. */
export interface VoiceOptions {
  readonly self: NodeId
  readonly key: PublicKey
  readonly sign: Sign
  readonly roster: Roster
  readonly directory: Directory
  readonly store: Store
  readonly archive: Archive
  readonly ledger: Ledger
  /** True if nothing more may be said in this decision, even what is on disk already. */
  readonly isMuted: (decision: DecisionId) => boolean
  readonly publish: (frame: Uint8Array) => void
  readonly trace: (fact: TraceFact) => void
}

/** Signs, stores and publishes. */
export class Voice {
  readonly #options: VoiceOptions

  constructor(options: VoiceOptions) {
    this.#options = options
  }

  /** A signed frame of this peer about a decision. */
  envelope(decision: DecisionId, payload: Payload): Envelope {
    const { roster, key, sign } = this.#options
    return encodeEnvelope({ roster, author: key, decision, payload, sign })
  }

  /** Says these words about an open decision: in one frame, unless they are too many. All are on disk before any is said. */
  say(session: Session, words: readonly DecisionMessage[]): void {
    const envelopes = splitWords(words).map((batch) => this.#words(session, batch))
    for (const { frame } of envelopes) session.note({ type: 'said', frame })
    this.remember(session, () => {
      for (const envelope of envelopes) this.#send(session, envelope)
    })
  }

  /** Puts on disk what the session has noted; then does `andThen`; then shows the facts that waited for it. */
  remember(session: Session, andThen?: () => void): void {
    const { store, trace, ledger } = this.#options
    const records = session.takeRecords()
    const facts = session.takeFacts()
    ledger.write(async () => {
      if (records.length > 0) await store.appendDecision(session.id, records)
      andThen?.()
      for (const fact of facts) trace(fact)
    })
  }

  /** Tells the community that one of its members contradicted itself. */
  showEvidence(decision: DecisionId, { first, second }: FramePair): void {
    this.#options.publish(this.envelope(decision, { type: 'evidence', first, second }).frame)
  }

  #words(session: Session, words: readonly DecisionMessage[]): Envelope {
    return this.envelope(session.id, { type: 'words', sequence: session.nextSequence(), words })
  }

  #send(session: Session, envelope: Envelope): void {
    const { archive, self, publish, trace, directory, isMuted } = this.#options
    if (isMuted(session.id)) return
    archive.keep(session.id, self, envelope.id, envelope.frame)
    crashPoint('before-send')
    publish(envelope.frame)
    crashPoint('after-send')
    trace(messageFact('sent', 'gossip', envelope, self, directory))
  }
}
