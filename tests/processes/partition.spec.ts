import { fork } from 'node:child_process'
import { describe, expect, it, onTestFinished } from 'vitest'
import { enoughToProceed, maxFaulty } from '../../src/core/quorum.ts'
import { temporaryDirectory, until } from '../support/peers.ts'
import { launch, outcomesOf, PEER_ENTRY, type Running, untilCertified } from './support.ts'

const where = { question: 'Where do we meet?', options: ['lake', 'forest', 'city'], deadlineMs: 1_000 }

/** How long a side that cannot decide is watched. Unit: milliseconds. */
const WATCH_MS = 6_000

const range = (from: number, to: number): number[] => Array.from({ length: to - from + 1 }, (_, index) => from + index)

/** Waits until these peers have members of `side` connected, and nobody else. */
async function untilConnectedOnlyTo(
  running: Running,
  numbers: readonly number[],
  side: readonly number[]
): Promise<void> {
  const statuses = await Promise.all(side.map((number) => running.ask(number, 'status', {})))
  const shorts = statuses.map(({ peer }) => peer.short).sort()
  for (const number of numbers) {
    await until(async () => {
      const { members } = await running.ask(number, 'status', {})
      const connected = members.filter((member) => member.connected).map(({ short }) => short)
      return connected.sort().join() === shorts.join()
    }, 30_000)
  }
}

/** Waits until each of these peers knows every ballot of its side, and no other, past the deadline. */
async function untilWaiting(
  running: Running,
  side: readonly number[],
  decision: string,
  castCount: number
): Promise<void> {
  for (const number of side) {
    await until(async () => {
      const { open } = await running.ask(number, 'status', {})
      const one = open.find((known) => known.decision === decision)
      return one?.cast.length === castCount && one.deadlineLeftMs === 0 && one.missing.length > 0
    }, 30_000)
  }
}

/** Looks at these peers again and again for `forMs`: the decision stays open at each, and is closed at none. */
async function expectUndecided(
  running: Running,
  numbers: readonly number[],
  decision: string,
  forMs: number
): Promise<void> {
  const endMs = performance.now() + forMs
  await until(async () => {
    for (const number of numbers) {
      const { open, closed } = await running.ask(number, 'decisions', {})
      expect(open.map((one) => one.decision)).toContain(decision)
      expect(closed.map((one) => one.decision)).not.toContain(decision)
    }
    return performance.now() > endMs
  }, forMs + 30_000)
}

async function cutInTwo(running: Running, left: readonly number[], right: readonly number[]): Promise<void> {
  await running.launcher.cut([left, right])
  await untilConnectedOnlyTo(running, left, left)
  await untilConnectedOnlyTo(running, right, right)
}

/** Cuts a community in halves with a decision open, and watches that neither half decides. Everybody votes after the cut. */
async function haveHalvesWait(running: Running, size: number, forMs: number): Promise<string> {
  const [left, right] = [range(1, size / 2), range(size / 2 + 1, size)]
  const { decision } = await running.ask(1, 'propose', where)
  for (const number of range(1, size)) {
    await until(async () => (await running.ask(number, 'status', {})).open.length === 1)
  }
  await cutInTwo(running, left, right)
  for (const number of range(1, size)) {
    await running.ask(number, 'vote', { decision, choices: [where.options[number % 3] as string], seal: true })
  }
  await untilWaiting(running, left, decision, left.length)
  await untilWaiting(running, right, decision, right.length)
  await expectUndecided(running, range(1, size), decision, forMs)
  return decision
}

describe('a community cut in halves', () => {
  it.each([4, 8])('of %d decides on neither side, and on one outcome when it is healed', async (size) => {
    const running = await launch(size)
    const decision = await haveHalvesWait(running, size, WATCH_MS)
    await running.launcher.heal()
    await untilCertified(running, range(1, size), decision)
    expect((await outcomesOf(running, range(1, size), decision)).size).toBe(1)
  })

  // Longer than anything remembers: gossip forgets after two minutes what it has passed on.
  it('heals by itself after three minutes, and finishes what either side had proposed meanwhile', {
    timeout: 330_000
  }, async () => {
    const running = await launch(4)
    const first = await haveHalvesWait(running, 4, 150_000)
    const { decision: second } = await running.ask(3, 'propose', where)
    for (const number of [3, 4]) {
      await until(async () => (await running.ask(number, 'status', {})).open.length === 2)
      await running.ask(number, 'vote', { decision: second, choices: ['lake'], seal: true })
    }
    await expectUndecided(running, [3, 4], second, 30_000)
    await running.launcher.heal()
    await until(
      async () => (await running.ask(1, 'status', {})).open.some(({ decision }) => decision === second),
      40_000
    )
    for (const decision of [first, second]) {
      await untilCertified(running, range(1, 4), decision)
    }
    await running.launcher.stopAll()
    for (const decision of [first, second]) {
      expect((await outcomesOf(running, range(1, 4), decision)).size).toBe(1)
    }
  })
})

describe('a community of which a minority is cut off', () => {
  const majority = range(1, 5)
  const minority = [6, 7]

  it('decides without it; the minority decides nothing, and adopts the certificates when it is healed', async () => {
    expect(majority.length).toBe(enoughToProceed(7))
    expect(minority.length).toBe(maxFaulty(7))
    const running = await launch(7, { vote: 'random' })
    // Too long to run out while the links are being cut.
    const { decision: known } = await running.ask(1, 'propose', { ...where, deadlineMs: 4_000 })
    for (const number of minority) {
      await until(async () => (await running.ask(number, 'status', {})).open.length === 1)
    }
    await cutInTwo(running, majority, minority)
    const { decision: unknown } = await running.ask(2, 'propose', where)
    await untilCertified(running, majority, unknown)
    for (const number of minority) {
      const { closed } = await running.ask(number, 'decisions', {})
      expect(closed.map(({ decision }) => decision)).not.toContain(unknown)
    }
    const { decision: own } = await running.ask(6, 'propose', where)
    await untilWaiting(running, minority, own, minority.length)
    for (const number of minority) {
      const { reach } = await running.ask(number, 'status', {})
      expect(reach).toEqual({ reached: minority.length, needed: majority.length, cutOff: true })
    }
    await expectUndecided(running, minority, own, WATCH_MS)

    await running.launcher.heal()
    for (const decision of [known, unknown, own]) await untilCertified(running, range(1, 7), decision)
    await running.launcher.stopAll()
    for (const decision of [known, unknown, own]) {
      expect((await outcomesOf(running, range(1, 7), decision)).size).toBe(1)
    }
  })
})

describe('a peer that starts while the community is cut', () => {
  it('stands on its side, and is back with the others when it is healed', async () => {
    const running = await launch(4, { vote: 'random' })
    await cutInTwo(running, [1, 2], [3, 4])
    await running.launcher.kill(2)
    await running.launcher.restart(2, { vote: 'random' })
    await untilConnectedOnlyTo(running, [2], [1, 2])
    await running.launcher.heal()
    await untilConnectedOnlyTo(running, [2], range(1, 4))
  })
})

describe('a side whose peers were all started anew, at other addresses, while the community was cut', () => {
  it('finds the other side when it is healed', async () => {
    const running = await launch(4, { vote: 'random' })
    await cutInTwo(running, [1, 2], [3, 4])
    for (const number of [1, 2, 1]) await running.launcher.restart(number, { vote: 'random' })
    await untilConnectedOnlyTo(running, [1, 2], [1, 2])
    await running.launcher.heal()
    await untilConnectedOnlyTo(running, range(1, 4), range(1, 4))
  })
})

describe('a peer that is sent what is no order', () => {
  it('changes nothing, says so a few times, and obeys the next order', async () => {
    const directory = await temporaryDirectory()
    const child = fork(PEER_ENTRY, ['--data', directory, '--name', 'heron'], {
      stdio: ['ignore', 'pipe', 'pipe', 'ipc']
    })
    onTestFinished(() => void child.kill('SIGKILL'))
    const said: unknown[] = []
    let told = ''
    child.on('message', (message) => said.push(message))
    child.stderr?.on('data', (chunk: Buffer) => {
      told += chunk.toString()
    })
    await until(() => said.length === 1)
    const wrong = ['cut', 42, { type: 'cut', order: 1, peers: ['nobody'] }, { type: 'stop', order: 2 }, { order: 3 }]
    for (let round = 0; round < 10; round++) for (const message of wrong) child.send(message)
    child.send({ type: 'heal', order: 4 })
    await until(() => said.length === 2)
    expect(said).toMatchObject([{ type: 'listening' }, { type: 'done', order: 4 }])
    await until(() => told.includes('ignored'))
    expect(told.trim().split('\n')).toHaveLength(10)
    expect(child.exitCode).toBeNull()
  })
})

describe('a launcher that lets go', () => {
  it('leaves no partition behind', async () => {
    const running = await launch(4, { vote: 'random' })
    await cutInTwo(running, [1, 2], [3, 4])
    running.launcher.release()
    await untilConnectedOnlyTo(running, range(1, 4), range(1, 4))
  })
})
