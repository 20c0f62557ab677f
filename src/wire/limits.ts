/**
 * How much of anything a frame may carry. What breaks a limit is refused before it costs more than its length.
 *
 * Why so roomy: a limit that a correct validator can reach would silence it. With a hundred validators, a batch in which
 * one validator echoes and readies every ballot takes 6.5 KiB.
 *
 * @packageDocumentation
 */

import { ARCHIVE_LIMITS } from '../decision/delivery.ts'
import { PROPOSAL_LIMITS } from '../decision/proposal.ts'

const KIB = 1024

/** What stands around a payload in a body: version, community, roster, author, decision, field tags. */
const OVERHEAD_SIZE_BYTES = 256

/** What stands around a body in a frame: the signature, field tags. */
const SIGNATURE_PART_SIZE_BYTES = 80

const VALIDATORS_MAX = 100
const WORDS_SIZE_BYTES_MAX = 16 * KIB
const EVIDENCE_SIZE_BYTES_MAX = 40 * KIB

/** Every limit of the wire format. */
export const LIMITS = {
  /** Members of a roster. */
  validatorsMax: VALIDATORS_MAX,

  /** A frame's body without its overhead, by kind of payload. */
  payloadSizeBytesMax: {
    proposal: 16 * KIB,
    words: WORDS_SIZE_BYTES_MAX,
    presence: 2 * KIB,
    evidence: EVIDENCE_SIZE_BYTES_MAX
  },
  overheadSizeBytes: OVERHEAD_SIZE_BYTES,
  /** Any frame. */
  frameSizeBytesMax: EVIDENCE_SIZE_BYTES_MAX + OVERHEAD_SIZE_BYTES + SIGNATURE_PART_SIZE_BYTES,
  /** A frame within evidence. It carries words, so whatever words a member may say, they can be held against it. */
  evidenceFrameSizeBytesMax: WORDS_SIZE_BYTES_MAX + OVERHEAD_SIZE_BYTES + SIGNATURE_PART_SIZE_BYTES,

  optionsMax: PROPOSAL_LIMITS.optionsMax,
  choicesMax: PROPOSAL_LIMITS.optionsMax,

  /** Frames one validator may say about one decision; what is kept of them is far less. */
  wordsSequenceMax: 1_000_000,
  /** One group of echoes, one of readies. */
  hashGroupsMax: 2,
  /** Groups of bits: seven an epoch, so this is more than thirty epochs. A turn that says more says it in several frames. */
  bitGroupsMax: 256,
  /** Agreement takes two epochs on average; the machine's own window is far narrower. */
  epochMax: 100_000,

  addressesMax: 16,
  addressSizeBytesMax: 256,

  /** One message of the digest exchange. */
  syncSizeBytesMax: 1024 * KIB,
  /** All messages that one side sends in one exchange; what is left over waits for the next one. */
  exchangeSizeBytesMax: 8 * 1024 * KIB,
  /** What stands around one frame or certificate in such a message, and more. */
  itemOverheadSizeBytes: 8,
  syncFramesMax: 1_024,
  syncCertificatesMax: 64,
  /** A certificate of a hundred validators takes about 100 KiB. */
  certificateSizeBytesMax: 256 * KIB,
  openInDigestMax: 256,
  /** Over all open decisions of a digest: half of a message. */
  framesInDigestMax: 32_768,
  closedInDigestMax: ARCHIVE_LIMITS.closedInDigestMax,
  closedInInventoryMax: ARCHIVE_LIMITS.closedInInventoryMax
} as const
