import { describe, expect, it } from 'vitest'
import type { TraceFact } from '../../src/consensus/trace.ts'
import { type Epoch, everyNode } from '../../src/core/ids.ts'
import type { DecisionMessage } from '../../src/decision/decision-message.ts'
import { Archive } from '../../src/decision/delivery.ts'
import { Directory } from '../../src/peer/directory.ts'
import { Ledger } from '../../src/peer/ledger.ts'
import { Session } from '../../src/peer/session.ts'
import { Voice } from '../../src/peer/voice.ts'
import type { Store, StoredInput } from '../../src/storage/store.ts'
import { openEnvelope } from '../../src/wire/envelope.ts'
import { verify } from '../support/keys.ts'
import { manualClock } from '../support/manual-clock.ts'
import { COMMUNITY, PROPOSAL, SELF } from './drivers.ts'

const { roster, keys, checked } = COMMUNITY

describe('voice', () => {
  it('says in several frames what is too much for one, all of it on disk before any of it is published', async () => {
    const events: string[] = []
    const published: Uint8Array[] = []
    const facts: TraceFact[] = []
    const fatal: unknown[] = []
    const ledger = new Ledger((error) => fatal.push(error))
    const archive = new Archive()
    archive.open(PROPOSAL.id)
    const appendDecision = async (_: string, records: readonly StoredInput[]): Promise<void> =>
      void events.push(`stored ${records.length}`)
    const voice = new Voice({
      ...{ self: SELF, ...keys[SELF]!, roster, ledger, archive, directory: new Directory(roster) },
      store: { appendDecision } as unknown as Store,
      isMuted: () => false,
      publish: (frame) => {
        published.push(frame)
        events.push('published')
      },
      trace: (fact) => void facts.push(fact)
    })
    const session = new Session(
      { self: SELF, roster, charter: checked.charter, proposal: PROPOSAL, sign: keys[SELF]!.sign },
      { clock: manualClock(), onTimer: () => undefined, onDue: () => undefined, onFault: () => undefined }
    )
    const words = Array.from({ length: 300 }, (_, index) => index as Epoch).flatMap((epoch): DecisionMessage[] =>
      everyNode(4).map((instance) => ({ type: 'aux', instance, epoch, bit: 1 }))
    )
    voice.say(session, words)
    await ledger.written()
    expect(fatal).toEqual([])
    expect(events).toEqual(['stored 2', 'published', 'published'])
    const read = published.map((frame) => openEnvelope(frame, roster, verify))
    const payloads = read.flatMap((opened) => (opened.ok ? [opened.envelope.payload] : []))
    expect(payloads.map((payload) => payload.type === 'words' && payload.sequence)).toEqual([0, 1])
    expect(payloads.flatMap((payload) => (payload.type === 'words' ? payload.words : []))).toEqual(words)
    expect(facts.map(({ type }) => type)).toEqual(['message', 'message'])
    expect(archive.digest().open[0]?.have).toHaveLength(2)
  })
})
