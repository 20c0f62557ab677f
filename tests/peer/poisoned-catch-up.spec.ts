import { multiaddr } from '@multiformats/multiaddr'
import { expect, it, onTestFinished } from 'vitest'
import { prettyJson } from '../../src/core/canonical.ts'
import { verifyCertificate } from '../../src/decision/certificate.ts'
import { checkCharter } from '../../src/decision/charter.ts'
import { type Roster, rosterOf } from '../../src/decision/roster.ts'
import { createHost } from '../../src/network/host.ts'
import { peerIdOf } from '../../src/network/peer-key.ts'
import { createExchange } from '../../src/network/streams/exchange.ts'
import type { Peer } from '../../src/peer/peer.ts'
import { type Identity, readIdentity } from '../../src/storage/identity.ts'
import { verify } from '../../src/storage/keys.ts'
import { encodeEnvelope } from '../../src/wire/envelope.ts'
import { encodeSync, type SyncMessage } from '../../src/wire/sync.ts'
import { communityOf, proposalTo } from '../decision/sample.ts'
import { makeHistoryOf, type Past, remember } from '../support/history.ts'
import { found, startPeer, until } from '../support/peers.ts'

const PAST_COUNT = 12
const NO_SIGNATURE = '00'.repeat(64)

interface Document {
  ballots: { author: number; signature: string }[]
  signatures: { author: number; signature: string }[]
  outcome: { result: { winner: number | null } }
  proposal: { question: string }
}

/** A certificate with something changed. */
function changed({ certificate }: Past, change: (document: Document) => unknown): SyncMessage {
  const document = JSON.parse(certificate) as Document
  change(document)
  return { frames: [], certificates: [prettyJson(document)] }
}

/** Everything that a liar may give somebody who catches up, one thing in each exchange. */
async function poisons(past: readonly Past[], liar: Identity, roster: Roster): Promise<SyncMessage[]> {
  const [one, two] = past as [Past, Past]
  const other = communityOf(4)
  const { frame } = encodeEnvelope({
    ...{ roster, author: liar.key, sign: () => new Uint8Array(64) },
    payload: {
      ...{ type: 'presence', sequence: 1, addresses: [], neighbours: [], session: '00'.repeat(16), life: 1 },
      observing: false
    }
  })
  const foreign = proposalTo(other)
  return [
    changed(one, ({ outcome }) => Object.assign(outcome.result, { winner: outcome.result.winner === 0 ? 1 : 0 })),
    changed(one, ({ signatures }) => signatures.fill(signatures[0]!, 0, 2)),
    changed(one, ({ signatures }) => signatures.pop()),
    changed(one, ({ signatures }) => Object.assign(signatures[0]!, { signature: NO_SIGNATURE })),
    changed(one, ({ ballots }) => Object.assign(ballots[0]!, { signature: NO_SIGNATURE })),
    changed(one, ({ proposal }) => Object.assign(proposal, { question: 'Who is the boss?' })),
    { frames: [], certificates: [one.certificate.replaceAll(one.decision, two.decision)] },
    { frames: [], certificates: [JSON.stringify(foreign)] },
    { frames: [], certificates: [one.certificate.trimEnd()] },
    { frames: [frame], certificates: [] },
    { frames: [new Uint8Array(100).fill(1)], certificates: [] }
  ]
}

async function founded() {
  const { charter, directories } = await found(4)
  const checked = checkCharter(charter, verify)
  const past = await makeHistoryOf(checked, directories, PAST_COUNT)
  const foreign = await found(4)
  const stolen = await makeHistoryOf(checkCharter(foreign.charter, verify), foreign.directories, 1)
  const identities = await Promise.all(directories.map((directory) => readIdentity(directory)))
  return { charter, directories, past, stolen: stolen[0]!, roster: rosterOf(checked), liar: identities[3] as Identity }
}

/** What is wrong with a certificate; the one of another community is good by itself. */
function flawOf(certificate: string): string {
  const checked = verifyCertificate(certificate, verify)
  return checked.ok ? 'none' : checked.reason
}

const closedAt = async (peer: Peer): Promise<string[]> =>
  (await peer.decisions()).closed.map(({ decision }) => decision)

it('believes nothing of what a poisoner gives, and has everything from the others', async () => {
  const { charter, directories, past, stolen, roster, liar } = await founded()
  const [victimAt, ...goodAt] = directories.slice(0, 3) as [string, ...string[]]
  for (const directory of goodAt) await remember(directory, past)
  const victim = await startPeer({ dataDirectory: victimAt, charter })

  const poison = [...(await poisons(past, liar, roster)), { frames: [], certificates: [stolen.certificate] }]
  expect(poison.flatMap(({ certificates }) => certificates).map(flawOf)).toEqual([
    ...['recount-differs', 'signer-duplicate', 'too-few-signatures', 'signature-bad', 'ballot-bad-signature'],
    ...['outcome-other-decision', 'outcome-other-decision', 'wrong-format', 'not-canonical', 'none']
  ])
  let servedCount = 0
  const host = await createHost({
    ...{ seed: liar.seed, listen: [], topic: `equipotent/1/${roster.community}` },
    rosterPeers: roster.members.filter(({ key }) => key !== liar.key).map(({ key }) => peerIdOf(key))
  })
  onTestFinished(() => host.stop())
  const exchange = await createExchange(host, {
    async *onExchange(_, incoming) {
      yield encodeSync({
        digest: { community: roster.community, open: [], closed: [], presence: [] },
        ...{ frames: [], certificates: [] }
      })
      await incoming[Symbol.asyncIterator]().next()
      const message = poison[servedCount++ % poison.length]
      if (message !== undefined) yield encodeSync(message)
    }
  })
  onTestFinished(() => exchange.stop())
  await host.node.dial(multiaddr(victim.addresses()[0]!))
  while (servedCount < poison.length) await exchange.with(victim.id).catch(() => undefined)

  const { counters } = victim.status()
  expect(counters['certificate-refused']).toBeGreaterThanOrEqual(10)
  expect(counters['bad-signature']).toBeGreaterThanOrEqual(1)
  expect(counters['unreadable-frame']).toBeGreaterThanOrEqual(1)
  expect(await closedAt(victim)).toEqual([])

  for (const dataDirectory of goodAt) await startPeer({ dataDirectory, charter, join: victim.addresses() })
  await until(async () => (await closedAt(victim)).length === PAST_COUNT)
  expect(await closedAt(victim)).toEqual(past.map(({ decision }) => decision))
})
