/**
 * What a local program may ask a running peer, over the socket file in its data directory.
 *
 * One JSON object a line, both ways. A request is `{"id": 1, "method": "status", "params": {}}`; its answer is
 * `{"id": 1, "result": …}` or `{"id": 1, "error": {"name": "OptionsError", "message": "…"}}`. `watch` is answered first with
 * its result (`{}`), then with `{"id": 1, "event": …}` lines until either side closes. The socket file has mode 0600:
 * whoever may open it is the peer's own user. Limit: 64 KiB a line; a longer one is answered with an `OptionsError` of id 0,
 * and the connection ends.
 *
 * @packageDocumentation
 */

import type { TraceEvent } from '../consensus/trace.ts'
import type { Method, Rule, TieRule } from '../decision/proposal.ts'

/** Bytes of the longest request line. */
export const CONTROL_LINE_SIZE_BYTES_MAX = 64 * 1024

/** What is said of a longer one, at whichever end it is noticed. */
export const REQUEST_TOO_LONG = {
  name: 'OptionsError',
  message: `the request is too long: at most ${CONTROL_LINE_SIZE_BYTES_MAX / 1024} KiB`
} as const

/** A person or process, as screens name it: the name is hostile text, the short id cannot be chosen. */
export interface Who {
  readonly name: string
  /** The last eight characters of the peer id. */
  readonly short: string
}

/** What to ask the community. Everything but the question and the options has a default. */
export interface ProposeParams {
  readonly question: string
  readonly options: readonly string[]
  /** Default: plurality. */
  readonly rule?: Rule
  /** Default: assembly. */
  readonly method?: Method
  /** Default: lot. */
  readonly tie?: TieRule
  /** Unit: milliseconds. Default: 60,000. */
  readonly deadlineMs?: number
}

/** One's own ballot. */
export interface VoteParams {
  /** A decision id, or an end of one that is unique among the open decisions. */
  readonly decision: string
  /** Options by name; or the one word `abstain`. */
  readonly choices: readonly string[]
  /** True: cast it now. False (default): keep it, changeable, until the deadline casts it. */
  readonly seal?: boolean
}

/** What to watch. */
export interface WatchParams {
  /** Types of events. Default: all. */
  readonly types?: readonly TraceEvent['type'][]
}

/** Where an open decision stands, as one peer sees it. */
export interface OpenDecision {
  readonly decision: string
  readonly question: string
  readonly options: readonly string[]
  readonly rule: Rule
  readonly by: Who
  /** The step reached; see `decision/progress.ts`. */
  readonly stage: string
  /** What it waits for, in plain words. */
  readonly waitingFor: string
  /** For whom it waits. */
  readonly missing: readonly Who[]
  /** Whose ballot is known here. */
  readonly cast: readonly Who[]
  /** This peer's own answer: none yet, kept but changeable, or cast. */
  readonly mine: { readonly state: 'none' | 'draft' | 'cast'; readonly answer: string }
  /** Until this peer's own deadline. Unit: milliseconds, 0 when it has passed. */
  readonly deadlineLeftMs: number
}

/** A decision that this peer holds a certificate (or at least an outcome) for. */
export interface ClosedDecision {
  readonly decision: string
  readonly question: string
  readonly options: readonly string[]
  /** The result in words, e.g. `lake (5 of 7)`. */
  readonly result: string
  /** Hash of the outcome. */
  readonly outcome: string
  readonly counted: readonly Who[]
  readonly notCounted: readonly Who[]
  /** Who signed, as far as this peer's certificate says; empty while it is decided but not certified. */
  readonly signers: readonly Who[]
  readonly certified: boolean
}

/** One member as this peer sees it. */
export interface MemberStatus extends Who {
  readonly self: boolean
  /** True if a connection is open right now (always for oneself). */
  readonly connected: boolean
  /** True if it is in this peer's gossip mesh. */
  readonly mesh: boolean
  /** True if it says that it only observes. */
  readonly observing: boolean
  /** Members it says it is connected to, by short id; empty until its presence was heard. */
  readonly links: readonly string[]
}

/** The answer to `status`. */
export interface Status {
  readonly pid: number
  readonly peer: Who & { readonly id: string }
  readonly community: { readonly id: string; readonly name: string }
  readonly validatorCount: number
  readonly maxFaulty: number
  /** Multiaddrs it listens on. */
  readonly listen: readonly string[]
  readonly members: readonly MemberStatus[]
  /** The connection graph as this peer knows it, from the links each member signed. */
  readonly graph: {
    readonly peers: number
    readonly links: number
    /** Members whose loss would cut the others apart. */
    readonly articulationPoints: readonly Who[]
  }
  /** Whether it votes. `asking`: not yet, it asks others for its own earlier words first. `reason` is empty if it votes. */
  readonly standing: { readonly state: 'asking' | 'voting' | 'observing'; readonly reason: string }
  /** Whether its disk takes what it would say; until then it says nothing. */
  readonly disk: { readonly state: 'well' | 'failing'; readonly reason: string }
  /** Members it reaches, itself included, directly or through others, and how many any decision needs. */
  readonly reach: { readonly reached: number; readonly needed: number; readonly cutOff: boolean }
  readonly open: readonly OpenDecision[]
  readonly decidedCount: number
  /** Drop and error counters by name, e.g. `{"bad-signature": 2}`; only those above zero. */
  readonly counters: Readonly<Record<string, number>>
  /** Unit: milliseconds. */
  readonly uptimeMs: number
}

/** Every method with its parameters and its result. */
export interface ControlMethods {
  readonly status: { readonly params: Record<string, never>; readonly result: Status }
  readonly propose: { readonly params: ProposeParams; readonly result: { readonly decision: string } }
  readonly vote: { readonly params: VoteParams; readonly result: OpenDecision }
  readonly decisions: {
    readonly params: Record<string, never>
    readonly result: { readonly open: readonly OpenDecision[]; readonly closed: readonly ClosedDecision[] }
  }
  /** Tells the community anew where this peer is; what `presence` events then carry. */
  readonly announce: { readonly params: Record<string, never>; readonly result: { readonly sequence: number } }
  /** First the journal's facts so far that still matter (open decisions, links), then each new one; only of `types`, if given. */
  readonly watch: { readonly params: WatchParams; readonly result: Record<string, never>; readonly event: TraceEvent }
  /** Ends the peer cleanly; answered before it stops. */
  readonly stop: { readonly params: Record<string, never>; readonly result: Record<string, never> }
}

/** The name of a method. */
export type ControlMethod = keyof ControlMethods

/** An answer line. */
export type ControlResponse =
  | { readonly id: number; readonly result: unknown }
  | { readonly id: number; readonly error: { readonly name: string; readonly message: string } }
  | { readonly id: number; readonly event: TraceEvent }
