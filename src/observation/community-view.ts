/**
 * The state a screen shows: one community through one peer's eyes.
 *
 * A pure reducer from trace events. It knows nothing that the peer itself does not know: whoever wants the whole picture
 * has to look through several pairs of eyes. Peers are kept by short id, which cannot be chosen; names are only labels.
 *
 * @packageDocumentation
 */

import type { TraceEvent, TraceFact } from '../consensus/trace.ts'

/** A label for a short id: the name it gave itself. */
export interface Named {
  readonly short: string
  readonly name: string
}

/** Another peer, or oneself, as this peer sees it. */
export interface PeerView extends Named {
  readonly self: boolean
  readonly connected: boolean
  /** True if it is in this peer's gossip mesh. */
  readonly mesh: boolean
}

/** One decision as this peer sees it. */
export interface DecisionView {
  readonly decision: string
  readonly question: string
  readonly options: readonly string[]
  readonly rule: string
  readonly method: string
  readonly by: string
  readonly validators: readonly string[]
  readonly stage: string
  readonly waitingFor: string
  /** For whom it waits, by short id. */
  readonly missing: readonly string[]
  /** Whose ballot is known here, by short id, with what it says as far as this peer may know. */
  readonly cast: Readonly<Record<string, Cast>>
  readonly outcome?: OutcomeView
  /** Who signed; empty while it is not certified. */
  readonly signers: readonly string[]
  readonly certified: boolean
}

/** What a known ballot says. */
export interface Cast {
  readonly answer: 'choice' | 'abstain' | 'no-answer' | 'unknown'
  readonly choices: readonly string[]
}

/** What was decided. */
export interface OutcomeView {
  readonly hash: string
  readonly result: string
  readonly counted: readonly string[]
  readonly notCounted: readonly string[]
}

/** An accusation this peer made or heard. */
export interface Accusation {
  readonly accused: string
  readonly kind: string
  readonly explanation: string
  readonly evidence: boolean
}

/** How much this peer said and heard. */
export interface Traffic {
  readonly sentCount: number
  readonly receivedCount: number
  readonly sentBytes: number
  readonly receivedBytes: number
}

/** One sentence for each kind of trouble that lasts; empty without. */
export interface Troubles {
  /** It only observes. */
  readonly standing: string
  /** Its disk takes nothing. */
  readonly disk: string
  /** It is cut off. */
  readonly reach: string
}

/** Everything a screen shows of one peer's view. */
export interface CommunityView {
  /** Short id of the peer that looks; empty until it is known. */
  readonly self: string
  readonly running: boolean
  readonly peers: Readonly<Record<string, PeerView>>
  /** Oldest first. Limit: the last 32. */
  readonly decisions: readonly DecisionView[]
  /** Limit: the last 32. */
  readonly accused: readonly Accusation[]
  /** Rules that fired most recently, with how often in that turn. */
  readonly lastRules: Readonly<Record<string, number>>
  readonly traffic: Traffic
  /** Why the peer that looks cannot do its part now; empty where it can. */
  readonly troubles: Troubles
  /** What was refused or dropped, by reason. */
  readonly dropped: Readonly<Record<string, number>>
  /** The time of the last event. Unit: milliseconds since the peer started. */
  readonly t: number
}

const KEPT_COUNT_MAX = 32

const NO_TRAFFIC: Traffic = { sentCount: 0, receivedCount: 0, sentBytes: 0, receivedBytes: 0 }

/** The view before anything has happened. `members` gives the names of a roster, if they are known. */
export function emptyView(self = '', members: readonly Named[] = []): CommunityView {
  const view: CommunityView = {
    self,
    running: false,
    peers: {},
    decisions: [],
    accused: [],
    lastRules: {},
    traffic: NO_TRAFFIC,
    troubles: { standing: '', disk: '', reach: '' },
    dropped: {},
    t: 0
  }
  return members.reduce((seen, member) => withPeer(seen, member.short, { name: member.name }), view)
}

/** The view after one more event. Events of other peers' journals change nothing. */
export function reduceView(view: CommunityView, event: TraceEvent): CommunityView {
  if (view.self !== '' && event.peer !== view.self) return view
  const looking = view.self === '' ? withPeer({ ...view, self: event.peer }, event.peer, {}) : view
  const onFact = ON_FACT[event.type] as OnFact<TraceFact> | undefined
  return onFact === undefined ? looking : { ...onFact(looking, event), t: event.t }
}

/** The decision a screen should show: the newest that is open, else the newest of all. */
export function currentDecision(view: CommunityView): DecisionView | undefined {
  return view.decisions.findLast((decision) => !decision.certified) ?? view.decisions.at(-1)
}

/** The name a short id goes by, or the short id itself. */
export function nameOf(view: CommunityView, short: string): string {
  const name = view.peers[short]?.name ?? ''
  return name === '' ? short : name
}

type OnFact<Fact extends TraceFact> = (view: CommunityView, fact: Fact) => CommunityView
type Fact<Type extends TraceFact['type']> = Extract<TraceFact, { type: Type }>

const ON_FACT: { readonly [Type in TraceFact['type']]: OnFact<Fact<Type>> } = {
  'peer-started': (view, fact) => withPeer({ ...view, running: true }, view.self, { name: fact.name, connected: true }),
  'peer-stopped': (view) => withoutLinks({ ...view, running: false }),
  connected: (view, { to }) => withPeer(view, to, { connected: true }),
  disconnected: (view, { to }) => withPeer(view, to, { connected: false, mesh: false }),
  presence: (view) => view,
  meshed: (view, { to, mesh }) => withPeer(view, to, { mesh: mesh > otherMeshCount(view, to) }),
  proposal: (view, fact) => withProposal(view, fact),
  ballot: (view, { decision, by, answer, choices }) =>
    withDecision(view, decision, ({ cast }) => ({ cast: { ...cast, [by]: { answer, choices } } })),
  message: (view, { direction, bytes }) => ({ ...view, traffic: withMessage(view.traffic, direction, bytes) }),
  rule: (view, { rules }) => ({ ...view, lastRules: rules }),
  progress: (view, { decision, stage, waitingFor, missing, cast }) =>
    withDecision(view, decision, (known) => ({ stage, waitingFor, missing, cast: withCast(known.cast, cast) })),
  decided: (view, { decision, outcome, result, counted, notCounted }) =>
    withDecision(view, decision, () => ({ outcome: { hash: outcome, result, counted, notCounted } })),
  certified: (view, { decision, signers }) =>
    withDecision(view, decision, () => ({ certified: true, stage: 'certified', waitingFor: '', missing: [], signers })),
  accused: (view, { accused, kind, explanation, evidence }) => ({
    ...view,
    accused: [...view.accused, { accused, kind, explanation, evidence }].slice(-KEPT_COUNT_MAX)
  }),
  standing: (view, { standing, reason }) => withTrouble(view, 'standing', standing === 'observing' ? reason : ''),
  disk: (view, { reason }) => withTrouble(view, 'disk', reason),
  reach: (view, { reached, needed, cutOff }) =>
    withTrouble(view, 'reach', cutOff ? `it reaches ${reached} of the ${needed} members that a decision needs` : ''),
  'fault-injected': (view) => view,
  dropped: (view, { reason, count }) => ({
    ...view,
    dropped: { ...view.dropped, [reason]: (view.dropped[reason] ?? 0) + count }
  })
}

function withTrouble(view: CommunityView, kind: keyof Troubles, trouble: string): CommunityView {
  return { ...view, troubles: { ...view.troubles, [kind]: trouble } }
}

function withPeer(view: CommunityView, short: string, change: Partial<PeerView>): CommunityView {
  const known = view.peers[short] ?? { short, name: '', self: false, connected: false, mesh: false }
  const peer = { ...known, ...change, self: short === view.self }
  return { ...view, peers: { ...view.peers, [short]: peer } }
}

/** A fact tells the size of the mesh afterwards: `to` is in it if that is more than all the others. */
function otherMeshCount(view: CommunityView, to: string): number {
  return Object.values(view.peers).filter((peer) => peer.mesh && peer.short !== to).length
}

function withoutLinks(view: CommunityView): CommunityView {
  const peers = Object.values(view.peers).map((peer) => [peer.short, { ...peer, connected: false, mesh: false }])
  return { ...view, peers: Object.fromEntries(peers) }
}

function withProposal(view: CommunityView, fact: Fact<'proposal'>): CommunityView {
  const known = fact.validators.reduce((seen, short) => withPeer(seen, short, {}), view)
  const { decision, by, question, options, method, rule, validators } = fact
  return withDecision(known, decision, () => ({ by, question, options, method, rule, validators }))
}

/** Changes one decision, making its acquaintance first if an event about it came before its proposal. */
function withDecision(
  view: CommunityView,
  id: string,
  change: (known: DecisionView) => Partial<DecisionView>
): CommunityView {
  const known = view.decisions.find((decision) => decision.decision === id)
  const before = known ?? newDecision(id)
  const after = { ...before, ...change(before) }
  const decisions =
    known === undefined
      ? [...view.decisions, after].slice(-KEPT_COUNT_MAX)
      : view.decisions.map((decision) => (decision === known ? after : decision))
  return { ...view, decisions }
}

function newDecision(decision: string): DecisionView {
  return {
    decision,
    question: '',
    options: [],
    rule: '',
    method: '',
    by: '',
    validators: [],
    stage: 'gathering',
    waitingFor: '',
    missing: [],
    cast: {},
    signers: [],
    certified: false
  }
}

function withCast(known: Readonly<Record<string, Cast>>, cast: readonly string[]): Readonly<Record<string, Cast>> {
  const unknown: Cast = { answer: 'unknown', choices: [] }
  return { ...Object.fromEntries(cast.map((short) => [short, unknown])), ...known }
}

function withMessage(traffic: Traffic, direction: 'sent' | 'received', bytes: number): Traffic {
  return direction === 'sent'
    ? { ...traffic, sentCount: traffic.sentCount + 1, sentBytes: traffic.sentBytes + bytes }
    : { ...traffic, receivedCount: traffic.receivedCount + 1, receivedBytes: traffic.receivedBytes + bytes }
}
