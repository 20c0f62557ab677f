/**
 * What a program may do with a running peer.
 *
 * @packageDocumentation
 */

import type { TraceEvent } from '../consensus/trace.ts'
import type { DecisionId, PeerIdString } from '../core/ids.ts'
import type { Decided } from './closing.ts'
import type { ClosedDecision, OpenDecision, ProposeParams, Status } from './control-protocol.ts'

/** A decision as its proposer (or anyone) follows it. Iterating it gives what happens, until it is certified. */
export interface DecisionHandle extends AsyncIterable<TraceEvent> {
  readonly id: DecisionId
  /** Resolves when this peer holds the certificate. Waits as long as that takes; a peer that stops rejects it. */
  readonly decided: Promise<Decided>
}

/** A running peer. */
export interface Peer {
  readonly id: PeerIdString
  /** Multiaddrs it listens on. */
  addresses(): string[]
  /** Puts a question to the community. Throws OptionsError with every problem. */
  propose(proposal: ProposeParams): Promise<DecisionHandle>
  /** One's own ballot, by option names or `abstain`. Changeable until the deadline unless sealed. Throws OptionsError. */
  vote(
    decision: string,
    choices: string | readonly string[],
    options?: { readonly seal?: boolean }
  ): Promise<OpenDecision>
  /** Follows a decision by its id. */
  follow(decision: DecisionId): DecisionHandle
  status(): Status
  decisions(): Promise<{ readonly open: readonly OpenDecision[]; readonly closed: readonly ClosedDecision[] }>
  /** Calls `listener` for what matters of the past and everything to come. The answer ends it. */
  watch(listener: (event: TraceEvent) => void): () => void
  /** Tells the community anew where this peer is. The answer is the number of what was said. */
  announce(): number
  /** Partition: refuses exactly these members and closes what connects us, until `heal`. For tests and demonstrations. */
  cut(peers: readonly PeerIdString[]): void
  /** Ends the partition. Does nothing if there is none. */
  heal(): void
  /** How many decisions are open here. */
  readonly openCount: number
  /** Stops cleanly; at most once. */
  stop(reason: string): Promise<void>
  /** Resolves with the reason when the peer has stopped; rejects if our own bug or the disk stopped it. */
  readonly stopped: Promise<string>
}
