/** One driver on a clock moved by hand, and frames that other members sign. */

import '../../src/network/runtime.ts'
import { onTestFinished } from 'vitest'
import type { TraceFact } from '../../src/consensus/trace.ts'
import { type NodeId, nodeId } from '../../src/core/ids.ts'
import type { DecisionMessage } from '../../src/decision/decision-message.ts'
import type { IdentifiedProposal } from '../../src/decision/proposal.ts'
import { Counters } from '../../src/peer/counters.ts'
import { Directory } from '../../src/peer/directory.ts'
import { Disk } from '../../src/peer/disk.ts'
import { Driver } from '../../src/peer/driver.ts'
import { PresenceTable } from '../../src/peer/presence.ts'
import type { Session } from '../../src/peer/session.ts'
import { Standing } from '../../src/peer/standing.ts'
import { openStore, type Store } from '../../src/storage/store.ts'
import { encodeEnvelope, type Payload } from '../../src/wire/envelope.ts'
import { communityOf, proposalTo } from '../decision/sample.ts'
import { verify } from '../support/keys.ts'
import { type ManualClock, manualClock } from '../support/manual-clock.ts'
import { temporaryDirectory } from '../support/peers.ts'

/** A community of four. */
export const COMMUNITY = communityOf(4)

/** A proposal of member 1. */
export const PROPOSAL: IdentifiedProposal = proposalTo(COMMUNITY, { proposer: COMMUNITY.keys[1]!.key })

/** The member that the driver under test speaks for. */
export const SELF = nodeId(0)

/** A frame of a member, whatever it says. */
export function frameOf(node: number, payload: Payload, decision = PROPOSAL.id): Uint8Array {
  const { key, sign } = COMMUNITY.keys[node]!
  const about = payload.type === 'presence' ? {} : { decision }
  return encodeEnvelope({ roster: COMMUNITY.roster, author: key, ...about, payload, sign }).frame
}

/** Words of a member about the proposal. */
export const wordsOf = (node: number, sequence: number, words: readonly DecisionMessage[]): Uint8Array =>
  frameOf(node, { type: 'words', sequence, words })

/** The proposal as member 1 signed it. */
export const PROPOSED = frameOf(1, { type: 'proposal', proposal: PROPOSAL })

/** What a test sees of a driver. */
export interface Bench {
  readonly driver: Driver
  readonly clock: ManualClock
  readonly counters: Counters
  readonly presence: PresenceTable
  readonly standing: Standing
  readonly disk: Disk
  readonly store: Store
  readonly facts: TraceFact[]
  readonly published: Uint8Array[]
  readonly fatal: unknown[]
  /** The one open decision. */
  readonly session: () => Session
  /** Takes frames in, each in a turn of its own. */
  receive(via: 'gossip' | 'sync', ...frames: readonly Uint8Array[]): void
}

/** A driver on a fresh store, or on the store of an earlier one. It asks `linkTarget` members before it speaks. */
export async function benchOf(
  store?: Store,
  self: NodeId = SELF,
  linkTarget = 0,
  disk: Disk = new Disk()
): Promise<Bench> {
  const clock = manualClock()
  const counters = new Counters()
  const facts: TraceFact[] = []
  const published: Uint8Array[] = []
  const fatal: unknown[] = []
  const presence = new PresenceTable(4)
  const kept = store ?? (await freshStore())
  const { key, sign } = COMMUNITY.keys[self]!
  const { roster, checked } = COMMUNITY
  const trace = (fact: TraceFact): void => void facts.push(fact)
  const onFatal = (error: unknown): void => void fatal.push(error)
  const standing = new Standing({
    ...{ validatorCount: 4, roster: roster.hash, linkTarget, store: kept, counters, trace, onFatal },
    session: '5e'.repeat(16)
  })
  await standing.begin()
  facts.length = 0
  const driver = new Driver({
    ...{
      standing,
      disk,
      trace,
      onFatal,
      self,
      key,
      sign,
      verify,
      roster,
      presence,
      clock,
      counters,
      charter: checked.charter,
      store: kept
    },
    directory: new Directory(roster),
    publish: (frame) => void published.push(frame),
    onOpened: () => undefined,
    onLaggard: () => undefined,
    onCertified: async () => undefined,
    onPresence: () => undefined
  })
  const receive: Bench['receive'] = (via, ...frames) => {
    for (const frame of frames) {
      driver.receive(frame, via)
      clock.settle()
    }
  }
  return {
    ...{ driver, clock, counters, presence, standing, disk, store: kept, facts, published, fatal, receive },
    session: () => driver.open[0]!
  }
}

async function freshStore(): Promise<Store> {
  const store = await openStore(await temporaryDirectory())
  onTestFinished(() => store.close())
  return store
}
