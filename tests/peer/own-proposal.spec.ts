import { expect, it } from 'vitest'
import { nodeId } from '../../src/core/ids.ts'
import { openStore } from '../../src/storage/store.ts'
import { temporaryDirectory } from '../support/peers.ts'
import { benchOf, PROPOSAL } from './drivers.ts'

it('gives its own proposal to nobody before it is on disk', async () => {
  const store = await openStore(await temporaryDirectory())
  let write = (): void => undefined
  const gate = new Promise<void>((resolve) => {
    write = resolve
  })
  const slow = new Proxy(store, {
    get(target, name) {
      if (name === 'appendDecision')
        return (...args: Parameters<typeof store.appendDecision>) => gate.then(() => target.appendDecision(...args))
      const value = Reflect.get(target, name) as unknown
      return typeof value === 'function' ? value.bind(target) : value
    }
  })
  const proposer = nodeId(1)
  const bench = await benchOf(slow, proposer)
  const proposing = bench.driver.propose(PROPOSAL)
  bench.clock.settle()
  await new Promise((resolve) => setImmediate(resolve))
  expect(bench.driver.archive.framesBy(PROPOSAL.id, proposer)).toEqual([])
  expect(bench.published).toEqual([])
  write()
  await proposing
  expect(bench.driver.archive.framesBy(PROPOSAL.id, proposer)).toHaveLength(1)
  expect(bench.published).toHaveLength(1)
  await store.close()
})
