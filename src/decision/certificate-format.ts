/**
 * What a certificate is made of, field by field: as a type, and as a table that a document from a stranger must fit.
 *
 * @packageDocumentation
 */

import type { Problem } from '../core/errors.ts'
import type { NodeId } from '../core/ids.ts'
import { SIGNATURE_SIZE_BYTES } from '../core/keys.ts'
import type { Answer } from './ballot.ts'
import { CHARTER_LIMITS, type Charter } from './charter.ts'
import type { Outcome } from './outcome.ts'
import { PROPOSAL_LIMITS, type Proposal } from './proposal.ts'
import { type Check, hex, isObject, listOf, oneOf, orNull, record, wholeNumber } from './shape.ts'

/** The name and version of the format. */
export const CERTIFICATE_FORMAT = 'equipotent-certificate/1'

/** Bytes of the largest certificate that is looked at. A hundred validators and the longest texts fit. */
export const CERTIFICATE_SIZE_BYTES_MAX = 1024 * 1024

/** A certificate as it stands in a file. Signatures are hexadecimal; lists are in roster order. */
export interface Certificate {
  readonly format: typeof CERTIFICATE_FORMAT
  readonly charter: Charter
  readonly proposal: Proposal
  readonly ballots: readonly { readonly author: NodeId; readonly answer: Answer; readonly signature: string }[]
  readonly outcome: Outcome
  readonly signatures: readonly { readonly author: NodeId; readonly signature: string }[]
}

const HASH = hex(32)
const SIGNATURE = hex(SIGNATURE_SIZE_BYTES)
/** Whether a position is on the roster is a later question, with an answer of its own. */
const AUTHOR = wholeNumber(0, Number.MAX_SAFE_INTEGER)
const TALLY = wholeNumber(0, CHARTER_LIMITS.membersMax)
const OPTION = wholeNumber(0, Number.MAX_SAFE_INTEGER)
/** More than there are members, so that one too many is told as the duplicate it must be. */
const entries = (entry: Check): Check => listOf(entry, 0, 2 * CHARTER_LIMITS.membersMax)

const CHOICE = record({ type: oneOf('choice'), choices: listOf(OPTION, 0, 2 * PROPOSAL_LIMITS.optionsMax) })
const NO_CHOICE = record({ type: oneOf('choice', 'abstain', 'no-answer') })
const ANSWER: Check = (value, path) =>
  isObject(value) && value['type'] === 'choice' ? CHOICE(value, path) : NO_CHOICE(value, path)

const RESULT = record({
  winner: orNull(OPTION),
  tallies: listOf(TALLY, 0, PROPOSAL_LIMITS.optionsMax),
  abstained: TALLY,
  noAnswer: TALLY,
  tied: listOf(OPTION, 0, PROPOSAL_LIMITS.optionsMax)
})

const OUTCOME = record({
  format: oneOf('equipotent-outcome/1'),
  decision: HASH,
  roster: HASH,
  rule: oneOf('plurality', 'approval'),
  tie: oneOf('first-listed', 'lot', 'undecided'),
  counted: entries(record({ author: AUTHOR, ballot: HASH })),
  result: RESULT
})

const ANYTHING: Check = () => []

/** The charter and the proposal have checks and flaws of their own. */
const CERTIFICATE = record({
  format: oneOf(CERTIFICATE_FORMAT),
  charter: ANYTHING,
  proposal: ANYTHING,
  ballots: entries(record({ author: AUTHOR, answer: ANSWER, signature: SIGNATURE })),
  outcome: OUTCOME,
  signatures: entries(record({ author: AUTHOR, signature: SIGNATURE }))
})

/** Everything in the wrong place in a parsed certificate, except within its charter and its proposal. Never throws. */
export function certificateProblems(value: unknown): readonly Problem[] {
  return CERTIFICATE(value, '')
}
