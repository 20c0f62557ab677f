/**
 * What a driver is given: who it speaks for, what it keeps things in, and whom it tells.
 *
 * @packageDocumentation
 */

import type { TraceFact } from '../consensus/trace.ts'
import type { DecisionId, NodeId } from '../core/ids.ts'
import type { PublicKey, Sign, Verify } from '../core/keys.ts'
import type { Charter } from '../decision/charter.ts'
import type { Roster } from '../decision/roster.ts'
import type { Store } from '../storage/store.ts'
import type { Clock } from './clock.ts'
import type { Counters } from './counters.ts'
import type { Directory } from './directory.ts'
import type { Disk } from './disk.ts'
import type { PresenceTable } from './presence.ts'
import type { Session } from './session.ts'
import type { Standing } from './standing.ts'

/** What a driver needs. */
export interface DriverOptions {
  readonly self: NodeId
  readonly key: PublicKey
  readonly sign: Sign
  readonly verify: Verify
  readonly charter: Charter
  readonly roster: Roster
  readonly directory: Directory
  readonly presence: PresenceTable
  readonly standing: Standing
  readonly disk: Disk
  readonly store: Store
  readonly clock: Clock
  readonly counters: Counters
  /** Hands a frame to gossip. */
  readonly publish: (frame: Uint8Array) => void
  readonly trace: (fact: TraceFact) => void
  /** A decision was opened here; a scripted peer answers now. */
  readonly onOpened: (session: Session) => void
  /** `member` still works on a decision that is closed here: it needs the certificate. */
  readonly onLaggard: (member: NodeId) => void
  /** A certificate is in the store; it is also written as a file for people. */
  readonly onCertified: (decision: DecisionId, text: string) => Promise<void>
  /** A member said something new about itself. */
  readonly onPresence: () => void
  /** Our own bug or a disk that fails: the peer must stop. */
  readonly onFatal: (error: unknown) => void
}
