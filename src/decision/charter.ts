/**
 * A community's founding document: who founds it, under what name, signed by every one of them.
 *
 * The community's id is the hash of what they signed. Two charters are simply two communities, so founding needs no
 * agreement protocol and gives nobody a special right.
 *
 * @packageDocumentation
 */

import { fromHex, toHex } from '../core/bytes.ts'
import { prettyJson } from '../core/canonical.ts'
import { OptionsError, type Problem } from '../core/errors.ts'
import type { CommunityId } from '../core/ids.ts'
import { type PublicKey, SIGNATURE_SIZE_BYTES, type Sign, type Verify } from '../core/keys.ts'
import { safeText } from '../core/text.ts'
import { below, hex, isObject, listOf, oneOf, problemAt, record, text } from './shape.ts'
import { hashOf, signingBytes } from './signing.ts'

/** One founding member: a key, and a name for people. Names are hostile text: show them with a fingerprint. */
export interface Member {
  readonly key: PublicKey
  readonly name: string
}

/** What the founders sign. Members are sorted by key and distinct. */
export interface CharterTerms {
  readonly format: 'equipotent-charter/1'
  /** Limit: 1 to 80 code points. */
  readonly name: string
  /** Limit: 1 to 100 members. */
  readonly members: readonly Member[]
  /** 16 random bytes as hexadecimal: two communities of the same people and name are still two. */
  readonly nonce: string
}

/** A charter with the signatures gathered so far, by key, as hexadecimal. Complete when every member signed. */
export interface Charter extends CharterTerms {
  readonly signatures: Readonly<Record<string, string>>
}

/** A charter that was checked: complete, every signature good. */
export interface CheckedCharter {
  readonly id: CommunityId
  readonly charter: Charter
}

/** Limits of a charter. */
export const CHARTER_LIMITS = {
  nameCodePointsMax: 80,
  membersMax: 100,
  nonceSizeBytes: 16
} as const

const KEY_SIZE_BYTES = 32

const MEMBER = record({ key: hex(KEY_SIZE_BYTES), name: text(CHARTER_LIMITS.nameCodePointsMax) })

const TERMS_FIELDS = {
  format: oneOf('equipotent-charter/1'),
  name: text(CHARTER_LIMITS.nameCodePointsMax),
  members: listOf(MEMBER, 1, CHARTER_LIMITS.membersMax),
  nonce: hex(CHARTER_LIMITS.nonceSizeBytes)
}

const CHARTER = record({
  ...TERMS_FIELDS,
  signatures: (value, path) => (isObject(value) ? [] : [problemAt(path, value, 'an object of signatures by key')])
})

/**
 * The terms of a new community, its members sorted by key.
 *
 * Throws: `OptionsError` with every problem, in the order the members were given.
 */
export function newCharterTerms(input: {
  readonly name: string
  readonly members: readonly Member[]
  readonly nonce: string
}): CharterTerms {
  const terms: CharterTerms = { format: 'equipotent-charter/1', ...input }
  refuse([...record(TERMS_FIELDS)(terms, ''), ...duplicateProblems(membersOf({ ...terms }))])
  return { ...terms, members: terms.members.toSorted((left, right) => (left.key < right.key ? -1 : 1)) }
}

/** The id of a community: the hash of its terms. Signatures do not change it. */
export function charterId(terms: CharterTerms): CommunityId {
  return hashOf('charter', termsOf(terms)) as CommunityId
}

/** What every founder signs. */
export function charterSigningBytes(terms: CharterTerms): Uint8Array {
  return signingBytes('charter', termsOf(terms))
}

/**
 * The charter with one more signature, or the same one again: signing twice changes nothing.
 *
 * Throws: `OptionsError` if `key` is not a member's.
 */
export function signCharter(
  charter: CharterTerms & { readonly signatures?: Readonly<Record<string, string>> },
  key: PublicKey,
  sign: Sign
): Charter {
  const terms = termsOf(charter)
  if (!terms.members.some((member) => member.key === key)) {
    throw new OptionsError([problemAt('key', key, 'the key of a member of this charter')])
  }
  return { ...terms, signatures: { ...charter.signatures, [key]: toHex(sign(charterSigningBytes(terms))) } }
}

/** A charter as it stands in a file. */
export function charterText(charter: Charter): string {
  return prettyJson(charter)
}

/**
 * A parsed document as a complete charter: every member signed, every signature good.
 *
 * Throws: `OptionsError` with every problem. Signatures are verified once everything else is right, because until then
 * there is no telling what they should be over.
 */
export function checkCharter(value: unknown, verify: Verify): CheckedCharter {
  const charter = readCharter(value)
  refuse([...missingSignatures(charter), ...badSignatures(charter, verify)])
  return { id: charterId(charter), charter }
}

/**
 * A parsed document as a charter that may still lack signatures.
 *
 * With `verify`, the signatures it does have must be good. Throws: `OptionsError` with every problem.
 */
export function readCharter(value: unknown, verify?: Verify): Charter {
  refuse(charterProblems(value))
  const charter = value as Charter
  if (verify !== undefined) refuse(badSignatures(charter, verify))
  return { ...termsOf(charter), signatures: { ...charter.signatures } }
}

/** Everything wrong with a parsed charter, except what signatures are missing or bad. */
export function charterProblems(value: unknown): readonly Problem[] {
  const problems = CHARTER(value, '')
  if (!isObject(value)) return problems
  const members = membersOf(value)
  return [...problems, ...duplicateProblems(members), ...orderProblems(members), ...signatureProblems(value, members)]
}

/** Members whose signature the charter lacks. */
export function unsignedMembers(charter: Charter): readonly Member[] {
  return charter.members.filter((member) => !Object.hasOwn(charter.signatures, member.key))
}

/** Only the terms, without the signatures or anything else an object may carry. */
function termsOf({ format, name, members, nonce }: CharterTerms): CharterTerms {
  return { format, name, members: members.map((member) => ({ key: member.key, name: member.name })), nonce }
}

function refuse(problems: readonly Problem[]): void {
  if (problems.length > 0) throw new OptionsError(problems)
}

/** The members of a charter that may be anything, with their keys and names possibly anything too. */
function membersOf(charter: Readonly<Record<string, unknown>>): readonly Partial<Member>[] {
  const { members } = charter as { readonly members?: unknown }
  if (!Array.isArray(members) || members.length > CHARTER_LIMITS.membersMax) return []
  return members.map((member: unknown) => (isObject(member) ? (member as Partial<Member>) : {}))
}

function duplicateProblems(members: readonly Partial<Member>[]): Problem[] {
  return members.flatMap(({ key }, index) => {
    const isRepeated = typeof key === 'string' && members.findIndex((other) => other.key === key) < index
    return isRepeated ? [problemAt(`members.${index}.key`, key, 'a key that no other member has')] : []
  })
}

function orderProblems(members: readonly Partial<Member>[]): Problem[] {
  return members.flatMap(({ key }, index) => {
    const previous = members[index - 1]?.key
    const isEarlier = typeof key === 'string' && typeof previous === 'string' && key < previous
    return isEarlier ? [problemAt(`members.${index}.key`, key, 'members in the order of their keys')] : []
  })
}

function signatureProblems(charter: Readonly<Record<string, unknown>>, members: readonly Partial<Member>[]): Problem[] {
  const { signatures } = charter as { readonly signatures?: unknown }
  if (!isObject(signatures)) return []
  const keys = new Set<unknown>(members.map((member) => member.key))
  return Object.entries(signatures).flatMap(([key, signature]) => {
    const path = below('signatures', key)
    if (!keys.has(key)) return [problemAt(path, signature, 'only signatures by members')]
    return hex(SIGNATURE_SIZE_BYTES)(signature, path)
  })
}

function missingSignatures(charter: Charter): Problem[] {
  return unsignedMembers(charter).map((member) =>
    problemAt(`signatures.${member.key}`, undefined, `a signature by ${safeText(member.name)}`)
  )
}

/** Those among the signatures present that do not verify. */
export function badSignatures(charter: Charter, verify: Verify): Problem[] {
  const message = charterSigningBytes(charter)
  return charter.members.flatMap((member) => {
    const text = charter.signatures[member.key]
    if (text === undefined || verify(member.key, message, fromHex(text) ?? new Uint8Array())) return []
    return [problemAt(`signatures.${member.key}`, text, `a good signature by ${safeText(member.name)}`)]
  })
}
