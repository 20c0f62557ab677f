import { describe, expect, it, vi } from 'vitest'
import type { TraceFact } from '../../src/consensus/trace.ts'
import { type Epoch, type Hash, nodeId } from '../../src/core/ids.ts'
import { Archive } from '../../src/decision/delivery.ts'
import { ACCUSATION_LIMITS, Accusations } from '../../src/peer/accusations.ts'
import { Counters } from '../../src/peer/counters.ts'
import { Directory } from '../../src/peer/directory.ts'
import type { EvidenceShelf } from '../../src/peer/evidence-shelf.ts'
import { openEnvelope } from '../../src/wire/envelope.ts'
import { verify } from '../support/keys.ts'
import { COMMUNITY, PROPOSAL, wordsOf } from './drivers.ts'

const { roster } = COMMUNITY
const hash = (digits: string): Hash => digits.repeat(32) as Hash

function accusationsOf(frames: readonly Uint8Array[]) {
  const archive = new Archive()
  archive.open(PROPOSAL.id)
  for (const frame of frames) {
    const opened = openEnvelope(frame, roster, verify)
    if (opened.ok) archive.keep(PROPOSAL.id, opened.from, opened.envelope.id, frame)
  }
  const facts: TraceFact[] = []
  const said: unknown[] = []
  const accusations = new Accusations({
    ...{ roster, archive, verify, directory: new Directory(roster), counters: new Counters() },
    shelf: { keep: () => undefined } as unknown as EvidenceShelf,
    trace: (fact) => void facts.push(fact),
    say: (_, evidence) => void said.push(evidence)
  })
  return { accusations, archive, facts, said }
}

const echo = (sequence: number, digits: string): Uint8Array =>
  wordsOf(3, sequence, [{ type: 'echo', instance: nodeId(1), hash: hash(digits) }])
const filler = (sequence: number): Uint8Array =>
  wordsOf(3, sequence, [{ type: 'aux', instance: nodeId(2), epoch: sequence as Epoch, bit: 1 }])
const equivocated = (peer: number) =>
  ({ peer: nodeId(peer), kind: 'equivocated', explanation: 'two echoes', slot: '1/echo' }) as const

describe('a search for proof', () => {
  it('finds the two frames among many', () => {
    const fillers = Array.from({ length: 100 }, (_, index) => filler(index + 10))
    const { accusations, facts, said } = accusationsOf([echo(0, 'aa'), ...fillers, echo(1, 'bb')])
    accusations.onFault(PROPOSAL.id, equivocated(3))
    accusations.onFault(PROPOSAL.id, equivocated(3))
    expect(facts).toMatchObject([{ type: 'accused', evidence: true }])
    expect(said).toHaveLength(1)
  })

  it('that finds nothing is not repeated for ever', () => {
    const { accusations, archive, facts } = accusationsOf([echo(0, 'aa')])
    const read = vi.spyOn(archive, 'framesBy')
    for (let count = 0; count < 10; count++) accusations.onFault(PROPOSAL.id, equivocated(3))
    expect(read).toHaveBeenCalledTimes(ACCUSATION_LIMITS.searchesMax)
    expect(facts).toMatchObject([{ type: 'accused', evidence: false }])
  })
})

describe('remarks', () => {
  it('about one member fill only its own share', () => {
    const { accusations, facts } = accusationsOf([])
    for (let index = 0; index < 100; index++) {
      const decision = index.toString(16).padStart(64, '0') as typeof PROPOSAL.id
      accusations.onFault(decision, { peer: nodeId(3), kind: 'impossible-message', explanation: 'odd' })
    }
    expect(facts).toHaveLength(ACCUSATION_LIMITS.remarksMax)
    accusations.onFault(PROPOSAL.id, { peer: nodeId(2), kind: 'impossible-message', explanation: 'odd' })
    expect(facts).toHaveLength(ACCUSATION_LIMITS.remarksMax + 1)
  })
})
