/**
 * What validators say about one decision: the words of the common subset, and the endorsement of its outcome.
 *
 * @packageDocumentation
 */

import type { SubsetMessage } from '../consensus/message.ts'
import type { Hash } from '../core/ids.ts'
import type { Signature } from '../core/keys.ts'
import type { Ballot } from './ballot.ts'

/** "The agreed ballots give this outcome", signed so that it can stand in a certificate. */
export interface EndorsementMessage {
  readonly type: 'endorsement'
  /** Hash of the outcome. */
  readonly outcome: Hash
  /** Over `outcomeSigningBytes(outcome)`, by the author's key. */
  readonly signature: Signature
}

/** One word of a decision. Everything a validator says in one turn travels as one batch of these. */
export type DecisionMessage = SubsetMessage<Ballot> | EndorsementMessage

/** The same text for the same word: what a restarted validator compares to know what it has said already. */
export function wordKey(message: DecisionMessage): string {
  switch (message.type) {
    case 'init':
      return `init/${message.instance}`
    case 'echo':
    case 'ready':
      return `${message.type}/${message.instance}/${message.hash}`
    case 'bval':
      return `bval/${message.instance}/${message.epoch}/${message.bit}/${message.own}`
    case 'aux':
      return `aux/${message.instance}/${message.epoch}/${message.bit}`
    case 'conf':
      return `conf/${message.instance}/${message.epoch}/${message.bits}`
    case 'finish':
      return `finish/${message.instance}/${message.bit}`
    case 'endorsement':
      return `endorsement/${message.outcome}`
  }
}
