import { afterEach, describe, expect, it } from 'vitest'
import { createHost } from '../../src/network/host.ts'
import { peerIdOf } from '../../src/network/peer-key.ts'
import { eventually, seedOf, startHost, stopAll, TOPIC } from './support.ts'

afterEach(stopAll)

const hostAt = (listen: string[]) => createHost({ seed: seedOf(9), listen, topic: TOPIC, rosterPeers: [] })

describe('a host', () => {
  it('says in one sentence that a port is in use', async () => {
    const first = await startHost(0)
    const taken = first.addresses()[0]?.replace(/\/p2p.*/, '') as string
    await expect(hostAt([taken])).rejects.toMatchObject({
      name: 'OperationError',
      outcome: 'did-not-happen',
      message: `Cannot listen on ${taken}: its port is in use by another program. Stop that one, or choose another port (0 takes a free one).`
    })
  })

  it('says in one sentence that this machine does not have an address', async () => {
    await expect(hostAt(['/ip4/192.0.2.1/tcp/0'])).rejects.toMatchObject({
      name: 'OperationError',
      message: 'Cannot listen on /ip4/192.0.2.1/tcp/0: this machine does not have that address.'
    })
  })

  it('lists every malformed address', async () => {
    const listen = ['/ip4/127.0.0.1', 'localhost:4001', '/ip4/999.0.0.1/tcp/1', '\u001b[2J', '/ip4/127.0.0.1/tcp/0']
    const problems = await hostAt(listen).then(
      () => [],
      (error) => error.problems
    )
    expect(problems.map(({ path }: { path: string }) => path)).toEqual(['listen.0', 'listen.1', 'listen.2', 'listen.3'])
    expect(problems[3].got).toBe('\\u{1b}[2J')
  })

  it('has the identity of its seed and tells where it listens', async () => {
    const host = await startHost(0)
    expect(peerIdOf(host.key)).toBe(host.id)
    expect(host.addresses()).toEqual([expect.stringMatching(new RegExp(`^/ip4/127.0.0.1/tcp/\\d+/p2p/${host.id}$`))])
  })

  it('stops cleanly with connections open, and twice', async () => {
    const [left, right] = await Promise.all([startHost(0), startHost(1)])
    await left.node.dial(right.node.getMultiaddrs())
    await left.stop()
    await left.stop()
    await eventually(() => expect(right.node.getConnections()).toEqual([]))
    await right.stop()
    await eventually(() => {
      const sockets = process.getActiveResourcesInfo().filter((name) => name.startsWith('TCP'))
      expect(sockets).toEqual([])
    })
  })
})
