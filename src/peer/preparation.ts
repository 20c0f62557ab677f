/**
 * What must be there before a peer can start: its directory, its identity, its place on the roster, its store.
 *
 * @packageDocumentation
 */

import { randomBytes } from 'node:crypto'
import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { toHex } from '../core/bytes.ts'
import { OptionsError } from '../core/errors.ts'
import type { NodeId } from '../core/ids.ts'
import { safeText } from '../core/text.ts'
import { type Roster, rosterOf } from '../decision/roster.ts'
import { type Identity, loadOrCreateIdentity } from '../storage/identity.ts'
import { verify } from '../storage/keys.ts'
import { openStore, type Store } from '../storage/store.ts'
import { Disk } from './disk.ts'
import { type PeerOptions, type ResolvedPeerOptions, resolvePeerOptions } from './options.ts'
import { SESSION_SIZE_BYTES } from './standing.ts'

/** What a peer starts with. */
export interface Prepared {
  readonly options: ResolvedPeerOptions
  readonly identity: Identity
  readonly roster: Roster
  readonly self: NodeId
  /** Drawn anew by every process. */
  readonly session: string
  readonly disk: Disk
  /** Open: whoever prepared it closes it. */
  readonly store: Store
}

/** Checks the options and opens what is on disk. Throws OptionsError with every problem, or OperationError. */
export async function prepare(given: PeerOptions): Promise<Prepared> {
  const options = await resolvePeerOptions(given, verify)
  const { dataDirectory } = options
  await makeDirectory(dataDirectory)
  const identity = await loadOrCreateIdentity(dataDirectory)
  const roster = rosterOf(options.charter)
  const self = requireMember(roster, identity)
  const disk = new Disk()
  const store = await openStore(dataDirectory, { onTrouble: disk.onTrouble })
  try {
    await bindToRoster(store, roster)
  } catch (error) {
    await store.close()
    throw error
  }
  return { options, identity, roster, self, session: toHex(randomBytes(SESSION_SIZE_BYTES)), disk, store }
}

async function makeDirectory(dataDirectory: string): Promise<void> {
  await mkdir(join(dataDirectory, 'certificates'), { recursive: true, mode: 0o700 }).catch(
    (error: NodeJS.ErrnoException) => {
      const got = `${safeText(dataDirectory)}: ${error.code ?? 'unknown error'}`
      throw new OptionsError([{ path: 'data', got, expected: 'a directory that can be written' }])
    }
  )
}

/** What was said and decided on one roster means nothing on another. */
async function bindToRoster(store: Store, roster: Roster): Promise<void> {
  const bound = await store.get('roster').catch(() => undefined)
  if (bound === roster.hash) return
  if (bound === undefined) return store.put('roster', roster.hash)
  const got = `one with the roster ${safeText(roster.hash.slice(0, 16))}…`
  const expected = `the charter that this data directory began with (roster ${safeText(bound, 16)}…), or a fresh directory`
  throw new OptionsError([{ path: 'charter', got, expected }])
}

function requireMember(roster: Roster, identity: Identity): NodeId {
  const self = roster.indexOf(identity.key)
  if (self !== undefined) return self
  const got = 'an identity that is not among its members'
  throw new OptionsError([
    { path: 'charter', got, expected: 'a charter that this data directory’s identity has signed' }
  ])
}
