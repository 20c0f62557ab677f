/**
 * The signed wrapper in which everything travels: who says it, in which community, on which roster, about which decision.
 *
 * One signature covers all of it, so a frame can be kept, passed on by anyone and shown as proof. Reading takes three
 * steps, the cheapest first, and the host may stop after each:
 *
 * 1. `decodeEnvelope`: sizes, then shape, then community, roster and author. Costs no cryptography but one hash.
 * 2. The host asks whether it has this `id` already.
 * 3. `verifyEnvelope`: the author's signature, and those inside: a ballot's and an endorsement's, which must hold without
 *    the frame because they end up in a certificate.
 *
 * A frame has one form: the fields that were read are written again and compared with what came, and `codec.ts` takes words
 * in one order only. So nobody can make many frames of one by adding fields or changing their order; and a second signature
 * over the same body does not make a second id.
 *
 * @packageDocumentation
 */

import { sha256 } from '@noble/hashes/sha2.js'
import { bytesEqual, concatBytes, toHex, utf8 } from '../core/bytes.ts'
import { invariant } from '../core/errors.ts'
import type { CommunityId, DecisionId, Hash, NodeId } from '../core/ids.ts'
import type { PublicKey, Sign, Signature, Verify } from '../core/keys.ts'
import { ballotSigningBytes } from '../decision/ballot.ts'
import type { Roster } from '../decision/roster.ts'
import { outcomeSigningBytes } from '../decision/signing.ts'
import { hashBytes, hashOfBytes, signatureOf, wire } from './codec.ts'
import { LIMITS } from './limits.ts'
import { Body, Frame } from './messages.ts'
import { BODY_DECODE_LIMITS, type Payload, type PayloadContext, payloadFields, readPayload } from './payload.ts'
import { attempt, decoded, expecting, refuse, type WireFault } from './refusal.ts'

export type { Payload } from './payload.ts'

/** The version of the wire format. */
export const WIRE_VERSION = 1

const SIGNING_PREFIX = utf8(`equipotent/envelope/${WIRE_VERSION}\n`)

/** A frame and what it says. */
export interface Envelope {
  readonly community: CommunityId
  /** Hash of the roster. */
  readonly roster: Hash
  readonly author: PublicKey
  /** Absent for presence only. */
  readonly decision?: DecisionId
  readonly payload: Payload
  /** The frame's exact bytes, a copy of our own. */
  readonly frame: Uint8Array
  /** SHA-256 of the frame's body. */
  readonly id: Hash
}

/** An envelope whose signatures are still to be checked. */
export interface DecodedEnvelope {
  readonly ok: true
  readonly envelope: Envelope
  /** The author's position in the roster. */
  readonly from: NodeId
  /** What the signature is over. */
  readonly signed: Uint8Array
  readonly signature: Signature
}

/** A frame that was refused. */
export interface RefusedEnvelope {
  readonly ok: false
  readonly fault: WireFault
}

/** What to say, and as whom. */
export interface EnvelopeInput {
  readonly roster: Roster
  readonly author: PublicKey
  readonly decision?: DecisionId
  readonly payload: Payload
  readonly sign: Sign
}

/** Writes and signs one frame. The payload is our own: breaking a limit here is our bug. */
export function encodeEnvelope({ roster, author, decision, payload, sign }: EnvelopeInput): Envelope {
  const from = roster.indexOf(author)
  invariant(from !== undefined, 'only members of the roster speak')
  const body = encodeBody({ roster, author, decision, from }, payload)
  invariant(body.length <= bodySizeBytesMax(payload.type), 'what one turn says fits into one frame')
  const frame = Frame.encode({ body, signature: wire(sign(concatBytes(SIGNING_PREFIX, body))) })
  return envelopeOf({ roster, author, decision, from }, payload, frame, body)
}

/** Reads a frame without checking signatures. Never throws, whatever the bytes. */
export function decodeEnvelope(frame: Uint8Array, roster: Roster): DecodedEnvelope | RefusedEnvelope {
  const reading = attempt(() => readEnvelope(frame, roster))
  return reading.ok ? reading.value : reading
}

/** What is wrong with the signatures of an envelope, or `undefined` if all are good. */
export function verifyEnvelope(decodedEnvelope: DecodedEnvelope, verify: Verify): WireFault | undefined {
  const { envelope, signed, signature } = decodedEnvelope
  const { author, payload } = envelope
  if (!verify(author, signed, signature)) return badSignature('the frame')
  if (payload.type !== 'words') return undefined
  for (const word of payload.words) {
    if (word.type === 'init' && !verify(author, ballotSigningBytes(word.value), word.value.signature)) {
      return badSignature('the ballot')
    }
    if (word.type === 'endorsement' && !verify(author, outcomeSigningBytes(word.outcome), word.signature)) {
      return badSignature('the endorsement')
    }
  }
  return undefined
}

/** Reads a frame and checks every signature. Never throws, whatever the bytes. */
export function openEnvelope(frame: Uint8Array, roster: Roster, verify: Verify): DecodedEnvelope | RefusedEnvelope {
  const opened = decodeEnvelope(frame, roster)
  if (!opened.ok) return opened
  const fault = verifyEnvelope(opened, verify)
  return fault === undefined ? opened : { ok: false, fault }
}

function readEnvelope(received: Uint8Array, roster: Roster): DecodedEnvelope {
  expecting(received.length > 0 && received.length <= LIMITS.frameSizeBytesMax, 'the frame is empty or too large')
  const frame = new Uint8Array(received)
  const { body, signature } = decoded(() => Frame.decode(frame), 'the frame')
  signatureOf(signature)
  const fields = decoded(() => Body.decode(body, { limits: BODY_DECODE_LIMITS }), 'the body')
  expecting(fields.version === WIRE_VERSION, `the frame speaks version ${fields.version} of the wire format`)
  const context = readContext(fields, roster)
  const payload = readPayload(fields, context)
  expecting(body.length <= bodySizeBytesMax(payload.type), `a frame with ${payload.type} is too large`)
  expecting(bytesEqual(body, Body.encode(fields)), 'the body is not in its one form')
  expecting(bytesEqual(frame, Frame.encode({ body, signature })), 'the frame is not in its one form')
  const envelope = envelopeOf(context, payload, frame, body)
  return { ok: true, envelope, from: context.from, signed: concatBytes(SIGNING_PREFIX, body), signature }
}

/** Who says it and about what, after comparing it with the roster. */
function readContext(fields: Body, roster: Roster): PayloadContext {
  const community = hashOfBytes(fields.community, 'the community')
  const rosterHash = hashOfBytes(fields.roster, 'the roster')
  const author = hashOfBytes(fields.author, 'the author') as string as PublicKey
  expecting(community === roster.community, 'the frame belongs to another community', 'wrong-roster')
  expecting(rosterHash === roster.hash, 'the frame is bound to another roster', 'wrong-roster')
  const from = roster.indexOf(author) ?? refuse('the author is not on the roster', 'wrong-roster')
  const decision =
    fields.decision.length === 0 ? undefined : (hashOfBytes(fields.decision, 'the decision') as DecisionId)
  return { roster, author, from, decision }
}

function encodeBody(context: PayloadContext, payload: Payload): Uint8Array<ArrayBuffer> {
  const { roster, author, decision } = context
  return Body.encode({
    version: WIRE_VERSION,
    community: hashBytes(roster.community),
    roster: hashBytes(roster.hash),
    author: hashBytes(author),
    ...(decision === undefined ? {} : { decision: hashBytes(decision) }),
    ...payloadFields(context, payload)
  })
}

function envelopeOf(
  { roster, author, decision }: PayloadContext,
  payload: Payload,
  frame: Uint8Array,
  body: Uint8Array
): Envelope {
  const id = toHex(sha256(body)) as Hash
  const about = decision === undefined ? {} : { decision }
  return { community: roster.community, roster: roster.hash, author, ...about, payload, frame, id }
}

function bodySizeBytesMax(type: Payload['type']): number {
  return LIMITS.payloadSizeBytesMax[type] + LIMITS.overheadSizeBytes
}

function badSignature(what: string): WireFault {
  return { kind: 'bad-signature', explanation: `the signature of ${what} does not verify` }
}
