import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { fromHex } from '../../src/core/bytes.ts'
import { verifyCertificate } from '../../src/decision/certificate.ts'
import { verify } from '../../src/storage/keys.ts'
import { openEnvelope } from '../../src/wire/envelope.ts'
import { Frame } from '../../src/wire/messages.ts'
import { decodeSync } from '../../src/wire/sync.ts'
import { CONSTANTS, certificateOf, rosterOfInputs, type VectorInputs, vectorsOf } from './vectors.ts'

const DOCUMENT = readFileSync(join(import.meta.dirname, '../../docs/PROTOCOL.md'), 'utf8')

/** The JSON block of the document with this name. */
function block(name: string): Record<string, unknown> {
  const text = new RegExp(`^\`\`\`json ${name}\\n([^]*?)\\n\`\`\`$`, 'm').exec(DOCUMENT)?.[1]
  if (text === undefined) throw new Error(`PROTOCOL.md has no block of ${name}`)
  return JSON.parse(text) as Record<string, unknown>
}

interface Hashed {
  readonly canonical: string
  readonly hash: string
}

interface Framed {
  readonly body: string
  readonly signature: string
  readonly id: string
  readonly gossipMessageId: string
}

/** What the tests below look into. */
interface Vectors {
  readonly inputs: VectorInputs
  readonly charter: { readonly canonical: string; readonly id: string }
  readonly roster: Hashed
  readonly proposal: { readonly canonical: string; readonly id: string }
  readonly ballots: readonly Hashed[]
  readonly lot: readonly Hashed[]
  readonly outcome: Hashed
  readonly coin: { readonly instanceId: string; readonly bits: readonly number[]; readonly hashes: readonly string[] }
  readonly frames: Readonly<Record<'proposal' | 'words' | 'presence', Framed>>
  readonly digest: { readonly message: string }
}

const listed = block('vectors')
const vectors = listed as unknown as Vectors
const { inputs } = vectors
const computed = vectorsOf(inputs)

const sha256 = (...parts: readonly (string | Uint8Array)[]): string => {
  const hash = createHash('sha256')
  for (const part of parts) hash.update(part)
  return hash.digest('hex')
}
const bytes = (hex: string): Uint8Array<ArrayBuffer> => fromHex(hex) as Uint8Array<ArrayBuffer>
const frameOf = ({ body, signature }: Framed): Uint8Array =>
  Frame.encode({ body: bytes(body), signature: bytes(signature) })

describe('the test vectors of PROTOCOL.md', () => {
  it('list every kind of vector there is', () => {
    expect(Object.keys(listed)).toEqual(['inputs', ...Object.keys(computed)])
  })

  for (const [section, vector] of Object.entries(computed)) {
    it(`are what the code makes of the inputs: ${section}`, () => {
      expect(listed[section]).toEqual(vector)
    })
  }

  it('are hashed as the text says', () => {
    const { charter, roster, proposal, ballots, lot, outcome } = vectors
    expect(sha256('equipotent/charter/1\n', charter.canonical)).toBe(charter.id)
    expect(sha256('equipotent/roster/1\n', roster.canonical)).toBe(roster.hash)
    expect(sha256('equipotent/proposal/1\n', proposal.canonical)).toBe(proposal.id)
    for (const ballot of ballots) expect(sha256('equipotent/ballot/1\n', ballot.canonical)).toBe(ballot.hash)
    for (const drawn of lot) expect(sha256('equipotent/lot/1\n', drawn.canonical)).toBe(drawn.hash)
    expect(sha256('equipotent/outcome/1\n', outcome.canonical)).toBe(outcome.hash)
  })

  it('draw the lot as the text says: the lowest hash among the tied', () => {
    const { winner, tied } = JSON.parse(vectors.outcome.canonical).result as { winner: number; tied: number[] }
    const lowest = tied.map((option) => vectors.lot[option]?.hash ?? '').toSorted()[0]
    expect(tied).toHaveLength(2)
    expect(vectors.lot[winner]?.hash).toBe(lowest)
  })

  it('toss the coin as the text says', () => {
    const { instanceId, bits, hashes } = vectors.coin
    expect(instanceId).toBe(`${vectors.proposal.id}/${inputs.coinInstance}`)
    for (const [index, hash] of hashes.entries()) {
      expect(sha256(instanceId, Uint8Array.of(0, 0, 0, 0, 0, 0, 0, index + 2))).toBe(hash)
      expect(Number.parseInt(hash.slice(-2), 16) & 1).toBe(bits[index + 2])
    }
    expect(bits.slice(0, 2)).toEqual([1, 0])
  })

  it('give frames their ids as the text says', () => {
    for (const framed of Object.values(vectors.frames)) {
      expect(sha256(bytes(framed.body))).toBe(framed.id)
      expect(sha256(frameOf(framed)).slice(0, 40)).toBe(framed.gossipMessageId)
    }
  })

  it('hold frames, a digest and a certificate that a peer accepts', () => {
    const roster = rosterOfInputs(inputs)
    for (const framed of Object.values(vectors.frames)) {
      expect(openEnvelope(frameOf(framed), roster, verify)).toMatchObject({ ok: true })
    }
    expect(decodeSync(bytes(vectors.digest.message))).toMatchObject({ ok: true })
    const checked = verifyCertificate(certificateOf(inputs), verify)
    expect(checked).toMatchObject({ ok: true, resultInWords: 'hills (1 of 4, tied with lake, drawn by lot)' })
  })
})

describe('the constants of PROTOCOL.md', () => {
  it('are those of the code', () => {
    expect(block('constants')).toEqual(CONSTANTS)
  })
})
