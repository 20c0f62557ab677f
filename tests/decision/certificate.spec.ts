import { describe, expect, it } from 'vitest'
import { canonicalJson, prettyJson } from '../../src/core/canonical.ts'
import { everyNode, nodeId } from '../../src/core/ids.ts'
import { enoughToCertify, enoughToProceed } from '../../src/core/quorum.ts'
import {
  CERTIFICATE_FLAWS,
  CERTIFICATE_SIZE_BYTES_MAX,
  type CertificateFlaw,
  certificateText,
  verifyCertificate
} from '../../src/decision/certificate.ts'
import { outcomeOf } from '../../src/decision/outcome.ts'
import { rememberingVerify, testKey, verify } from '../support/keys.ts'
import { ABSTAIN, ballotsOf, certificateOf, choose, communityOf, type Draft, NO_ANSWER, proposalTo } from './sample.ts'

const SIZE = 7
const community = communityOf(SIZE)
const proposal = proposalTo(community)
const lakeSix = [choose(0), choose(0), choose(1), ABSTAIN, NO_ANSWER, choose(0), undefined]
const ballots = ballotsOf(community, proposal, lakeSix)
const certificate = certificateOf(community, proposal, ballots, everyNode(SIZE).slice(0, 5))
const text = certificateText(certificate)

/** The text of the good certificate with something changed, in canonical form again. */
function changed(change: (draft: Draft) => void): string {
  const draft = JSON.parse(text)
  change(draft)
  return prettyJson(draft)
}

/** The text of the good certificate with another value at a path such as `ballots.0.author`. */
function withValue(path: string, value: unknown): string {
  return changed((draft) => {
    const steps = path.split('.')
    const last = steps.pop() as string
    steps.reduce((place, step) => place[step], draft)[last] = value
  })
}

/** The reason why `text` is refused, or `good`. */
function reasonOf(text: string | Uint8Array): string {
  const verdict = verifyCertificate(text, verify)
  return verdict.ok ? 'good' : verdict.reason
}

const swap = (list: { signature: string }[], left: number, right: number): void => {
  const [first, second] = [list[left], list[right]] as [{ signature: string }, { signature: string }]
  ;[first.signature, second.signature] = [second.signature, first.signature]
}

/** For each flaw one text that has it, as small a change as there is. */
const FLAWED: Readonly<Record<CertificateFlaw, () => string | Uint8Array>> = {
  'too-large': () => text + ' '.repeat(CERTIFICATE_SIZE_BYTES_MAX),
  unreadable: () => text.slice(0, -3),
  'wrong-format': () => withValue('format', 'equipotent-certificate/2'),
  'wrong-shape': () => withValue('signedBy', 'me'),
  'charter-invalid': () => changed((draft) => draft.charter.members.reverse()),
  'proposal-invalid': () => changed((draft) => draft.proposal.options.push('abstain')),
  'not-canonical': () => JSON.stringify(certificate),
  'proposal-other-community': () => withValue('proposal.community', 'ab'.repeat(32)),
  'proposal-other-roster': () => withValue('proposal.roster', 'ab'.repeat(32)),
  'proposer-off-roster': () => withValue('proposal.proposer', testKey(99).key),
  'outcome-other-decision': () => withValue('proposal.question', 'Whither?'),
  'outcome-other-roster': () => withValue('outcome.roster', 'ab'.repeat(32)),
  'ballot-author-off-roster': () => withValue('ballots.5.author', SIZE),
  'ballot-duplicate': () => changed((draft) => draft.ballots.push(draft.ballots.at(-1))),
  'ballot-invalid-answer': () => withValue('ballots.0.answer.choices', [0, 1]),
  'too-few-ballots': () => changed((draft) => draft.ballots.splice(4)),
  'ballot-set-mismatch': () => changed((draft) => draft.ballots.pop()),
  'recount-differs': () => withValue('outcome.result.winner', 1),
  'signer-off-roster': () => withValue('signatures.4.author', SIZE),
  'signer-duplicate': () => changed((draft) => draft.signatures.push(draft.signatures.at(-1))),
  'wrong-order': () => changed((draft) => draft.ballots.reverse()),
  'too-few-signatures': () => changed((draft) => draft.signatures.pop()),
  'ballot-bad-signature': () => changed((draft) => swap(draft.ballots, 0, 1)),
  'signature-bad': () => changed((draft) => swap(draft.signatures, 0, 1))
}

describe('a good certificate', () => {
  it('verifies, as text and as bytes, and says what was decided, by whom', () => {
    const verdict = verifyCertificate(text, verify)
    expect(verdict).toMatchObject({
      ok: true,
      decision: proposal.id,
      proposal,
      outcome: certificate.outcome,
      signers: [0, 1, 2, 3, 4],
      resultInWords: 'lake (3 of 6)'
    })
    expect(verdict.ok && verdict.roster.community).toBe(community.checked.id)
    expect(reasonOf(new TextEncoder().encode(text))).toBe('good')
  })

  it.each([1, 2, 3, 4, 5, 6, 7, 10])('needs n - f ballots and a quorum of signatures among %i, and no more', (size) => {
    const among = communityOf(size)
    const asked = proposalTo(among)
    const everyone = everyNode(size)
    const cast = ballotsOf(
      among,
      asked,
      everyone.map(() => choose(1))
    )
    const made = (ballotCount: number, signerCount: number): string =>
      reasonOf(certificateText(certificateOf(among, asked, cast.slice(0, ballotCount), everyone.slice(0, signerCount))))
    const [enoughBallots, enoughSigners] = [enoughToProceed(size), enoughToCertify(size)]
    expect(made(enoughBallots, enoughSigners)).toBe('good')
    expect(made(size, size)).toBe('good')
    expect(made(enoughBallots - 1, size)).toBe('too-few-ballots')
    expect(made(size, enoughSigners - 1)).toBe('too-few-signatures')
  })

  it('states one outcome, whoever signed it', () => {
    const other = certificateOf(community, proposal, ballots.toReversed(), everyNode(SIZE).slice(2).reverse())
    expect(reasonOf(certificateText(other))).toBe('good')
    expect(canonicalJson(other.outcome)).toBe(canonicalJson(certificate.outcome))
    expect(certificateText(other)).not.toBe(text)
  })

  it.each(['first-listed', 'lot', 'undecided'] as const)('carries a tie settled by %s', (tie) => {
    const asked = proposalTo(community, { tie, rule: 'approval' })
    const split = ballotsOf(community, asked, [choose(0, 1), choose(0, 1), choose(0), choose(1), choose(2), ABSTAIN])
    expect(reasonOf(certificateText(certificateOf(community, asked, split, everyNode(SIZE))))).toBe('good')
  })

  it('survives hostile names, and names its result safely', () => {
    const hostile = proposalTo(community, { question: '\u001b]0;x\u0007', options: ['\u202elake', '<b>sea</b>'] })
    const cast = ballotsOf(
      community,
      hostile,
      everyNode(SIZE).map(() => choose(0))
    )
    const verdict = verifyCertificate(certificateText(certificateOf(community, hostile, cast, everyNode(SIZE))), verify)
    expect(verdict).toMatchObject({ ok: true, resultInWords: '\\u{202e}lake (7 of 7)' })
  })

  it('fits its size limit with a hundred validators and the longest texts', () => {
    const wide = '\u0001'
    const large = {
      charter: {
        format: 'equipotent-charter/1',
        name: wide.repeat(80),
        members: everyNode(100).map(() => ({ key: 'a'.repeat(64), name: wide.repeat(80) })),
        nonce: 'a'.repeat(32),
        signatures: Object.fromEntries(everyNode(100).map((node) => [`${node}`.padStart(64, '0'), 'a'.repeat(128)]))
      },
      proposal: { question: wide.repeat(500), options: everyNode(20).map(() => wide.repeat(80)) },
      ballots: everyNode(100).map((author) => ({
        author,
        answer: { type: 'choice', choices: everyNode(20) },
        signature: 'a'.repeat(128)
      })),
      outcome: { counted: everyNode(100).map((author) => ({ author, ballot: 'a'.repeat(64) })) },
      signatures: everyNode(100).map((author) => ({ author, signature: 'a'.repeat(128) }))
    }
    expect(prettyJson(large).length).toBeLessThan(CERTIFICATE_SIZE_BYTES_MAX / 2)
  })
})

describe('a certificate is refused', () => {
  it.each(Object.keys(CERTIFICATE_FLAWS) as CertificateFlaw[])('as %s, and says why', (flaw) => {
    const verdict = verifyCertificate(FLAWED[flaw](), verify)
    expect(verdict).toMatchObject({ ok: false, reason: flaw })
    expect(!verdict.ok && verdict.explanation.startsWith(CERTIFICATE_FLAWS[flaw])).toBe(true)
  })

  it.each<[string, CertificateFlaw, () => string | Uint8Array]>([
    ['nothing', 'unreadable', () => ''],
    ['bytes that are not UTF-8', 'unreadable', () => Uint8Array.of(0x22, 0xff, 0x22)],
    ['a byte order mark', 'unreadable', () => `\ufeff${text}`],
    ['a byte order mark in bytes', 'unreadable', () => new TextEncoder().encode(`\ufeff${text}`)],
    ['an unpaired surrogate', 'unreadable', () => '"\ud800"'],
    ['text that is short in characters and too long in bytes', 'too-large', () => `"${'\u20ac'.repeat(400_000)}"`],
    ['null', 'wrong-format', () => 'null\n'],
    ['a list', 'wrong-format', () => '[]\n'],
    ['lists in lists, half a megabyte deep', 'wrong-format', () => '['.repeat(500_000) + ']'.repeat(500_000)],
    ['depth in the charter', 'charter-invalid', () => changedRaw('charter', nested())],
    ['depth in the proposal', 'proposal-invalid', () => changedRaw('proposal', nested())],
    ['depth in the outcome', 'wrong-shape', () => changedRaw('outcome', nested())],
    ['a member named twice', 'not-canonical', () => text.replace('{\n', '{\n  "format": "x",\n')],
    ['a missing newline at the end', 'not-canonical', () => text.slice(0, -1)],
    ['one space too many', 'not-canonical', () => `${text} `],
    ['Windows line ends', 'not-canonical', () => text.replaceAll('\n', '\r\n')],
    ['a number written otherwise', 'not-canonical', () => text.replace('"author": 0', '"author": 0.0')],
    ['minus zero', 'not-canonical', () => text.replace('"author": 0', '"author": -0')],
    ['a fraction', 'wrong-shape', () => text.replace('"author": 0', '"author": 0.5')],
    ['an id in the proposal', 'proposal-invalid', () => withValue('proposal.id', proposal.id)],
    ['an unsigned charter', 'charter-invalid', () => withValue('charter.signatures', {})],
    ['a forged charter', 'charter-invalid', () => changed((draft) => forgeFirst(draft.charter))],
    ['signatures in another order', 'wrong-order', () => changed((draft) => draft.signatures.reverse())],
    [
      'a list of counted ballots in another order',
      'wrong-order',
      () => changed((draft) => draft.outcome.counted.reverse())
    ],
    ['a winner that lost', 'recount-differs', () => withValue('outcome.result.tallies', [9, 9, 9])],
    ['another counting rule', 'recount-differs', () => withValue('outcome.rule', 'approval')],
    ['another tie rule', 'recount-differs', () => withValue('outcome.tie', 'lot')]
  ])('for %s', (_, reason, flawed) => {
    expect(reasonOf(flawed())).toBe(reason)
  })

  it('if one validator rewrites the ballot of another and counts again', () => {
    const rewritten = ballots.map((ballot) => ({ ...ballot, answer: choose(2) }))
    expect(reasonOf(certificateText(certificateOf(community, proposal, rewritten, everyNode(SIZE))))).toBe(
      'ballot-bad-signature'
    )
  })

  it('if true signatures over one outcome are put under another', () => {
    const fewer = certificateOf(community, proposal, ballots.slice(1), everyNode(SIZE).slice(0, 5))
    expect(reasonOf(certificateText({ ...fewer, signatures: certificate.signatures }))).toBe('signature-bad')
  })

  it('if ballots cast in one decision are put into another', () => {
    const again = proposalTo(community, { nonce: 'ff'.repeat(16) })
    const outcome = outcomeOf(
      again,
      ballots.map((ballot) => ({ author: ballot.author, ballot: { ...ballot, decision: again.id } }))
    )
    const own = certificateOf(community, again, [], everyNode(SIZE))
    const moved = { ...own, ballots: certificate.ballots, outcome }
    expect(reasonOf(certificateText(moved))).toBe('ballot-bad-signature')
  })

  it('if one validator signs in the name of the others', () => {
    const alone = { ...community, keys: community.keys.map(() => community.keys[0] as (typeof community.keys)[0]) }
    expect(reasonOf(certificateText(certificateOf(alone, proposal, ballots, everyNode(SIZE))))).toBe('signature-bad')
  })

  it('with an explanation that is safe to print', () => {
    const verdict = verifyCertificate(withValue('\u001b[2J', '\u202e'), verify)
    expect(!verdict.ok && verdict.explanation).toContain('\\u{1b}[2J')
    expect(!verdict.ok && verdict.explanation).not.toMatch(/[\p{Cc}\p{Cf}]/u)
  })

  it('whatever bit of it is flipped', () => {
    const small = communityOf(4)
    const asked = proposalTo(small)
    const cast = ballotsOf(small, asked, [choose(0), ABSTAIN, NO_ANSWER])
    const made = certificateOf(small, asked, cast, [nodeId(0), nodeId(2), nodeId(3)])
    const bytes = new TextEncoder().encode(certificateText(made))
    const remember = rememberingVerify()
    expect(verifyCertificate(bytes, remember).ok).toBe(true)
    const accepted: string[] = []
    const reasons = new Set<string>()
    for (let offset = 0; offset < bytes.length; offset++) {
      for (const bit of [0x01, 0x10, 0x20, 0x80]) {
        const flipped = bytes.slice()
        flipped[offset] = (flipped[offset] as number) ^ bit
        const verdict = verifyCertificate(flipped, remember)
        if (verdict.ok) accepted.push(`bit ${bit} of byte ${offset}`)
        else reasons.add(verdict.reason)
      }
    }
    expect(accepted).toEqual([])
    expect(reasons.size).toBeGreaterThan(10)
  })
})

/** JSON nested far deeper than a recursive reader could follow. */
function nested(): string {
  return `${'{"a":'.repeat(50_000)}1${'}'.repeat(50_000)}`
}

/** The good certificate with the value of one field replaced by raw JSON. */
function changedRaw(field: string, json: string): string {
  return JSON.stringify({ ...certificate, [field]: 'RAW' }).replace('"RAW"', json)
}

function forgeFirst(charter: { members: { key: string }[]; signatures: Record<string, string> }): void {
  const [first] = charter.members as [{ key: string }]
  charter.signatures[first.key] = '00'.repeat(64)
}
