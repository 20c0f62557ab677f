/**
 * The four things an envelope may carry, as fields of its body and back.
 *
 * Reading refuses what no correct peer writes: two payloads or none, a decision where none belongs, a proposal whose id is
 * not the decision's, an address that is not plain text.
 *
 * @packageDocumentation
 */

import { fromBitmap, fromHex, toBitmap, toHex } from '../core/bytes.ts'
import { invariant } from '../core/errors.ts'
import type { DecisionId, NodeId } from '../core/ids.ts'
import type { PublicKey } from '../core/keys.ts'
import type { DecisionMessage } from '../decision/decision-message.ts'
import {
  type IdentifiedProposal,
  identify,
  type Method,
  type Proposal,
  proposalProblems,
  type Rule,
  type TieRule
} from '../decision/proposal.ts'
import type { Roster } from '../decision/roster.ts'
import { payloadToWords, wire, wordsToPayload } from './codec.ts'
import { LIMITS } from './limits.ts'
import type { Body, EvidencePayload, PresencePayload, ProposalPayload } from './messages.ts'
import { expecting, refuse } from './refusal.ts'

/** What an envelope carries. */
export type Payload =
  | { readonly type: 'proposal'; readonly proposal: IdentifiedProposal }
  /** What its author says in one turn. `sequence` counts its batches about this decision from 0. */
  | { readonly type: 'words'; readonly sequence: number; readonly words: readonly DecisionMessage[] }
  /** Where its author listens, whom it is connected to, and which life of it speaks. */
  | {
      readonly type: 'presence'
      /** A higher one replaces a lower one. */
      readonly sequence: number
      readonly addresses: readonly string[]
      readonly neighbours: readonly NodeId[]
      /** Drawn anew by each process: 32 hexadecimal digits. Two at once show that one identity runs twice. */
      readonly session: string
      /** How often the author's data directory has begun a life, from 1. One that falls shows that it went back in time. */
      readonly life: number
      /** True if the author says nothing in decisions until the next roster. */
      readonly observing: boolean
    }
  /** Two frames of one author that contradict each other; see `proof.ts`. */
  | { readonly type: 'evidence'; readonly first: Uint8Array; readonly second: Uint8Array }

/** Who says it, on which roster, about which decision. */
export interface PayloadContext {
  readonly roster: Roster
  readonly author: PublicKey
  /** The author's position in the roster. */
  readonly from: NodeId
  readonly decision: DecisionId | undefined
}

/** How often a repeated field may repeat: checked while decoding, before memory is spent on it. */
export const BODY_DECODE_LIMITS = {
  proposal: { options: LIMITS.optionsMax },
  words: {
    hashes: LIMITS.hashGroupsMax,
    bits: LIMITS.bitGroupsMax,
    ballot: { choices: LIMITS.choicesMax }
  },
  presence: { addresses: LIMITS.addressesMax }
}

/** Names in the order of their codes on the wire. New ones go at the end. */
const METHODS: readonly Method[] = ['assembly']
const RULES: readonly Rule[] = ['plurality', 'approval']
const TIES: readonly TieRule[] = ['first-listed', 'lot', 'undecided']

/** Bytes of a presence's `session`. */
const SESSION_SIZE_BYTES = 16

/** What a multiaddr is written with: printable ASCII without a space. */
const ADDRESS = /^[!-~]+$/

type PayloadFields = Pick<Body, 'proposal' | 'words' | 'presence' | 'evidence'>

/** A payload of our own as fields of a body. */
export function payloadFields(context: PayloadContext, payload: Payload): PayloadFields {
  invariant((payload.type === 'presence') === (context.decision === undefined), 'only presence is about no decision')
  switch (payload.type) {
    case 'proposal':
      return { proposal: proposalFields(payload.proposal) }
    case 'words': {
      const ballot = payload.words.find((word) => word.type === 'init')
      invariant(ballot === undefined || ballot.instance === context.from, 'one casts only a ballot of one’s own')
      return { words: wordsToPayload(payload.words, payload.sequence, context.roster.members.length) }
    }
    case 'presence':
      return { presence: presenceFields(payload, context.roster.members.length) }
    case 'evidence':
      return { evidence: { first: wire(payload.first), second: wire(payload.second) } }
  }
}

/** The payload of a body that came from somebody else. */
export function readPayload(fields: Body, context: PayloadContext): Payload {
  const { proposal, words, presence, evidence } = fields
  const count = [proposal, words, presence, evidence].filter((field) => field !== undefined).length
  expecting(count === 1, `the frame carries ${count} payloads`)
  if (presence !== undefined) return readPresence(presence, context)
  const decision = context.decision ?? refuse('the frame names no decision')
  if (proposal !== undefined) return readProposal(proposal, context, decision)
  if (evidence !== undefined) return readEvidence(evidence)
  const { sequence } = words ?? refuse('the frame carries nothing')
  const about = { decision, author: context.from, validatorCount: context.roster.members.length }
  return { type: 'words', sequence, words: payloadToWords(words as NonNullable<typeof words>, about) }
}

function proposalFields(proposal: Proposal): ProposalPayload {
  const nonce = fromHex(proposal.nonce)
  invariant(nonce !== undefined, 'a nonce is hexadecimal')
  return {
    question: proposal.question,
    options: [...proposal.options],
    method: METHODS.indexOf(proposal.method),
    rule: RULES.indexOf(proposal.rule),
    tie: TIES.indexOf(proposal.tie),
    deadlineMs: proposal.deadlineMs,
    nonce: wire(nonce)
  }
}

function readProposal(fields: ProposalPayload, context: PayloadContext, decision: DecisionId): Payload {
  const terms: Proposal = {
    community: context.roster.community,
    roster: context.roster.hash,
    proposer: context.author,
    question: fields.question,
    options: fields.options,
    method: METHODS[fields.method] ?? refuse('the proposal names no known method'),
    rule: RULES[fields.rule] ?? refuse('the proposal names no known rule'),
    tie: TIES[fields.tie] ?? refuse('the proposal names no known way out of a tie'),
    deadlineMs: fields.deadlineMs,
    nonce: toHex(fields.nonce)
  }
  const problem = proposalProblems(terms)[0]
  if (problem !== undefined) refuse(`the proposal is not valid: ${problem.path} is not ${problem.expected}`)
  const proposal = identify(terms)
  expecting(proposal.id === decision, 'the proposal is not the one that the frame names')
  return { type: 'proposal', proposal }
}

/** Bytes that addresses with their tags and lengths may take in a presence: what the other fields leave of it. */
const ADDRESSES_SIZE_BYTES_MAX = LIMITS.payloadSizeBytesMax.presence - LIMITS.overheadSizeBytes

/** Tag and length of one address. */
const ADDRESS_OVERHEAD_SIZE_BYTES = 3

/** The first of one's own addresses, as many as fit into a presence. What is no multiaddr is left out. */
export function fittingAddresses(addresses: readonly string[]): string[] {
  const fitting: string[] = []
  let room = ADDRESSES_SIZE_BYTES_MAX
  for (const address of addresses.filter(isAddress)) {
    room -= address.length + ADDRESS_OVERHEAD_SIZE_BYTES
    if (room < 0 || fitting.length >= LIMITS.addressesMax) break
    fitting.push(address)
  }
  return fitting
}

function presenceFields(payload: Extract<Payload, { type: 'presence' }>, validatorCount: number): PresencePayload {
  const session = fromHex(payload.session)
  invariant(session?.length === SESSION_SIZE_BYTES, `a session is ${SESSION_SIZE_BYTES} bytes in hexadecimal`)
  invariant(Number.isSafeInteger(payload.life) && payload.life > 0, 'lives are counted from 1')
  return {
    sequence: payload.sequence,
    addresses: [...payload.addresses],
    neighbours: wire(toBitmap(payload.neighbours, validatorCount)),
    session: wire(session),
    life: payload.life,
    observing: payload.observing
  }
}

function readPresence(fields: PresencePayload, context: PayloadContext): Payload {
  const { sequence, addresses, session, life, observing } = fields
  expecting(context.decision === undefined, 'presence is about no decision')
  expecting(Number.isSafeInteger(sequence), 'the presence number is too high')
  expecting(addresses.every(isAddress), 'an address is not a multiaddr')
  const neighbours = fromBitmap(fields.neighbours, context.roster.members.length)
  expecting(session.length === SESSION_SIZE_BYTES, 'a session has the wrong length')
  expecting(Number.isSafeInteger(life) && life > 0, 'a life is not counted from 1, or is too high')
  return {
    type: 'presence',
    sequence,
    addresses,
    neighbours: neighbours ?? refuse('a bitmap does not fit the roster'),
    session: toHex(session),
    life,
    observing
  }
}

function isAddress(text: string): boolean {
  return text.length <= LIMITS.addressSizeBytesMax && ADDRESS.test(text)
}

/** Whether the frames prove anything is for `proof.ts` to say. */
function readEvidence({ first, second }: EvidencePayload): Payload {
  const fits = (frame: Uint8Array): boolean => frame.length > 0 && frame.length <= LIMITS.evidenceFrameSizeBytesMax
  expecting(fits(first) && fits(second), 'a frame within evidence is empty or too large')
  return { type: 'evidence', first, second }
}
