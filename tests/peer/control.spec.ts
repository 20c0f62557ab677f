import { mkdirSync, readdirSync } from 'node:fs'
import { createConnection } from 'node:net'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { describe, expect, it, onTestFinished } from 'vitest'
import { connectControl } from '../../src/peer/control-client.ts'
import { CONTROL_LINE_SIZE_BYTES_MAX, REQUEST_TOO_LONG } from '../../src/peer/control-protocol.ts'
import { type ControlHandlers, serveControl } from '../../src/peer/control-server.ts'
import { temporaryDirectory } from '../support/peers.ts'

const HANDLERS = {
  stop: async () => ({}),
  announce: async () => ({ sequence: 7 }),
  watch: () => () => undefined
} as unknown as ControlHandlers

async function serve(directory: string): Promise<string> {
  const file = join(directory, 'control.sock')
  const server = await serveControl(file, HANDLERS)
  onTestFinished(() => server.stop())
  return file
}

/** Everything that is answered to `written` until the server ends the connection. */
async function answersTo(file: string, written: string): Promise<unknown[]> {
  const socket = createConnection(file)
  socket.write(written)
  const lines = (await text(socket)).trim().split('\n')
  return lines.map((line) => JSON.parse(line))
}

describe('a control line', () => {
  it.each([
    ['that never ends', 'x'.repeat(1_000_000)],
    ['that is one byte too long', `${'x'.repeat(CONTROL_LINE_SIZE_BYTES_MAX + 1)}\n{"id":3,"method":"stop"}\n`]
  ])('%s is answered in one sentence, and nothing after it is done', async (_, line) => {
    const file = await serve(await temporaryDirectory())
    expect(await answersTo(file, `{"id":2,"method":"announce"}\n${line}`)).toEqual(
      expect.arrayContaining([{ id: 0, error: { name: 'OptionsError', message: REQUEST_TOO_LONG.message } }])
    )
    expect(await answersTo(file, line)).toHaveLength(1)
  })

  it('of the greatest length is read, and one after another', async () => {
    const directory = await temporaryDirectory()
    const file = await serve(directory)
    const head = '{"id":2,"method":"announce","params":{"x":"'
    const longest = `${head}${'x'.repeat(CONTROL_LINE_SIZE_BYTES_MAX - head.length - 3)}"}}\n`
    const socket = createConnection(file)
    socket.write(longest + longest.replace('2', '3'))
    const answers = await new Promise<string>((resolve) => {
      let heard = ''
      socket.on('data', (chunk) => {
        heard += chunk.toString()
        if (heard.split('\n').length === 3) resolve(heard)
      })
    })
    socket.destroy()
    expect(answers).toBe('{"id":2,"result":{"sequence":7}}\n{"id":3,"result":{"sequence":7}}\n')
  })

  it('that is too long is not even sent by our own client, which stays usable', async () => {
    const directory = await temporaryDirectory()
    await serve(directory)
    const client = await connectControl(directory)
    const long = { question: 'é'.repeat(CONTROL_LINE_SIZE_BYTES_MAX / 2), options: ['a', 'b'] }
    await expect(client.call('propose', long)).rejects.toMatchObject(REQUEST_TOO_LONG)
    expect(await client.call('announce', {})).toEqual({ sequence: 7 })
    client.close()
  })
})

describe('a data directory whose path is too long for a socket', () => {
  it('is refused at both ends in one sentence, and leaves no socket anywhere', async () => {
    const root = await temporaryDirectory()
    const directory = join(root, 'd'.repeat(60), 'e'.repeat(60))
    mkdirSync(directory, { recursive: true })
    const sentence =
      /^data directory: expected a shorter path, so that its socket file has at most 103 bytes, got \d+ bytes$/
    await expect(serve(directory)).rejects.toThrow(sentence)
    await expect(connectControl(directory)).rejects.toThrow(sentence)
    expect(readdirSync(root, { recursive: true })).toHaveLength(2)
  })

  it('is served where it is short from here', async () => {
    const root = join(await temporaryDirectory(), 'd'.repeat(60), 'e'.repeat(60))
    const directory = join(root, 'data')
    mkdirSync(directory, { recursive: true })
    const before = process.cwd()
    onTestFinished(() => process.chdir(before))
    process.chdir(root)
    await serve(directory)
    expect(readdirSync(directory)).toEqual(['control.sock'])
    const client = await connectControl(directory)
    expect(await client.call('announce', {})).toEqual({ sequence: 7 })
    client.close()
  })
})
