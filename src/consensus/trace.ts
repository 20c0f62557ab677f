/**
 * The one vocabulary for what happened, real or simulated: what a journal stores, a screen shows and a verdict reads.
 *
 * A trace event is one flat JSON object on one line: `{"t": ms since start, "peer": short id, "type": …, …}`. Fields of
 * each type are below; programs may rely on them, and new ones may be added.
 *
 * @packageDocumentation
 */

/** What every event carries. */
export interface TraceStamp {
  /** When, by this peer's own monotonic clock. Unit: milliseconds since it started. */
  readonly t: number
  /** Whose journal this is: the last eight characters of its peer id. */
  readonly peer: string
}

/** What happened. */
export type TraceFact =
  | { readonly type: 'peer-started'; readonly id: string; readonly name: string; readonly listen: readonly string[] }
  | { readonly type: 'peer-stopped'; readonly reason: string }
  | { readonly type: 'connected' | 'disconnected'; readonly to: string }
  /** A member said anew where it is; `sequence` is its own count. */
  | { readonly type: 'presence'; readonly of: string; readonly sequence: number }
  /** `to` joined (or left) this peer's gossip mesh. */
  | { readonly type: 'meshed'; readonly to: string; readonly mesh: number }
  | {
      readonly type: 'proposal'
      readonly decision: string
      readonly by: string
      readonly question: string
      readonly options: readonly string[]
      readonly method: string
      readonly rule: string
      readonly deadlineMs: number
      readonly validators: readonly string[]
    }
  /** A ballot became known here: `by` cast it. `own` marks this peer's own, with what it says. */
  | {
      readonly type: 'ballot'
      readonly decision: string
      readonly by: string
      readonly answer: 'choice' | 'abstain' | 'no-answer'
      readonly choices: readonly string[]
      readonly ballot: string
      readonly own: boolean
    }
  /** One gossip message: `kinds` counts the words in it by kind, e.g. `{"echo": 7}`. */
  | {
      readonly type: 'message'
      readonly direction: 'sent' | 'received'
      readonly decision: string
      readonly from: string
      readonly kinds: Readonly<Record<string, number>>
      readonly bytes: number
      /** How it came: gossip, or the digest exchange. */
      readonly via: 'gossip' | 'sync'
      readonly id: string
    }
  /** Rules that fired in one turn, with how often. */
  | { readonly type: 'rule'; readonly decision: string; readonly rules: Readonly<Record<string, number>> }
  /** Where the decision stands here, in plain words; see `decision/progress.ts`. Sent when it changes. */
  | {
      readonly type: 'progress'
      readonly decision: string
      readonly stage: string
      readonly waitingFor: string
      readonly missing: readonly string[]
      readonly cast: readonly string[]
    }
  | {
      readonly type: 'decided'
      readonly decision: string
      readonly outcome: string
      readonly result: string
      readonly counted: readonly string[]
      readonly notCounted: readonly string[]
    }
  | {
      readonly type: 'certified'
      readonly decision: string
      readonly outcome: string
      readonly signers: readonly string[]
    }
  | {
      readonly type: 'accused'
      readonly decision: string
      readonly accused: string
      readonly kind: string
      readonly explanation: string
      readonly evidence: boolean
    }
  /** Whether this peer speaks in decisions; see `peer/standing.ts`. `reason` is empty when it votes. */
  | { readonly type: 'standing'; readonly standing: 'asking' | 'voting' | 'observing'; readonly reason: string }
  /** Whether the disk takes what this peer would say. Until it does, the peer says nothing. */
  | { readonly type: 'disk'; readonly state: 'failing' | 'well'; readonly reason: string }
  /** How many members this peer reaches, itself among them. Fewer than a decision needs: it is cut off. */
  | { readonly type: 'reach'; readonly reached: number; readonly needed: number; readonly cutOff: boolean }
  | { readonly type: 'fault-injected'; readonly fault: string; readonly target: string }
  /** Something was refused or dropped, and why. Counted, so that a flood is one line and not a million. */
  | { readonly type: 'dropped'; readonly reason: string; readonly count: number }

/** One line of a journal. */
export type TraceEvent = TraceStamp & TraceFact
