/**
 * What exactly is hashed and signed, so that a signature made for one purpose can never serve another.
 *
 * Every document is written as `equipotent/<domain>/1`, a newline, and its canonical JSON. The domain keeps kinds of
 * documents apart: no ballot has the same bytes as an outcome, whatever is in them. The `1` is the version of the
 * document's meaning.
 *
 * @packageDocumentation
 */

import { sha256 } from '@noble/hashes/sha2.js'
import { toHex, utf8 } from '../core/bytes.ts'
import { canonicalJson } from '../core/canonical.ts'
import type { Hash } from '../core/ids.ts'
import type { Outcome } from './outcome.ts'

/** The kinds of document that are hashed or signed. */
export type Domain = 'charter' | 'roster' | 'proposal' | 'ballot' | 'outcome' | 'endorsement' | 'lot'

/** The bytes of `value` under `domain`: what a signature is over, and what a hash is of. */
export function signingBytes(domain: Domain, value: unknown): Uint8Array {
  return utf8(`equipotent/${domain}/1\n${canonicalJson(value)}`)
}

/** SHA-256 of `signingBytes`. */
export function hashOf(domain: Domain, value: unknown): Hash {
  return toHex(sha256(signingBytes(domain, value))) as Hash
}

/** The hash by which an outcome is endorsed: equal if, and only if, the outcomes are equal. */
export function outcomeHash(outcome: Outcome): Hash {
  return hashOf('outcome', outcome)
}

/**
 * What an endorsement signs: the outcome's hash and nothing else.
 *
 * Why only the hash: the outcome names its decision and its roster, so nothing is left to bind, and whoever relays an
 * endorsement can check it before it knows the outcome.
 */
export function outcomeSigningBytes(hash: Hash): Uint8Array {
  return signingBytes('endorsement', hash)
}
