/**
 * A program for tests: plays one attack on peers on 127.0.0.1, for a bounded time, and says on standard output what it got
 * done. `node --import tsx tests/hostile/attacker.ts '{"attack":"flood",…}'`.
 */

import { ATTACKS, type AttackName } from './attacks.ts'
import { loopbackPort } from './outsider.ts'
import { type Bounds, Siege, type Tally } from './siege.ts'

/** What the program is asked for. */
export interface Order extends Bounds {
  readonly attack: AttackName
}

/** What it says at the end. */
export interface Report extends Tally {
  readonly attack: AttackName
  readonly cpuMs: number
}

/** No attack lasts longer. Unit: milliseconds. */
const ATTACK_MS_MAX = 120_000

const order = JSON.parse(process.argv[2] ?? '') as Order
for (const target of order.targets) loopbackPort(target)
const siege = new Siege({ ...order, forMs: Math.min(order.forMs, ATTACK_MS_MAX) })
// Whatever hangs, it ends; and an error that a hostile connection causes in here is no reason to end early.
setTimeout(() => process.exit(1), siege.bounds.forMs + 20_000).unref()
process.on('uncaughtException', () => undefined)
process.on('unhandledRejection', () => undefined)
process.once('disconnect', () => process.exit(1))

process.stdout.write('ready\n')
await ATTACKS[order.attack](siege)
const { user, system } = process.cpuUsage()
const report: Report = { attack: order.attack, ...siege.tally, cpuMs: Math.round((user + system) / 1_000) }
process.stdout.write(`${JSON.stringify(report)}\n`, () => process.exit(0))
