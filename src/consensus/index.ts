/**
 * The consensus core on its own: pure machines that decide without a leader. The public entry `equipotent/consensus`.
 *
 * Start with `machine.ts`, the contract between a protocol and whoever runs it.
 *
 * @packageDocumentation
 */

export {
  type BinaryAgreement,
  type BinaryAgreementOptions,
  createBinaryAgreement,
  EPOCHS_AHEAD_MAX,
  type Repair
} from './binary-agreement.ts'
export { BinaryValueBroadcast, type BinaryValueBroadcastOptions } from './binary-value-broadcast.ts'
export { type Coin, scheduledCoin } from './coin.ts'
export {
  CLOSE,
  type CommonSubset,
  type CommonSubsetOptions,
  createCommonSubset,
  type Subset,
  type SubsetEntry
} from './common-subset.ts'
export * from './machine.ts'
export * from './message.ts'
export {
  createReliableBroadcast,
  INIT_VALUES_MAX,
  type ReliableBroadcast,
  type ReliableBroadcastOptions
} from './reliable-broadcast.ts'
export { RULES, type Rule, type RuleName } from './rules.ts'
export { accuse, because, idle, join, lift } from './step.ts'
