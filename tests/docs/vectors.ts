/**
 * The test vectors of `docs/PROTOCOL.md`: everything that follows from a few fixed inputs, as the code works it out.
 */

import { sha256 } from '@noble/hashes/sha2.js'
import { EPOCHS_AHEAD_MAX } from '../../src/consensus/binary-agreement.ts'
import { scheduledCoin } from '../../src/consensus/coin.ts'
import { INIT_VALUES_MAX } from '../../src/consensus/reliable-broadcast.ts'
import { concatBytes, fromHex, toHex, utf8 } from '../../src/core/bytes.ts'
import { canonicalJson } from '../../src/core/canonical.ts'
import type { DecisionId, Epoch, Hash, NodeId } from '../../src/core/ids.ts'
import * as quorum from '../../src/core/quorum.ts'
import { type Answer, type Ballot, ballotHash, castBallot } from '../../src/decision/ballot.ts'
import { CERTIFICATE_SIZE_BYTES_MAX, certificateText, makeCertificate } from '../../src/decision/certificate.ts'
import {
  CHARTER_LIMITS,
  type Charter,
  charterId,
  checkCharter,
  newCharterTerms,
  signCharter
} from '../../src/decision/charter.ts'
import { CLOSING_GRACE_MS } from '../../src/decision/decision.ts'
import type { DecisionMessage } from '../../src/decision/decision-message.ts'
import { ARCHIVE_LIMITS, DIGEST_ID_DIGITS, digestId } from '../../src/decision/delivery.ts'
import { outcomeOf } from '../../src/decision/outcome.ts'
import {
  checkProposal,
  type IdentifiedProposal,
  PROPOSAL_LIMITS,
  type Proposal,
  proposalTerms
} from '../../src/decision/proposal.ts'
import { type Roster, rosterOf } from '../../src/decision/roster.ts'
import { hashOf, outcomeHash, outcomeSigningBytes } from '../../src/decision/signing.ts'
import { messageIdOf } from '../../src/network/gossip-settings.ts'
import { peerIdOf } from '../../src/network/peer-key.ts'
import { OUTSIDERS_MAX, PATIENCE } from '../../src/network/settings.ts'
import { SYNC_PROTOCOL } from '../../src/network/streams/exchange.ts'
import { OPEN_DECISIONS_PER_PROPOSER_MAX } from '../../src/peer/arrivals.ts'
import { EARLY_FRAMES_PER_AUTHOR_MAX } from '../../src/peer/intake.ts'
import { PATIENCE_MS_MAX } from '../../src/peer/outbox.ts'
import { SYNC_INTERVAL_MS } from '../../src/peer/sync.ts'
import { type Identity, identityOf } from '../../src/storage/identity.ts'
import { verify } from '../../src/storage/keys.ts'
import { type Envelope, encodeEnvelope, type Payload, WIRE_VERSION } from '../../src/wire/envelope.ts'
import { LIMITS } from '../../src/wire/limits.ts'
import { Frame } from '../../src/wire/messages.ts'
import { encodeSync } from '../../src/wire/sync.ts'

/** A proposal without what follows from the community. */
type Question = Omit<Proposal, 'community' | 'roster' | 'proposer'>

/** What the vectors start from. */
export interface VectorInputs {
  /** Ed25519 seeds as hexadecimal, with the names of their members. */
  readonly members: readonly { readonly seed: string; readonly name: string }[]
  readonly charter: { readonly name: string; readonly nonce: string }
  /** The proposer's position in the roster. */
  readonly proposer: NodeId
  readonly proposal: Question
  /** One a validator, in roster order. */
  readonly answers: readonly Answer[]
  /** Who signs the certificate. */
  readonly signers: readonly NodeId[]
  /** Whose agreement tosses the coins. */
  readonly coinInstance: NodeId
  /** What the batch below says besides a ballot, echoes of all ballots and an endorsement. */
  readonly words: { readonly author: NodeId; readonly sequence: number; readonly bits: readonly DecisionMessage[] }
  readonly presence: {
    readonly author: NodeId
    readonly sequence: number
    readonly addresses: readonly string[]
    readonly neighbours: readonly NodeId[]
    readonly session: string
    readonly life: number
    readonly observing: boolean
  }
  /** Sizes of rosters whose thresholds are listed. */
  readonly rosterSizes: readonly number[]
}

interface Scene {
  readonly inputs: VectorInputs
  /** In roster order. */
  readonly identities: readonly Identity[]
  readonly charter: Charter
  readonly roster: Roster
  readonly proposal: IdentifiedProposal
  readonly ballots: readonly Ballot[]
}

/** Everything the document lists, from what it starts with. */
export function vectorsOf(inputs: VectorInputs): Record<string, unknown> {
  const scene = sceneOf(inputs)
  return {
    thresholds: inputs.rosterSizes.map(thresholdsOf),
    members: membersOf(scene),
    charter: charterOf(scene),
    roster: rosterVector(scene),
    proposal: { canonical: canonicalJson(proposalTerms(scene.proposal)), id: scene.proposal.id },
    ballots: scene.ballots.map(ballotVector),
    lot: lotOf(scene),
    outcome: outcomeVector(scene),
    coin: coinOf(scene),
    frames: framesOf(scene),
    digest: digestOf(scene),
    certificate: certificateVector(scene)
  }
}

function sceneOf(inputs: VectorInputs): Scene {
  const all = inputs.members.map(({ seed }) => identityOf(fromHex(seed) as Uint8Array))
  const named = all.map(({ key }, index) => ({ key, name: inputs.members[index]?.name ?? '' }))
  const terms = newCharterTerms({ ...inputs.charter, members: named })
  const identities = terms.members.map((member) => all.find(({ key }) => key === member.key) as Identity)
  const unsigned: Charter = { ...terms, signatures: {} }
  const charter = identities.reduce((signed, { key, sign }) => signCharter(signed, key, sign), unsigned)
  const roster = rosterOf(checkCharter(charter, verify))
  const proposal = checkProposal({
    ...inputs.proposal,
    community: roster.community,
    roster: roster.hash,
    proposer: roster.member(inputs.proposer).key
  })
  const ballots = inputs.answers.map((answer, author) =>
    castBallot({ decision: proposal.id, author: author as NodeId, answer, sign: (identities[author] as Identity).sign })
  )
  return { inputs, identities, charter, roster, proposal, ballots }
}

function thresholdsOf(n: number): unknown {
  return {
    n,
    maxFaulty: quorum.maxFaulty(n),
    enoughToProceed: quorum.enoughToProceed(n),
    enoughToTrustOne: quorum.enoughToTrustOne(n),
    enoughForAll: quorum.enoughForAll(n),
    enoughToIntersect: quorum.enoughToIntersect(n),
    enoughToCertify: quorum.enoughToCertify(n)
  }
}

function membersOf({ roster }: Scene): unknown {
  return roster.members.map(({ key, name }) => ({ key, name, peerId: peerIdOf(key) }))
}

function charterOf({ charter }: Scene): unknown {
  const { signatures, ...terms } = charter
  return { canonical: canonicalJson(terms), id: charterId(charter), signatures }
}

function rosterVector({ roster }: Scene): unknown {
  const keys = roster.members.map((member) => member.key)
  const canonical = canonicalJson({ community: roster.community, epoch: roster.epoch, keys })
  return { canonical, hash: roster.hash, topic: `equipotent/1/${roster.community}` }
}

function ballotVector(ballot: Ballot): unknown {
  const { signature, ...terms } = ballot
  return { canonical: canonicalJson(terms), hash: ballotHash(ballot), signature: toHex(signature) }
}

function lotOf({ proposal, ballots }: Scene): unknown {
  const hashes = ballots.map(ballotHash).toSorted()
  return proposal.options.map((_, option) => {
    const drawn = { decision: proposal.id, ballots: hashes, option }
    return { canonical: canonicalJson(drawn), hash: hashOf('lot', drawn) }
  })
}

function outcomeIn({ proposal, ballots }: Scene): ReturnType<typeof outcomeOf> {
  return outcomeOf(
    proposal,
    ballots.map((ballot) => ({ author: ballot.author, ballot }))
  )
}

function endorse(scene: Scene, author: NodeId): Uint8Array {
  return (scene.identities[author] as Identity).sign(outcomeSigningBytes(outcomeHash(outcomeIn(scene))))
}

function outcomeVector(scene: Scene): unknown {
  const outcome = outcomeIn(scene)
  const hash = outcomeHash(outcome)
  const endorsements = scene.inputs.signers.map((author) => ({ author, signature: toHex(endorse(scene, author)) }))
  return { canonical: canonicalJson(outcome), hash, endorsements }
}

function coinOf({ inputs, proposal }: Scene): unknown {
  const instanceId = `${proposal.id}/${inputs.coinInstance}`
  const coin = scheduledCoin(utf8(instanceId), sha256)
  const epochs = [0, 1, 2, 3, 4, 5]
  const inEpoch = (epoch: number): Uint8Array => Uint8Array.of(0, 0, 0, 0, 0, 0, 0, epoch)
  return {
    instanceId,
    bits: epochs.map((epoch) => coin(epoch as Epoch)),
    hashes: epochs.slice(2).map((epoch) => toHex(sha256(concatBytes(utf8(instanceId), inEpoch(epoch)))))
  }
}

function framesOf(scene: Scene): unknown {
  const { inputs, proposal, ballots } = scene
  const { author, sequence, bits } = inputs.words
  const words: DecisionMessage[] = [
    { type: 'init', instance: author, value: ballots[author] as Ballot },
    ...ballots.map((ballot) => ({ type: 'echo' as const, instance: ballot.author, hash: ballotHash(ballot) })),
    ...bits,
    { type: 'endorsement', outcome: outcomeHash(outcomeIn(scene)), signature: endorse(scene, author) }
  ]
  const { author: speaker, ...presence } = inputs.presence
  return {
    proposal: frameVector(scene, inputs.proposer, proposal.id, { type: 'proposal', proposal }),
    words: frameVector(scene, author, proposal.id, { type: 'words', sequence, words }),
    presence: frameVector(scene, speaker, undefined, { type: 'presence', ...presence })
  }
}

function envelopeBy(scene: Scene, author: NodeId, decision: DecisionId | undefined, payload: Payload): Envelope {
  const { key, sign } = scene.identities[author] as Identity
  return encodeEnvelope({
    roster: scene.roster,
    author: key,
    ...(decision === undefined ? {} : { decision }),
    payload,
    sign
  })
}

function frameVector(scene: Scene, author: NodeId, decision: DecisionId | undefined, payload: Payload): unknown {
  const { frame, id } = envelopeBy(scene, author, decision, payload)
  const { body, signature } = Frame.decode(frame)
  return {
    author,
    body: toHex(body),
    signature: toHex(signature),
    id,
    gossipMessageId: toHex(messageIdOf(frame))
  }
}

/** A digest of somebody who holds the proposal, and the presence of one member. */
function digestOf(scene: Scene): unknown {
  const { inputs, roster, proposal } = scene
  const { id } = envelopeBy(scene, inputs.proposer, proposal.id, { type: 'proposal', proposal })
  const presence = roster.members.map((_, node) => (node === inputs.presence.author ? inputs.presence.sequence : 0))
  const open = [{ decision: proposal.id, have: [digestId(id)] }]
  const digest = { community: roster.community, open, closed: [], presence }
  return { message: toHex(encodeSync({ digest, frames: [], certificates: [] })) }
}

function certificateVector(scene: Scene): unknown {
  const { inputs, charter, proposal, ballots } = scene
  const signatures = inputs.signers.map((author) => ({ author, signature: endorse(scene, author) }))
  const text = certificateText(makeCertificate({ charter, proposal, ballots, outcome: outcomeIn(scene), signatures }))
  return { sizeBytes: utf8(text).length, sha256: toHex(sha256(utf8(text))) as Hash }
}

/** The text of the certificate that the vectors describe. */
export function certificateOf(inputs: VectorInputs): string {
  const scene = sceneOf(inputs)
  const signatures = inputs.signers.map((author) => ({ author, signature: endorse(scene, author) }))
  const { charter, proposal, ballots } = scene
  return certificateText(makeCertificate({ charter, proposal, ballots, outcome: outcomeIn(scene), signatures }))
}

/** Every constant that the document names. */
export const CONSTANTS = {
  wireVersion: WIRE_VERSION,
  syncProtocol: SYNC_PROTOCOL,
  charter: CHARTER_LIMITS,
  proposal: PROPOSAL_LIMITS,
  wire: LIMITS,
  certificateSizeBytesMax: CERTIFICATE_SIZE_BYTES_MAX,
  digestIdDigits: DIGEST_ID_DIGITS,
  archive: ARCHIVE_LIMITS,
  earlyFramesPerAuthorMax: EARLY_FRAMES_PER_AUTHOR_MAX,
  openDecisionsPerProposerMax: OPEN_DECISIONS_PER_PROPOSER_MAX,
  closingGraceMs: CLOSING_GRACE_MS,
  patientWordMsMax: PATIENCE_MS_MAX,
  syncIntervalMs: SYNC_INTERVAL_MS,
  epochsAheadMax: EPOCHS_AHEAD_MAX,
  initValuesMax: INIT_VALUES_MAX,
  outsidersMax: OUTSIDERS_MAX,
  patience: PATIENCE
} as const

/** The roster that the vectors describe. */
export const rosterOfInputs = (inputs: VectorInputs): Roster => sceneOf(inputs).roster
