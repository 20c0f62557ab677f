/**
 * A question of this peer, with everything that a proposal needs and a person does not say.
 *
 * @packageDocumentation
 */

import { randomBytes } from 'node:crypto'
import { toHex } from '../core/bytes.ts'
import type { PublicKey } from '../core/keys.ts'
import { checkProposal, type IdentifiedProposal } from '../decision/proposal.ts'
import type { Roster } from '../decision/roster.ts'
import type { ProposeParams } from './control-protocol.ts'

/** Default of `ProposeParams.deadlineMs`. */
const DEADLINE_MS = 60_000

/** The proposal. Throws OptionsError with every problem. */
export function newProposal(params: ProposeParams, roster: Roster, proposer: PublicKey): IdentifiedProposal {
  return checkProposal({
    community: roster.community,
    roster: roster.hash,
    proposer,
    question: params.question,
    options: params.options,
    method: params.method ?? 'assembly',
    rule: params.rule ?? 'plurality',
    tie: params.tie ?? 'lot',
    deadlineMs: params.deadlineMs ?? DEADLINE_MS,
    nonce: toHex(randomBytes(16))
  })
}
