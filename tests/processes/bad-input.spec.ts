import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { beforeEach, describe, expect, it, onTestFinished } from 'vitest'
import { charterText, newCharterTerms, signCharter } from '../../src/decision/charter.ts'
import { CHARTER_FILE, localPeer } from '../../src/launcher/community.ts'
import { createLauncher } from '../../src/launcher/launcher.ts'
import { connectControl } from '../../src/peer/control-client.ts'
import { loadOrCreateIdentity } from '../../src/storage/identity.ts'
import { temporaryDirectory, until } from '../support/peers.ts'
import { equipotent, launch, PEER_ENTRY, type Ran } from './support.ts'

let directory = ''
beforeEach(async () => {
  directory = await temporaryDirectory()
})

const RAW = /[\p{Cc}\p{Cf}](?<!\n)/u

/** Refused with exit code 2 in sentences that say `expected`; nothing raw, no stack of calls. */
function expectRefusal({ code, stdout, stderr }: Ran, expected: readonly string[]): void {
  expect({ code, stderr }).toMatchObject({ code: 2 })
  for (const part of expected) expect(stderr).toContain(part)
  expect(stderr.trim().split('\n')).toHaveLength(expected.length)
  expect(stdout + stderr).not.toMatch(RAW)
  expect(stderr).not.toMatch(/ {4}at |should not have happened/)
}

/** A port that another program listens on. */
async function portInUse(): Promise<number> {
  const server = createServer()
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  onTestFinished(() => void server.close())
  return (server.address() as { port: number }).port
}

describe('equipotent peer', () => {
  const start = (...argv: string[]): Promise<Ran> => equipotent(['peer', '--data', join(directory, 'heron'), ...argv])

  it('refuses malformed addresses, all at once', async () => {
    const ran = await start(
      '--name',
      'heron',
      '--listen',
      'nowhere',
      '--listen',
      '/ip4/999.1.1.1/tcp/1',
      '--join',
      '/dns/x'
    )
    expectRefusal(ran, [
      '--listen: expected an address',
      '--listen: expected an address',
      '--join: expected an address'
    ])
  })

  it('refuses a port in use', async () => {
    const ran = await start('--name', 'heron', '--listen', `/ip4/127.0.0.1/tcp/${await portInUse()}`)
    expectRefusal(ran, ['port is in use by another program'])
  })

  it('refuses a charter that is missing, not JSON, or a directory', async () => {
    const file = join(directory, 'charter.json')
    expectRefusal(await start('--charter', file), ['no such file'])
    writeFileSync(file, 'once upon a time')
    expectRefusal(await start('--charter', file), ['not JSON'])
    expectRefusal(await start('--charter', directory), ['cannot be read'])
  })

  it('refuses a charter with a signature that is not good', async () => {
    const { key, sign } = await loadOrCreateIdentity(join(directory, 'heron'))
    const terms = newCharterTerms({ name: 'The garden', members: [{ key, name: 'heron' }], nonce: '00'.repeat(16) })
    const text = charterText(signCharter({ ...terms, signatures: {} }, key, sign))
    const file = join(directory, 'charter.json')
    writeFileSync(file, text.replace('The garden', 'The desert'))
    expectRefusal(await start('--charter', file), ['signature'])
  })

  // Root may write anywhere, so that a file stands where the directory should be: nobody can write below that.
  it('refuses a data directory that cannot be written', async () => {
    writeFileSync(join(directory, 'heron'), 'a file')
    expectRefusal(await start('--name', 'heron'), ['a file is where a directory should be'])
    const below = await equipotent(['demo', '--data', join(directory, 'heron', 'demo')])
    expectRefusal(below, ['a file is where a directory should be'])
  })

  it('refuses unknown options, each by its name', async () => {
    expectRefusal(await start('--perfect', '--fast'), ['"--perfect"', '"--fast"'])
  })
})

describe('a running peer', () => {
  it('keeps its data directory to itself, and is not disturbed', async () => {
    const running = await launch(1)
    const data = running.dataDirectory(1)
    const before = readFileSync(join(data, CHARTER_FILE), 'utf8')
    expectRefusal(await equipotent(['peer', '--data', data]), ['in use'])
    expect((await running.ask(1, 'status', {})).pid).toBe(running.launcher.child(1)?.pid)
    expect(readFileSync(join(data, CHARTER_FILE), 'utf8')).toBe(before)
  })

  it('refuses an unknown decision, an unknown option and a megabyte of question, and loses nothing', async () => {
    const running = await launch(1, { vote: 'ask' })
    const data = running.dataDirectory(1)
    const { decision } = await running.ask(1, 'propose', { question: 'Where?', options: ['lake', 'forest'] })
    expectRefusal(await equipotent(['vote', 'abcd', 'lake', '--data', data]), ['of one open decision, got abcd'])
    expectRefusal(await equipotent(['vote', decision, 'laek', '--data', data]), ['choice 1: expected one of lake'])
    // More than the longest word a command line may have, so it goes to the socket directly.
    const long = { question: 'q'.repeat(1_000_000), options: ['a', 'b'] }
    await expect(running.ask(1, 'propose', long)).rejects.toThrow(/^the request is too long: at most 64 KiB$/)
    const longest = await equipotent(['propose', 'q'.repeat(50_000), '--options', 'a,b', '--data', data])
    expectRefusal(longest, ['question: expected text of 1 to 500 characters'])
    const tooLong = await equipotent(['propose', 'q'.repeat(100_000), '--options', 'a,b', '--data', data])
    expectRefusal(tooLong, ['the request is too long: at most 64 KiB'])
    const { open } = await running.ask(1, 'status', {})
    expect(open.map((one) => [one.decision, one.mine.state])).toEqual([[decision, 'none']])
  })
})

describe('names and questions with control characters', () => {
  const name = '\u001b[2Jboss\u0007\u202e'

  /** A community of one whose charter was not written by this program. */
  async function startHostile(): Promise<string> {
    const peer = localPeer(directory, 1)
    mkdirSync(peer.dataDirectory, { recursive: true })
    const { key, sign } = await loadOrCreateIdentity(peer.dataDirectory)
    const terms = newCharterTerms({ name, members: [{ key, name }], nonce: '00'.repeat(16) })
    const charter = signCharter({ ...terms, signatures: {} }, key, sign)
    writeFileSync(join(peer.dataDirectory, CHARTER_FILE), charterText(charter))
    const launcher = createLauncher({ directory, entry: PEER_ENTRY })
    onTestFinished(() => launcher.stopAll())
    await launcher.start(1, { vote: 'random' })
    return peer.dataDirectory
  }

  it('are written out by every command, and never reach the terminal raw', async () => {
    const data = await startHostile()
    const client = await connectControl(data)
    const question = 'Where\u001b]0;owned\u0007?'
    const { decision } = await client.call('propose', {
      question,
      options: ['lake\u001b[31m', 'forest'],
      deadlineMs: 100
    })
    await until(async () => (await client.call('decisions', {})).closed.length === 1)
    client.close()
    const certificate = join(data, 'certificates', `${decision}.json`)
    const commands = [
      ['status', '--data', data],
      ['decisions', '--data', data],
      ['verify', certificate],
      ['verdict', data],
      ['charter', 'show', join(data, CHARTER_FILE)]
    ]
    for (const argv of commands) {
      const { code, stdout, stderr } = await equipotent(argv)
      expect({ argv, code, stderr }).toMatchObject({ code: 0 })
      expect(stdout).not.toMatch(RAW)
    }
    expect((await equipotent(['status', '--data', data])).stdout).toContain('\\u{1b}[2Jboss')
    expect((await equipotent(['decisions', '--data', data])).stdout).toContain('Where\\u{1b}]0;owned\\u{7}?')
    expect(readdirSync(join(data, 'certificates'))).toEqual([`${decision}.json`])
  })

  it('stay harmless in a demo', async () => {
    const argv = ['demo', '--peers', '1', '--question', 'Where\u001b[2J?', '--options', 'lake\u0007,forest\u202e']
    const { stdout, stderr, code } = await equipotent(argv)
    expect({ code, stderr }).toMatchObject({ code: 0 })
    expect(stdout).not.toMatch(RAW)
    expect(stdout).toContain('Where\\u{1b}[2J?')
  })
})
