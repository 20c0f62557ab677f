/** Carries out faults, each by its kind, and counts those that hurt somebody. */

import { setMaxListeners } from 'node:events'
import type { CrashPoint } from '../../src/storage/crash-points.ts'
import type { Decisions } from './decisions.ts'
import { FAULT_KINDS, type Fault, type FaultKind } from './faults.ts'
import type { Rig } from './rig.ts'

/** One kind of fault, and what it takes. The answer is how many peers were hurt; a partition hurts once. */
type Actions = { readonly [Kind in FaultKind]: (fault: Extract<Fault, { kind: Kind }>) => Promise<number> }

/** Ends the waits of faults, of which many last at a time. */
function createHurry(): AbortController {
  const hurry = new AbortController()
  setMaxListeners(0, hurry.signal)
  return hurry
}

/** What hurts the peers. */
export class Nemesis {
  /** Faults that hurt somebody, by kind. */
  readonly injected = new Map<FaultKind, number>(FAULT_KINDS.map((kind) => [kind, 0]))
  /** Faults at whose time nobody could be hurt. */
  skippedCount = 0
  readonly #rig: Rig
  readonly #decisions: Decisions
  readonly #underWay = new Set<Promise<void>>()
  /** Ends the waits of everything under way. */
  #hurry = createHurry()
  #partitionCount = 0

  constructor(rig: Rig, decisions: Decisions) {
    this.#rig = rig
    this.#decisions = decisions
  }

  /** How many faults were injected. */
  get count(): number {
    return [...this.injected.values()].reduce((sum, count) => sum + count, 0)
  }

  /** Begins a fault; it may last. */
  begin(fault: Fault): void {
    const act = this.#actions[fault.kind] as (fault: Fault) => Promise<number>
    const doing = act(fault).then((hurtCount) => {
      if (hurtCount === 0) this.skippedCount += 1
    })
    this.#underWay.add(doing)
    void doing.finally(() => this.#underWay.delete(doing))
  }

  /** Ends every fault: resumes, heals, starts, disarms. False if somebody cannot be started. */
  async healAll(): Promise<boolean> {
    this.#hurry.abort()
    this.#rig.resumeAll()
    await Promise.all(this.#underWay)
    this.#hurry = createHurry()
    const isUp = await this.#rig.startAll()
    await Promise.all(this.#rig.armed.map((number) => this.#killAndStart(number, 0)))
    await this.#rig.launcher.heal()
    return isUp && (await this.#rig.startAll())
  }

  readonly #actions: Actions = {
    kill: ({ order, downMs }) => this.#hurtFirst('kill', order, (number) => this.#killAndStart(number, downMs)),

    'kill-proposer': ({ order, downMs, patient }) =>
      this.#hurtFirst('kill-proposer', order, async (number) => {
        await new Promise<void>((resolve) => {
          const answered = this.#decisions.propose(number, patient ? undefined : resolve)
          void answered.then(resolve)
        })
        return this.#killAndStart(number, downMs)
      }),

    'kill-all': async ({ downMs }) => {
      const hurt = await Promise.all(this.#rig.numbers.map((number) => this.#killAndStart(number, downMs)))
      const count = hurt.filter(Boolean).length
      this.#count('kill-all', count)
      return count
    },

    'crash-point': ({ order, at, hit, downMs }) =>
      this.#hurtFirst('crash-point', order, (number) => this.#killAndStart(number, downMs, { at, hit })),

    pause: ({ order, forMs }) =>
      this.#hurtFirst('pause', order, async (number) => {
        const resume = this.#rig.pause(number)
        await this.#wait(forMs)
        resume()
        return true
      }),

    restart: ({ order, downMs }) => this.#hurtFirst('restart', order, (number) => this.#stopAndStart(number, downMs)),

    'rolling-restart': async ({ order }) => {
      let count = 0
      for (const number of order) {
        if (this.#hurry.signal.aborted) break
        if (await this.#stopAndStart(number, 0)) count += 1
      }
      this.#count('rolling-restart', count)
      return count
    },

    partition: async ({ groups, forMs }) => {
      const mine = ++this.#partitionCount
      this.#count('partition', 1)
      await this.#rig.launcher.cut(groups)
      await this.#wait(forMs)
      // A later partition has taken the place of this one.
      if (mine === this.#partitionCount) await this.#rig.launcher.heal()
      return 1
    }
  }

  async #hurtFirst(
    kind: FaultKind,
    order: readonly number[],
    hurt: (number: number) => Promise<boolean>
  ): Promise<number> {
    const number = this.#rig.firstFree(order)
    if (number === undefined) return 0
    if (!(await hurt(number))) return 0
    this.#count(kind, 1)
    return 1
  }

  async #killAndStart(
    number: number,
    downMs: number,
    armed?: { readonly at: CrashPoint; readonly hit: number }
  ): Promise<boolean> {
    if (!(await this.#rig.kill(number))) return false
    await this.#wait(downMs)
    await this.#rig.start(number, armed)
    return true
  }

  async #stopAndStart(number: number, downMs: number): Promise<boolean> {
    if (!(await this.#rig.stop(number))) return false
    await this.#wait(downMs)
    await this.#rig.start(number)
    return true
  }

  #count(kind: FaultKind, count: number): void {
    this.injected.set(kind, (this.injected.get(kind) ?? 0) + count)
  }

  /** Waits, unless everything is to be healed now. */
  #wait(forMs: number): Promise<void> {
    const { signal } = this.#hurry
    return new Promise((resolve) => {
      if (signal.aborted) return resolve()
      const done = (): void => {
        clearTimeout(timer)
        signal.removeEventListener('abort', done)
        resolve()
      }
      const timer = setTimeout(done, forMs)
      signal.addEventListener('abort', done)
    })
  }
}
