import { describe, expect, it } from 'vitest'
import { maxFaulty } from '../../src/core/quorum.ts'
import { until } from '../support/peers.ts'
import { launch, outcomesOf, untilCertified } from './support.ts'

const where = { question: 'Where do we meet?', options: ['lake', 'forest', 'city'], deadlineMs: 1_500 }

describe('a community of processes', () => {
  it('finishes a decision whose proposer is killed right after proposing', async () => {
    const running = await launch(7, { vote: 'random' })
    const { decision } = await running.ask(3, 'propose', where)
    await running.launcher.kill(3)
    const others = [1, 2, 4, 5, 6, 7]
    await untilCertified(running, others, decision)
    expect((await outcomesOf(running, others, decision)).size).toBe(1)
  })

  it('waits, names who is missing, and finishes when they are started again, if more than f are killed', async () => {
    const running = await launch(4, { vote: 'ask' })
    const { decision } = await running.ask(1, 'propose', { ...where, deadlineMs: 60_000 })
    for (const number of [2, 3, 4]) {
      await until(async () => (await running.ask(number, 'status', {})).open.length === 1)
    }
    const missing = [3, 4]
    expect(missing.length).toBeGreaterThan(maxFaulty(4))
    const names = await Promise.all(missing.map(async (number) => (await running.ask(number, 'status', {})).peer.short))
    for (const number of missing) await running.launcher.kill(number)
    for (const number of [1, 2]) await running.ask(number, 'vote', { decision, choices: ['lake'], seal: true })
    await until(async () => (await running.ask(1, 'status', {})).open[0]?.cast.length === 2)
    const [open] = (await running.ask(1, 'status', {})).open
    expect(open?.missing.map(({ short }) => short).sort()).toEqual(names.sort())
    expect(open?.waitingFor).toContain('2 more ballots')

    for (const number of missing) await running.launcher.restart(number, { vote: 'forest' })
    await untilCertified(running, [1, 2, 3, 4], decision)
    expect((await outcomesOf(running, [1, 2, 3, 4], decision)).size).toBe(1)
  })

  it('says the same again after every peer was killed at once in the middle of a decision', async () => {
    const running = await launch(4, { vote: 'random' })
    const { decision } = await running.ask(2, 'propose', where)
    await Promise.all([1, 2, 3, 4].map((number) => running.launcher.kill(number)))
    await running.launcher.startAll([1, 2, 3, 4], { vote: 'random' })
    await untilCertified(running, [2], decision)
    await untilCertified(running, [1, 3, 4], decision)
    expect((await outcomesOf(running, [1, 2, 3, 4], decision)).size).toBe(1)
  })
})
