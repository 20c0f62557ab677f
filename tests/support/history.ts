/** Decisions of the past, put into the stores of peers that do not run: really signed, by as many as it takes. */

import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { canonicalJson } from '../../src/core/canonical.ts'
import type { DecisionId } from '../../src/core/ids.ts'
import { nodeId } from '../../src/core/ids.ts'
import { castBallot } from '../../src/decision/ballot.ts'
import { certificateText, makeCertificate } from '../../src/decision/certificate.ts'
import { checkCharter } from '../../src/decision/charter.ts'
import { outcomeOf } from '../../src/decision/outcome.ts'
import { checkProposal } from '../../src/decision/proposal.ts'
import { rosterOf } from '../../src/decision/roster.ts'
import { outcomeHash, outcomeSigningBytes } from '../../src/decision/signing.ts'
import { CHARTER_FILE } from '../../src/launcher/community.ts'
import { type Identity, readIdentity } from '../../src/storage/identity.ts'
import { verify } from '../../src/storage/keys.ts'
import { openStore } from '../../src/storage/store.ts'

/** A decision that is over. */
export interface Past {
  readonly decision: DecisionId
  readonly certificate: string
  readonly outcome: string
}

/** `count` decisions of the community of these data directories: all cast a ballot, and all but the last sign. */
export async function makeHistory(dataDirectories: readonly string[], count: number): Promise<Past[]> {
  const document: unknown = JSON.parse(readFileSync(join(dataDirectories[0] as string, CHARTER_FILE), 'utf8'))
  return makeHistoryOf(checkCharter(document, verify), dataDirectories, count)
}

/** The same, of a charter that is at hand. */
export async function makeHistoryOf(
  charter: ReturnType<typeof checkCharter>,
  dataDirectories: readonly string[],
  count: number
): Promise<Past[]> {
  const roster = rosterOf(charter)
  const all = await Promise.all(dataDirectories.map((directory) => readIdentity(directory)))
  const identities = roster.members.map(({ key }) => all.find((identity) => identity?.key === key) as Identity)
  return Array.from({ length: count }, (_, index) => {
    const proposal = checkProposal({
      ...{ community: roster.community, roster: roster.hash, proposer: roster.members[index % identities.length]!.key },
      ...{ question: `Question ${index}?`, options: ['yes', 'no'], method: 'assembly', rule: 'plurality', tie: 'lot' },
      ...{ deadlineMs: 1_000, nonce: index.toString(16).padStart(32, '0') }
    })
    const ballots = identities.map(({ sign }, author) => {
      const answer = { type: 'choice', choices: [(index + author) % 2] } as const
      return castBallot({ decision: proposal.id, author: nodeId(author), answer, sign })
    })
    const outcome = outcomeOf(
      proposal,
      ballots.map((ballot) => ({ author: ballot.author, ballot }))
    )
    const message = outcomeSigningBytes(outcomeHash(outcome))
    const signatures = identities
      .slice(0, -1)
      .map(({ sign }, author) => ({ author: nodeId(author), signature: sign(message) }))
    const certificate = makeCertificate({ charter: charter.charter, proposal, ballots, outcome, signatures })
    return { decision: proposal.id, certificate: certificateText(certificate), outcome: canonicalJson(outcome) }
  })
}

/** Puts decisions into the store of a peer that does not run, in this order. */
export async function remember(dataDirectory: string, past: readonly Past[]): Promise<void> {
  const store = await openStore(dataDirectory)
  await Promise.all(
    past.map(({ decision, certificate, outcome }) => store.closeDecision(decision, { outcome, certificate }))
  )
  await store.close()
}
