/**
 * The words for "who" and "which", branded so that they cannot be mixed up.
 *
 * Inside the pure layers a validator is its position in the roster, because quorums are counted over a fixed list and
 * nothing else about a validator matters to them. Keys and libp2p peer ids are attached at the edges.
 *
 * @packageDocumentation
 */

declare const brand: unique symbol
/** Brands are sets of names, so that one type may carry two: every `DecisionId` is a `Hash`. */
type Brand<Base, Name extends string> = Base & { readonly [brand]: { readonly [Key in Name]: true } }

/** A validator: its position in the roster of one decision, `0` to `validatorCount - 1`. */
export type NodeId = Brand<number, 'NodeId'>

/** A libp2p peer id in its usual base58 form, e.g. `12D3KooW…`: who a process is, whatever roster it is on. */
export type PeerIdString = Brand<string, 'PeerIdString'>

/** 32 bytes of SHA-256 as 64 lower-case hexadecimal digits. */
export type Hash = Brand<string, 'Hash'>

/** The id of a decision: the hash of its proposal. */
export type DecisionId = Brand<string, 'DecisionId' | 'Hash'>

/** The id of a community: the hash of its charter. */
export type CommunityId = Brand<string, 'CommunityId' | 'Hash'>

/** One loop of binary agreement, from `0`. */
export type Epoch = Brand<number, 'Epoch'>

/** The name of a timer that a machine asks its host to run. */
export type TimerName = Brand<string, 'TimerName'>

/** The line of a paper (or of our own rules) that a step carried out, e.g. `rbc/ready-on-echoes`. */
export type RuleId = Brand<string, 'RuleId'>

/** Position `index` of a roster as a `NodeId`. */
export const nodeId = (index: number): NodeId => index as NodeId

/** Every validator of a roster of `validatorCount`, in order. */
export const everyNode = (validatorCount: number): NodeId[] =>
  Array.from({ length: validatorCount }, (_, index) => index as NodeId)

/** The short form of a hash or peer id that people read: its last eight characters. */
export const short = (id: string): string => id.slice(-8)
