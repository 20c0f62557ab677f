/** The rounds of a soak: storm, heal, and at the end the judgement. */

import type { Random } from '../../src/core/random.ts'
import { median } from '../bench/measure.ts'
import { Decisions } from './decisions.ts'
import { createSchedule } from './faults.ts'
import { type Finding, judgeSoak } from './judgement.ts'
import { Nemesis } from './nemesis.ts'
import type { SoakPlan } from './options.ts'
import type { Counts, Report } from './report.ts'
import type { Rig } from './rig.ts'
import type { Statements } from './statements.ts'

/** A storm lasts so long, or a third of a short soak. Unit: milliseconds. */
const STORM_MS = 35_000

/** How long everything that is open may take to end after a heal. Unit: milliseconds. */
const RECOVERY_MS_MAX = 120_000

/** Time between two lines of progress. Unit: milliseconds. */
const PROGRESS_EVERY_MS = 15_000

/** Time between two looks at the peers while they recover. Unit: milliseconds. */
const LOOK_EVERY_MS = 250

/** A soak goes on for so many times its length to reach the faults it was asked for. */
const OVERTIME = 1.5

/** Processes that ended by themselves, at which going on would show nothing new. */
const UNEXPECTED_MAX = 5

/** What a soak is made of. */
export interface SoakParts {
  readonly plan: SoakPlan
  readonly report: Report
  readonly rig: Rig
  readonly statements: Statements
  /** Draws the schedule of faults, and nothing else. */
  readonly random: Random
}

/** One soak. */
export class Soak {
  readonly #parts: SoakParts
  readonly #decisions: Decisions
  readonly #nemesis: Nemesis
  readonly #recoveriesMs: number[] = []
  readonly #unfinished: string[] = []
  readonly #startedMs = performance.now()
  #progressMs = performance.now()
  #isInterrupted = false
  #wake: () => void = () => undefined

  constructor(parts: SoakParts) {
    this.#parts = parts
    this.#decisions = new Decisions(parts.rig, Math.random)
    this.#nemesis = new Nemesis(parts.rig, this.#decisions)
  }

  /** Ends the storm and comes to a verdict. */
  interrupt(): void {
    this.#isInterrupted = true
    this.#wake()
  }

  /** Soaks. True if every promise was kept and enough was done. */
  async run(): Promise<boolean> {
    const { rig, random } = this.#parts
    if (!(await rig.startAll())) this.#unfinished.push('the peers could not be started')
    const schedule = createSchedule(random, rig.numbers)
    while (!this.#isOver()) {
      await this.#storm(schedule)
      await this.#recover()
    }
    await rig.end()
    return this.#judge()
  }

  #isOver(): boolean {
    const { plan, rig } = this.#parts
    const isBroken = this.#unfinished.length > 0 || rig.unexpected.length >= UNEXPECTED_MAX
    if (this.#isInterrupted || isBroken) return true
    const lengthMs = plan.minutes * 60_000
    if (this.#elapsedMs < lengthMs) return false
    return this.#hasDoneEnough() || this.#elapsedMs >= lengthMs * OVERTIME
  }

  #hasDoneEnough(): boolean {
    const { plan } = this.#parts
    return this.#cycleCount >= plan.cycles && this.#faultCount >= plan.faults
  }

  /** Faults one after the other, under continuous decisions. */
  async #storm(schedule: ReturnType<typeof createSchedule>): Promise<void> {
    const stormMs = Math.min(STORM_MS, this.#parts.plan.minutes * 20_000)
    const endMs = performance.now() + stormMs
    this.#decisions.begin()
    while (performance.now() < endMs && !this.#isInterrupted) {
      const { value } = schedule.next()
      await this.#pause(value.afterMs)
      this.#nemesis.begin(value.fault)
      this.#tellProgress()
    }
    await this.#decisions.end()
  }

  /** Heals everything and waits until nothing is open anywhere. */
  async #recover(): Promise<void> {
    const { rig, statements } = this.#parts
    const isUp = await this.#nemesis.healAll()
    const healedMs = performance.now()
    while (!(await this.#isAllFinished())) {
      if (!isUp || performance.now() - healedMs > RECOVERY_MS_MAX) {
        this.#unfinished.push(await this.#whatIsOpen())
        return
      }
      await new Promise((resolve) => setTimeout(resolve, LOOK_EVERY_MS))
      this.#tellProgress()
    }
    this.#recoveriesMs.push(performance.now() - healedMs)
    if (rig.awake.length === rig.numbers.length) statements.forget()
  }

  /** True if every peer has closed the same number of decisions, those that were answered for at least, and has none open. */
  async #isAllFinished(): Promise<boolean> {
    const statuses = await this.#statuses()
    if (statuses.some((status) => status === undefined)) return false
    const counts = new Set(statuses.map((status) => status?.decidedCount))
    const isOpen = statuses.some((status) => (status?.open.length ?? 1) > 0)
    const [count = 0] = counts
    return counts.size === 1 && !isOpen && count >= this.#decisions.answered.size
  }

  async #whatIsOpen(): Promise<string> {
    const { rig } = this.#parts
    const statuses = await this.#statuses()
    const told = statuses.map((status, index) => {
      const folder = rig.folder(rig.numbers[index] as number)
      if (status === undefined) return `${folder} does not answer`
      const waits = status.open.slice(0, 2).map(({ decision, waitingFor }) => `${decision.slice(-8)} (${waitingFor})`)
      return `${folder} has closed ${status.decidedCount} and has ${status.open.length} open: ${waits.join(', ')}`
    })
    return `not finished ${RECOVERY_MS_MAX / 1_000} s after a heal; ${told.join('; ')}`
  }

  #statuses() {
    const { rig } = this.#parts
    const asked = rig.numbers.map((number) =>
      rig.ask(number, (client) => client.call('status', {})).catch(() => undefined)
    )
    return Promise.all(asked)
  }

  async #judge(): Promise<boolean> {
    const { rig, statements, plan, report } = this.#parts
    report.note('Reading journals and stores …')
    const { findings, decisionCount } = await judgeSoak({
      directories: rig.numbers.map((number) => rig.dataDirectory(number)),
      folders: rig.numbers.map((number) => rig.folder(number)),
      statements,
      answered: this.#decisions.answered,
      unfinished: this.#unfinished,
      healCount: this.#recoveriesMs.length,
      unexpected: rig.unexpected
    })
    const all = [...findings, ...this.#enough()]
    const pass = all.every(({ result }) => result !== 'fail') && all.some(({ result }) => result === 'pass')
    report.verdict(this.#counts(decisionCount), all, pass)
    if (!pass) report.note(`Again: npm run soak -- --seed ${plan.seed} --peers ${plan.peers} --minutes ${plan.minutes}`)
    return pass
  }

  /** Too few faults prove too little. Who interrupts knows that. */
  #enough(): Finding[] {
    const { plan } = this.#parts
    const explanation = `${this.#cycleCount} of ${plan.cycles} cycles, ${this.#faultCount} of ${plan.faults} faults`
    const result = this.#hasDoneEnough() ? 'pass' : this.#isInterrupted ? 'not-judged' : 'fail'
    return [{ name: 'enough', promise: 'as much was done to the peers as was asked for', result, explanation }]
  }

  #counts(decisions: number): Counts {
    const { rig } = this.#parts
    return {
      seconds: Math.round(this.#elapsedMs / 1_000),
      decisions,
      cycles: this.#cycleCount,
      faults: this.#faultCount,
      injected: Object.fromEntries(this.#nemesis.injected),
      crashPoints: Object.fromEntries([...rig.crashes].sort()),
      restarts: rig.restartCount,
      heals: this.#recoveriesMs.length,
      recoveryMedianMs: this.#recoveriesMs.length === 0 ? 0 : median(this.#recoveriesMs),
      recoveryMaxMs: Math.max(0, ...this.#recoveriesMs)
    }
  }

  get #elapsedMs(): number {
    return performance.now() - this.#startedMs
  }

  get #crashCount(): number {
    return [...this.#parts.rig.crashes.values()].reduce((sum, count) => sum + count, 0)
  }

  get #cycleCount(): number {
    return this.#parts.rig.killCount + this.#crashCount
  }

  get #faultCount(): number {
    return this.#nemesis.count + this.#crashCount
  }

  #tellProgress(): void {
    const { rig, report } = this.#parts
    if (performance.now() - this.#progressMs < PROGRESS_EVERY_MS) return
    this.#progressMs = performance.now()
    report.progress({
      elapsedMs: this.#elapsedMs,
      leftMs: this.#leftMs(),
      decisions: this.#decisions.answered.size,
      cycles: this.#cycleCount,
      faults: this.#faultCount,
      awake: rig.awake.length,
      peers: rig.numbers.length
    })
  }

  /** What is left of the time, or of the faults at the pace so far, whichever is longer. */
  #leftMs(): number {
    const { plan } = this.#parts
    const share = Math.max(plan.cycles / Math.max(1, this.#cycleCount), plan.faults / Math.max(1, this.#faultCount), 0)
    const lengthMs = plan.minutes * 60_000
    const totalMs = Math.min(Math.max(lengthMs, share * this.#elapsedMs), lengthMs * OVERTIME)
    return Math.max(0, totalMs - this.#elapsedMs)
  }

  #pause(ms: number): Promise<void> {
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, ms)
      this.#wake = () => {
        clearTimeout(timer)
        resolve()
      }
    })
  }
}
