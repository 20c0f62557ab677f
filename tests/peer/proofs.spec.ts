import { expect, it } from 'vitest'
import { nodeId } from '../../src/core/ids.ts'
import type { FramePair } from '../../src/peer/evidence-shelf.ts'
import { Proofs } from '../../src/peer/proofs.ts'
import { hashNumbered } from '../wire/sample.ts'
import { benchOf, COMMUNITY, PROPOSED, wordsOf } from './drivers.ts'

const LIAR = nodeId(2)
const PAIR: FramePair = {
  first: wordsOf(LIAR, 0, [{ type: 'echo', instance: nodeId(1), hash: hashNumbered(1) }]),
  second: wordsOf(LIAR, 1, [{ type: 'echo', instance: nodeId(1), hash: hashNumbered(2) }])
}

const proofsOf = (shelf: ConstructorParameters<typeof Proofs>[0]['shelf']): Proofs =>
  new Proofs({ roster: COMMUNITY.roster, key: COMMUNITY.keys[1]!.key, sign: COMMUNITY.keys[1]!.sign, shelf })

const KNOWING = proofsOf({ accused: [LIAR], proof: async () => PAIR })

it('a member that knows of no proof against a liar is given one, and convicts by it', async () => {
  const away = await benchOf()
  const mine = proofsOf(away.driver.shelf)
  const frames = await KNOWING.lackedBy(mine.convicted())
  expect(frames).toHaveLength(1)
  away.receive('sync', ...frames)
  expect(away.facts).toContainEqual(expect.objectContaining({ type: 'accused', evidence: true }))
  expect(away.driver.shelf.accused).toEqual([LIAR])
  expect(await KNOWING.lackedBy(mine.convicted())).toEqual([])
  await away.driver.stop()
  expect(await mine.lackedBy(new Uint8Array(1))).toHaveLength(1)
})

it('is given in a frame of whoever gives it, about the decision it is about', async () => {
  const { driver, receive, facts } = await benchOf()
  receive('gossip', PROPOSED, PAIR.first, PAIR.second)
  expect(facts.filter(({ type }) => type === 'accused')).toHaveLength(1)
  await driver.stop()
  const [frame] = await proofsOf(driver.shelf).lackedBy(new Uint8Array(1))
  expect(frame?.length).toBeGreaterThan(PAIR.first.length + PAIR.second.length)
})

it('is not given to whoever does not say what it knows, or says it of another roster', async () => {
  expect(await KNOWING.lackedBy(undefined)).toEqual([])
  expect(await KNOWING.lackedBy(new Uint8Array(2))).toEqual([])
})

it('is left out when the disk has damaged it', async () => {
  const shelf = { accused: [LIAR], proof: async () => undefined }
  expect(await proofsOf(shelf).lackedBy(new Uint8Array(1))).toEqual([])
})
