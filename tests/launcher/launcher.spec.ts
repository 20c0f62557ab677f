import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { createServer, type Server, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { checkCharter } from '../../src/decision/charter.ts'
import { peerArguments } from '../../src/launcher/child-peer.ts'
import { foundCommunity, localPeer, localPeers } from '../../src/launcher/community.ts'
import { createLauncher } from '../../src/launcher/launcher.ts'
import { PEER_NAMES } from '../../src/launcher/names.ts'
import { findPeerProcess, type ProcessProbe, parsePid, processExists } from '../../src/launcher/process-check.ts'
import { parseCpuTimeMs, resourcesOf } from '../../src/launcher/resources.ts'
import { killPeer, stopPeer } from '../../src/launcher/stop-process.ts'
import { connectControl } from '../../src/peer/control-client.ts'
import { verify } from '../../src/storage/keys.ts'

let directory = ''
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'launcher-'))
})
afterEach(() => rmSync(directory, { recursive: true }))

function probeOf(written: number | undefined, answered: number | undefined, command: string | undefined): ProcessProbe {
  return { readPid: () => written, askPid: async () => answered, commandLine: async () => command }
}

describe('a process id', () => {
  it('is believed if the peer itself answers with it, whatever the file says', async () => {
    expect(await findPeerProcess('/d/peer-1', probeOf(7, 8, undefined))).toEqual({ pid: 8, knownBy: 'its answer' })
  })

  it('is believed if the command line names the folder', async () => {
    const found = await findPeerProcess(
      '/d/peer-1',
      probeOf(7, undefined, 'node peer.mjs --data /d/peer-1 --linger 15s')
    )
    expect(found).toEqual({ pid: 7, knownBy: 'its command line' })
  })

  it.each([
    ['a stranger', 'vim notes.txt'],
    ['the peer of a longer name', 'node peer.mjs --data /d/peer-10'],
    ['nobody', undefined]
  ])('is not believed if the number belongs to %s', async (_, command) => {
    expect(await findPeerProcess('/d/peer-1', probeOf(7, undefined, command))).toBeUndefined()
  })

  it.each(['', '0', '1', '-5', '1.5', '0x10', 'NaN', '99999999999'])('is never read from %j', (text) => {
    expect(parsePid(text)).toBeUndefined()
  })

  it('in a stale file gets no signal: the stranger lives', async () => {
    writeFileSync(join(directory, 'pid'), `${process.pid}\n`)
    expect(await killPeer(directory)).toBeUndefined()
    expect(await stopPeer(directory)).toBe('not-running')
    expect(processExists(process.pid)).toBe(true)
  })
})

describe('a community', () => {
  it('is founded with a charter that every member signed, in every folder, for its owner alone', async () => {
    const { peers } = await foundCommunity({ directory, peers: 4, name: 'The garden' })
    const texts = peers.map(({ dataDirectory }) => readFileSync(join(dataDirectory, 'charter.json'), 'utf8'))
    expect(new Set(texts).size).toBe(1)
    expect(checkCharter(JSON.parse(texts[0]!), verify).charter.members).toHaveLength(4)
    expect(statSync(peers[0]!.dataDirectory).mode & 0o777).toBe(0o700)
    expect(localPeers(directory)).toEqual(peers)
  })

  it('is never founded over another, nor with a number of peers no charter allows', async () => {
    await foundCommunity({ directory, peers: 1, name: 'One' })
    await expect(foundCommunity({ directory, peers: 101, name: 'Two' })).rejects.toMatchObject({
      problems: [{ path: 'peers' }, { path: 'data' }]
    })
  })

  it('has a hundred distinct names to give', () => {
    expect(new Set(PEER_NAMES).size).toBe(100)
  })
})

describe('a peer’s command line', () => {
  it('names its folder, and only what was asked for', () => {
    const peer = localPeer('/d', 3)
    expect(peerArguments(peer, {})).toEqual(['--data', '/d/peer-3'])
    expect(peerArguments(peer, { join: ['/a', '/b'], lingerMs: 15_000 }).slice(2)).toEqual([
      '--join',
      '/a',
      '--join',
      '/b',
      '--linger',
      '15000ms'
    ])
  })
})

describe('the launcher', () => {
  const entryOf = (code: string): string => {
    const entry = join(directory, 'entry.mjs')
    writeFileSync(entry, code)
    return entry
  }

  it('resolves when a peer listens, and stops one that answers no socket with a signal', async () => {
    const entry = entryOf(
      "process.send({ type: 'listening', addresses: ['/x'] }); setInterval(() => {}, 1000); process.on('SIGTERM', () => process.exit(0))"
    )
    await foundCommunity({ directory, peers: 1, name: 'One' })
    const launcher = createLauncher({ directory, entry })
    const child = await launcher.start(1)
    expect(child).toMatchObject({ addresses: ['/x'], running: true })
    await launcher.kill(1)
    expect(await child.exited).toBe('SIGKILL')
    expect(processExists(child.pid)).toBe(false)
  })

  it.each([
    ["process.send({ type: 'failed', message: 'no charter here' })", 'no charter here'],
    ["console.error('out of luck'); process.exit(3)", 'exit code 3'],
    ["console.error('out of luck'); process.exit(3)", 'out of luck']
  ])('tells why a peer did not start: %s', async (code, expected) => {
    await foundCommunity({ directory, peers: 1, name: 'One' })
    await expect(createLauncher({ directory, entry: entryOf(code) }).start(1)).rejects.toThrow(expected)
  })

  it('starts nobody once it is closing', async () => {
    const launcher = createLauncher({ directory, entry: 'nothing' })
    await launcher.stopAll()
    await expect(launcher.start(1)).rejects.toThrow('being stopped')
  })
})

describe('processor time', () => {
  it.each([
    ['00:01', 1_000],
    ['1:02:03', 3_723_000],
    ['2-00:00:01', 172_801_000],
    ['0:00.25', 250]
  ])('%s is %d ms', (text, ms) => {
    expect(parseCpuTimeMs(text)).toBe(ms)
  })

  it('and memory of a living process are above zero, and of nobody unknown', async () => {
    const used = await resourcesOf(process.pid)
    expect(used?.rssMiB).toBeGreaterThan(1)
    expect(used?.cpuMs).toBeGreaterThan(0)
    expect(await resourcesOf(0x7ffffffe)).toBeUndefined()
  })
})

describe('the control client', () => {
  let server: Server | undefined
  afterEach(() => server?.close())

  async function serve(onLine: (line: string, socket: Socket) => void): Promise<void> {
    server = createServer((socket) => {
      socket.on('error', () => undefined)
      socket.on('data', (chunk) => {
        for (const line of chunk.toString().trim().split('\n')) onLine(line, socket)
      })
    })
    await new Promise<void>((resolve) => server?.listen(join(directory, 'control.sock'), resolve))
  }

  it('matches answers by id, in any order and any pieces', async () => {
    const waiting: string[] = []
    await serve((line, socket) => {
      waiting.push(line)
      if (waiting.length < 2) return
      const answers = waiting
        .map((text) => JSON.parse(text).id)
        .reverse()
        .map((id) => JSON.stringify({ id, result: { decision: `d${id}` } }))
      const text = `${answers.join('\n')}\n`
      socket.write(text.slice(0, 9))
      setImmediate(() => socket.write(text.slice(9)))
    })
    const client = await connectControl(directory)
    const params = { question: 'q', options: ['a', 'b'] }
    expect(await Promise.all([client.call('propose', params), client.call('propose', params)])).toEqual([
      { decision: 'd1' },
      { decision: 'd2' }
    ])
    client.close()
  })

  it('gives errors back under the name they had', async () => {
    await serve((line, socket) =>
      socket.write(`${JSON.stringify({ id: JSON.parse(line).id, error: { name: 'OptionsError', message: 'no' } })}\n`)
    )
    const client = await connectControl(directory)
    await expect(client.call('status', {})).rejects.toMatchObject({ name: 'OptionsError', message: 'no' })
    client.close()
  })

  it('hears events after the answer to watch, and nothing after it said goodbye', async () => {
    let peer: Socket | undefined
    await serve((line, socket) => {
      peer = socket
      const { id } = JSON.parse(line)
      socket.write(`${JSON.stringify({ id, result: {} })}\n${JSON.stringify({ id, event: { type: 'one' } })}\n`)
    })
    const client = await connectControl(directory)
    const heard: unknown[] = []
    const first = new Promise<void>((resolve) => {
      void client.watch((event) => {
        heard.push(event)
        resolve()
      })
    })
    await first
    client.close()
    peer?.write(`${JSON.stringify({ id: 1, event: { type: 'two' } })}\n`)
    await client.closed
    expect(heard).toEqual([{ type: 'one' }])
  })

  it('says that the outcome is unknown when a peer goes silent or away', async () => {
    await serve((line, socket) => {
      if (line.includes('stop')) socket.destroy()
    })
    const client = await connectControl(directory, { answerWithinMs: 20 })
    await expect(client.call('status', {})).rejects.toMatchObject({ name: 'OperationError', outcome: 'unknown' })
    await expect(client.call('stop', {})).rejects.toMatchObject({ name: 'OperationError', outcome: 'unknown' })
  })

  it('says in one sentence that no peer runs there', async () => {
    await expect(connectControl(directory)).rejects.toThrow(/^no peer is running in /)
  })
})
