/** Real peers in one process: real identities, stores, sockets. Everything is stopped and removed at the end of a test. */

import '../../src/network/runtime.ts'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { onTestFinished } from 'vitest'
import { type Charter, newCharterTerms, signCharter } from '../../src/decision/charter.ts'
import { createPeer, type Peer, type PeerOptions } from '../../src/peer/peer.ts'
import { loadOrCreateIdentity } from '../../src/storage/identity.ts'

/** A community on disk, its peers not started yet. */
export interface Founded {
  readonly charter: Charter
  /** Data directories, in no particular order. */
  readonly directories: readonly string[]
}

/** A fresh directory that is gone after the test. */
export async function temporaryDirectory(): Promise<string> {
  const directory = await mkdtemp(join(tmpdir(), 'equipotent-test-'))
  onTestFinished(() => rm(directory, { recursive: true, force: true }))
  return directory
}

/** Identities and a charter signed by all. */
export async function found(size: number): Promise<Founded> {
  const root = await temporaryDirectory()
  const directories = Array.from({ length: size }, (_, index) => join(root, `peer-${index + 1}`))
  const identities = await Promise.all(directories.map((directory) => loadOrCreateIdentity(directory)))
  const members = identities.map(({ key }, index) => ({ key, name: `bird ${index + 1}` }))
  const unsigned: Charter = { ...newCharterTerms({ name: 'test', members, nonce: '00'.repeat(16) }), signatures: {} }
  const charter = identities.reduce((signed, { key, sign }) => signCharter(signed, key, sign), unsigned)
  return { charter, directories }
}

/** Starts one peer; it is stopped after the test, if it has not been by then. */
export async function startPeer(options: PeerOptions): Promise<Peer> {
  const peer = await createPeer(options)
  onTestFinished(() => peer.stop('end of the test'))
  return peer
}

/** Starts a community: the first peer, then the others through it; resolves when no peer's loss would cut it apart. */
export async function startCommunity(size: number, options: Partial<PeerOptions> = {}): Promise<Peer[]> {
  const { charter, directories } = await found(size)
  const peers: Peer[] = []
  for (const dataDirectory of directories) {
    const through = peers[0] === undefined ? {} : { join: peers[0].addresses() }
    peers.push(await startPeer({ dataDirectory, charter, ...through, ...options }))
  }
  await until(() => peers.every((peer) => isMeshed(peer, size)))
  return peers
}

/** True if this peer knows the graph of all `size` peers, and the graph survives the loss of any one. */
export function isMeshed(peer: Peer, size: number): boolean {
  const { graph } = peer.status()
  return graph.peers === size && graph.articulationPoints.length === 0
}

/** Waits until `condition` holds; it is looked at again every few milliseconds. Throws after `withinMs`. */
export async function until(condition: () => boolean | Promise<boolean>, withinMs = 20_000): Promise<void> {
  const deadline = performance.now() + withinMs
  while (!(await condition())) {
    if (performance.now() > deadline) throw new Error(`not so within ${withinMs} ms: ${condition.toString()}`)
    await new Promise((resolve) => setTimeout(resolve, 10))
  }
}
