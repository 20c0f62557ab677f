/**
 * One decision's life at one validator: from the proposal to a certificate that anyone can check.
 *
 * The story, for a community of seven:
 *
 * 1. **Gathering.** The proposal has arrived. My person answers, or my own deadline passes and I answer "no answer" for
 *    them. Either way I broadcast one signed ballot. Nobody collects the ballots: everyone hears everyone's.
 * 2. **Sharing.** When every ballot is here, or the time is over, I tell the others which ballots I saw, so that nobody
 *    can have shown different ballots to different people (`consensus/reliable-broadcast.ts`).
 * 3. **Agreeing.** For each ballot we agree, yes or no, whether it counts (`consensus/common-subset.ts`). The clock never
 *    says which: it only makes me stop waiting.
 * 4. **Signing.** We all hold the same set of ballots, so we all count alike. I sign the outcome and say so.
 * 5. **Certified.** Enough of us signed: the certificate is complete. It has no author.
 *
 * Two deadlines, both only my own: at `deadline` I cast what I have; `closing grace` later I stop waiting for the ballots
 * of others. In between the "no answer" of those who, like me, were waiting for a person can arrive and be counted.
 *
 * @packageDocumentation
 */

import { sha256 } from '@noble/hashes/sha2.js'
import { scheduledCoin } from '../consensus/coin.ts'
import { CLOSE, type CommonSubset, createCommonSubset } from '../consensus/common-subset.ts'
import { accuseOfContradiction, accuseOfImpossible } from '../consensus/faults.ts'
import { type Effect, ruleId, timerName } from '../consensus/machine.ts'
import type { SubsetMessage } from '../consensus/message.ts'
import { idle } from '../consensus/step.ts'
import { utf8 } from '../core/bytes.ts'
import { invariant } from '../core/errors.ts'
import type { Hash, NodeId, RuleId, TimerName } from '../core/ids.ts'
import type { Sign } from '../core/keys.ts'
import { enoughToCertify } from '../core/quorum.ts'
import { VoteSet } from '../core/vote-set.ts'
import { type Answer, answerProblem, type Ballot, ballotHash, castBallot } from './ballot.ts'
import { type Certificate, makeCertificate } from './certificate.ts'
import type { Charter } from './charter.ts'
import type { DecisionMessage, EndorsementMessage } from './decision-message.ts'
import { Endorsements } from './endorsements.ts'
import { type Outcome, outcomeOf } from './outcome.ts'
import type { IdentifiedProposal } from './proposal.ts'
import type { Roster } from './roster.ts'
import { outcomeHash, outcomeSigningBytes } from './signing.ts'

/** Runs out when this validator stops waiting for its own person. */
export const DEADLINE: TimerName = timerName('deadline')

/**
 * How long after its own deadline a validator goes on waiting for the ballots of others.
 *
 * Why: peers learn of a proposal at slightly different moments, so their deadlines differ by about one message's way; and
 * a "no answer" that is cast at the deadline needs a way to arrive. Unit: milliseconds.
 */
export const CLOSING_GRACE_MS = 1_000

/** Something that has happened to a decision. */
export type DecisionInput =
  /** The proposal is known here. The first input, once. */
  | { readonly type: 'opened' }
  /** The person answered. Not sealed: kept and changeable until the deadline casts it. Sealed: cast now. */
  | { readonly type: 'answered'; readonly answer: Answer; readonly seal: boolean }
  | { readonly type: 'received'; readonly from: NodeId; readonly message: DecisionMessage }
  | { readonly type: 'timed-out'; readonly timer: TimerName }

/** Something the host must do for a decision. `decide` carries the outcome; `certify` comes once, after it. */
export type DecisionEffect =
  | Effect<DecisionMessage, Outcome>
  | { readonly type: 'certify'; readonly certificate: Certificate }

/** The answer to one input. */
export interface DecisionStep {
  readonly effects: readonly DecisionEffect[]
  readonly rules: readonly RuleId[]
}

/** What a decision needs to know. `sign` is deterministic, so replaying the inputs repeats every byte said. */
export interface DecisionOptions {
  readonly self: NodeId
  readonly roster: Roster
  readonly charter: Charter
  readonly proposal: IdentifiedProposal
  readonly sign: Sign
}

const CAST_ANSWER = ruleId('decision/cast-answer')
const CAST_DRAFT = ruleId('decision/cast-draft-at-deadline')
const CAST_NO_ANSWER = ruleId('decision/cast-no-answer')
const ENDORSE = ruleId('decision/endorse-outcome')
const CERTIFY = ruleId('decision/certify')

/** One decision at one validator. The host calls `step`, carries out the effects in order, and nothing else. */
export class Decision {
  readonly proposal: IdentifiedProposal
  readonly roster: Roster
  readonly #options: DecisionOptions
  readonly #subset: CommonSubset<Ballot>
  readonly #endorsements = new Endorsements()
  /** Who has said anything after its ballot: its own closing rule holds. */
  readonly #active: VoteSet
  /** The ballots known here, by author; the first one of each. */
  readonly #ballots = new Map<NodeId, Ballot>()
  /** The answer my person gave but did not seal. */
  #draft: Answer | undefined
  /** The outcome I derived, with its hash and the ballots it counts. */
  #decided: { readonly outcome: Outcome; readonly hash: Hash; readonly ballots: readonly Ballot[] } | undefined
  #certified = false

  constructor(options: DecisionOptions) {
    const { self, roster, proposal } = options
    this.proposal = proposal
    this.roster = roster
    this.#options = options
    this.#active = new VoteSet(roster.members.length)
    this.#subset = createCommonSubset<Ballot>({
      self,
      validatorCount: roster.members.length,
      hashOf: ballotHash,
      coinOf: (instance) => scheduledCoin(utf8(`${proposal.id}/${instance}`), (bytes) => sha256(bytes))
    })
  }

  /** My position in the roster. */
  get self(): NodeId {
    return this.#options.self
  }

  /** My own ballot, once cast. */
  get ownBallot(): Ballot | undefined {
    return this.#ballots.get(this.#options.self)
  }

  /** The ballot of one validator, if it is known here. */
  ballotOf(author: NodeId): Ballot | undefined {
    return this.#ballots.get(author)
  }

  /** The answer kept for me until the deadline. */
  get draft(): Answer | undefined {
    return this.#draft
  }

  /** The ballots known here, in roster order. */
  get ballots(): readonly Ballot[] {
    return [...this.#ballots.values()].sort((left, right) => left.author - right.author)
  }

  /** The outcome, once derived here. */
  get outcome(): Outcome | undefined {
    return this.#decided?.outcome
  }

  /** True once this validator holds the certificate. */
  get certified(): boolean {
    return this.#certified
  }

  /** The agreement inside, for progress screens. */
  get subset(): Pick<CommonSubset<Ballot>, 'opened' | 'delivered' | 'agreed'> {
    return this.#subset
  }

  /** Ballots, by author, that everyone will deliver and that are not in hand here: the author's INIT is asked for. */
  get missing(): ReadonlyMap<NodeId, Hash> {
    return this.#subset.missing
  }

  /** Who has gone past the gathering of ballots, as far as is known here. */
  get active(): VoteSet {
    return this.#active
  }

  /** Who has endorsed any outcome. */
  get endorsers(): readonly NodeId[] {
    return this.#endorsements.authors
  }

  /** Advances by exactly one input. Total: hostile input yields a step, never an exception. */
  step(input: DecisionInput): DecisionStep {
    switch (input.type) {
      case 'opened':
        return this.#onOpened()
      case 'answered':
        return this.#onAnswered(input.answer, input.seal)
      case 'timed-out':
        return this.#onTimedOut(input.timer)
      case 'received':
        return this.#onReceived(input.from, input.message)
    }
  }

  #onOpened(): DecisionStep {
    const { deadlineMs } = this.proposal
    return {
      effects: [
        { type: 'start-timer', timer: DEADLINE, afterMs: deadlineMs },
        { type: 'start-timer', timer: CLOSE, afterMs: deadlineMs + CLOSING_GRACE_MS }
      ],
      rules: []
    }
  }

  #onAnswered(answer: Answer, seal: boolean): DecisionStep {
    if (this.ownBallot !== undefined || answerProblem(answer, this.proposal) !== undefined) return idle
    if (seal) return this.#cast(answer, CAST_ANSWER)
    this.#draft = answer
    return idle
  }

  #onTimedOut(timer: TimerName): DecisionStep {
    if (timer === CLOSE) return this.#fromSubset(this.#subset.step({ type: 'timed-out', timer: CLOSE }))
    if (timer !== DEADLINE || this.ownBallot !== undefined) return idle
    if (this.#draft !== undefined) return this.#cast(this.#draft, CAST_DRAFT)
    return this.#cast({ type: 'no-answer' }, CAST_NO_ANSWER)
  }

  #cast(answer: Answer, rule: RuleId): DecisionStep {
    const { self, proposal, sign } = this.#options
    const ballot = castBallot({ decision: proposal.id, author: self, answer, sign })
    this.#ballots.set(self, ballot)
    this.#draft = undefined
    const step = this.#fromSubset(this.#subset.step({ type: 'proposed', proposal: ballot }))
    return { effects: [{ type: 'stop-timer', timer: DEADLINE }, ...step.effects], rules: [rule, ...step.rules] }
  }

  #onReceived(from: NodeId, message: DecisionMessage): DecisionStep {
    if (message.type === 'endorsement') return this.#onEndorsement(from, message)
    if (message.type !== 'init') {
      this.#active.add(from)
    } else if (message.instance === from) {
      const problem = answerProblem(message.value.answer, this.proposal)
      if (problem !== undefined) return accuseOfImpossible(from, `Its ballot is not valid: ${problem}.`)
      if (!this.#ballots.has(from)) this.#ballots.set(from, message.value)
    }
    return this.#fromSubset(this.#subset.step({ type: 'received', from, message }))
  }

  /** The subset's step as mine: its messages are mine as they are, and its decision makes me count and sign. */
  #fromSubset(step: ReturnType<CommonSubset<Ballot>['step']>): DecisionStep {
    const effects: DecisionEffect[] = []
    const rules: RuleId[] = [...step.rules]
    for (const effect of step.effects) {
      if (effect.type !== 'decide') {
        effects.push(effect as Effect<SubsetMessage<Ballot>, never>)
        continue
      }
      const endorsed = this.#onAgreed(effect.decision.map((entry) => entry.value))
      effects.push(...endorsed.effects)
      rules.push(...endorsed.rules)
    }
    return { effects, rules }
  }

  #onAgreed(ballots: readonly Ballot[]): DecisionStep {
    invariant(this.#decided === undefined, 'a decision is decided once')
    const { self, proposal, sign } = this.#options
    const entries = ballots.map((ballot) => ({ author: ballot.author, ballot }))
    const outcome = outcomeOf(proposal, entries)
    const hash = outcomeHash(outcome)
    this.#decided = { outcome, hash, ballots }
    const signature = sign(outcomeSigningBytes(hash))
    this.#endorsements.keep(self, hash, signature)
    const certified = this.#tryCertify()
    return {
      effects: [
        { type: 'stop-timer', timer: CLOSE },
        { type: 'broadcast', message: { type: 'endorsement', outcome: hash, signature } },
        { type: 'decide', decision: outcome },
        ...certified.effects
      ],
      rules: [ENDORSE, ...certified.rules]
    }
  }

  #onEndorsement(from: NodeId, { outcome, signature }: EndorsementMessage): DecisionStep {
    this.#active.add(from)
    const before = this.#endorsements.outcomeOf(from)
    if (before === outcome) return idle
    if (before !== undefined) return accuseOfContradiction(from, 'endorsement')
    this.#endorsements.keep(from, outcome, signature)
    const certified = this.#tryCertify()
    if (this.#decided === undefined || this.#decided.hash === outcome) return certified
    return accuseOfImpossible(from, 'It endorsed an outcome that the agreed ballots do not give.')
  }

  #tryCertify(): DecisionStep {
    if (this.#decided === undefined || this.#certified) return idle
    const signatures = this.#endorsements.under(this.#decided.hash)
    if (signatures.length < enoughToCertify(this.roster.members.length)) return idle
    this.#certified = true
    const certificate = makeCertificate({
      charter: this.#options.charter,
      proposal: this.proposal,
      ballots: this.#decided.ballots,
      outcome: this.#decided.outcome,
      signatures
    })
    return { effects: [{ type: 'certify', certificate }], rules: [CERTIFY] }
  }
}
