/**
 * Founds a community on this machine: a folder for each peer, with its identity and a charter that every one has signed.
 *
 * Whoever calls this holds all the keys for a moment, which is what "local demo" means. It uses each once, to sign.
 *
 * @packageDocumentation
 */

import { randomBytes } from 'node:crypto'
import { existsSync, mkdirSync, readdirSync, writeFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { toHex } from '../core/bytes.ts'
import { OptionsError } from '../core/errors.ts'
import { CHARTER_LIMITS, type Charter, charterText, newCharterTerms, signCharter } from '../decision/charter.ts'
import { loadOrCreateIdentity } from '../storage/identity.ts'
import { peerName } from './names.ts'

/** The charter's name in a data directory. */
export const CHARTER_FILE = 'charter.json'

/** Where communities in the background live, below the current directory. */
export const BACKGROUND_DIRECTORY = join('.equipotent', 'community')

/** One peer of a community on this machine. */
export interface LocalPeer {
  /** From 1, as in the name of its folder. */
  readonly number: number
  /** The name of its folder: `peer-1`. */
  readonly folder: string
  readonly dataDirectory: string
}

/** The data directory of peer `number` in a community's folder. */
export function localPeer(directory: string, number: number): LocalPeer {
  const folder = `peer-${number}`
  return { number, folder, dataDirectory: resolve(directory, folder) }
}

/** The peers whose folders are in `directory`, in the order of their numbers; none if there is no such directory. */
export function localPeers(directory: string): LocalPeer[] {
  if (!existsSync(directory)) return []
  return readdirSync(directory)
    .map((name) => /^peer-([1-9]\d{0,2})$/.exec(name)?.[1])
    .filter((digits) => digits !== undefined)
    .map(Number)
    .sort((left, right) => left - right)
    .map((number) => localPeer(directory, number))
}

/** What to found. */
export interface CommunityOptions {
  /** Where the peers' folders go. It may exist, and must not hold any peer yet. */
  readonly directory: string
  /** How many peers. Limit: 1 to 100. */
  readonly peers: number
  /** The community's name. */
  readonly name: string
}

/** A community as it was founded. */
export interface Community {
  readonly charter: Charter
  readonly peers: readonly LocalPeer[]
}

/**
 * Makes the folders, the identities and the charter.
 *
 * Throws: `OptionsError` if there are peers in that directory already, or the number is not one a charter allows.
 */
export async function foundCommunity({ directory, peers: count, name }: CommunityOptions): Promise<Community> {
  refuseUnless(directory, count)
  const peers = Array.from({ length: count }, (_, index) => localPeer(directory, index + 1))
  for (const peer of peers) mkdirSync(peer.dataDirectory, { recursive: true, mode: 0o700 })
  const identities = await Promise.all(peers.map((peer) => loadOrCreateIdentity(peer.dataDirectory)))
  const members = identities.map(({ key }, index) => ({ key, name: peerName(index + 1) }))
  const terms = newCharterTerms({ name, members, nonce: toHex(randomBytes(CHARTER_LIMITS.nonceSizeBytes)) })
  const charter = identities.reduce<Charter>((signed, { key, sign }) => signCharter(signed, key, sign), {
    ...terms,
    signatures: {}
  })
  for (const peer of peers) writeFileSync(join(peer.dataDirectory, CHARTER_FILE), charterText(charter), { mode: 0o600 })
  return { charter, peers }
}

function refuseUnless(directory: string, count: number): void {
  const problems = []
  if (!Number.isInteger(count) || count < 1 || count > CHARTER_LIMITS.membersMax) {
    problems.push({
      path: 'peers',
      got: String(count),
      expected: `a whole number from 1 to ${CHARTER_LIMITS.membersMax}`
    })
  }
  if (localPeers(directory).length > 0) {
    problems.push({ path: 'data', got: directory, expected: 'a folder without peers of an earlier community' })
  }
  if (problems.length > 0) throw new OptionsError(problems)
}
