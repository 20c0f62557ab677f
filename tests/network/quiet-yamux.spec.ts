import { multiaddrConnectionPair } from '@libp2p/utils'
import { yamux } from '@libp2p/yamux'
import { describe, expect, it } from 'vitest'
import { holdSmallGrants, quietYamux, type SendsFrames } from '../../src/network/quiet-yamux.ts'
import { YAMUX } from '../../src/network/settings.ts'

/** Sends `count` messages of `size` bytes over a muxer and counts the packets that come back. */
async function answersTo(makeMuxer: typeof quietYamux, count: number, size: number): Promise<number> {
  const [ours, theirs] = multiaddrConnectionPair()
  let answerCount = 0
  ours.addEventListener('message', () => answerCount++)
  const sender = yamux({ enableKeepAlive: false })().createStreamMuxer(ours)
  const receiver = makeMuxer({ ...YAMUX, enableKeepAlive: false })().createStreamMuxer(theirs)
  let received = 0
  const done = new Promise<void>((resolve) => {
    receiver.addEventListener('stream', ({ detail: stream }) => {
      stream.addEventListener('message', ({ data }) => {
        received += data.byteLength
        if (received === count * size) resolve()
      })
    })
  })
  const stream = await sender.createStream()
  for (let sent = 0; sent < count; sent++) {
    if (!stream.send(new Uint8Array(size))) await stream.onDrain()
    await new Promise((resolve) => setImmediate(resolve))
  }
  await done
  stream.abort(new Error('end of the test'))
  await Promise.all([sender.close(), receiver.close()])
  return answerCount
}

describe('quiet yamux', () => {
  it('answers a hundred small messages with next to nothing, where yamux answers each', async () => {
    const plain = yamux as unknown as typeof quietYamux
    expect(await answersTo(plain, 100, 400)).toBeGreaterThanOrEqual(100)
    expect(await answersTo(quietYamux, 100, 400)).toBeLessThan(10)
  })

  it('never makes the sender wait for room: four mebibytes arrive whole', async () => {
    const answers = await answersTo(quietYamux, 128, 32 * 1024)
    expect(answers).toBeGreaterThan(1)
    expect(answers).toBeLessThan(128)
  })
})

describe('what is held back', () => {
  const [GRANT, DATA, FIN, RST] = [1, 0, 4, 8]

  function fakeMuxer(...open: number[]) {
    const sent: number[] = []
    const streams = open.map((id) => ({ id: String(id) }))
    const muxer: SendsFrames = { streams, sendFrame: ({ length }) => sent.push(length) > 0 }
    const held = holdSmallGrants(muxer)
    const send = (streamID: number, length: number, flag = 0, type = GRANT) =>
      muxer.sendFrame?.({ type, flag, streamID, length })
    return { held, send, sent, streams }
  }

  it.each([
    ['FIN', FIN, GRANT],
    ['RST', RST, GRANT],
    ['data with FIN', FIN, DATA]
  ])('for a stream is forgotten with %s', (_, flag, type) => {
    const { held, send } = fakeMuxer(1)
    send(1, 400)
    expect([...held]).toEqual([[1, 400]])
    send(1, 0, flag, type)
    expect(held.size).toBe(0)
  })

  it('for a stream that the other side ended is forgotten when another holds back', () => {
    const { held, send, streams, sent } = fakeMuxer(1, 3, 5)
    send(1, 400)
    send(3, 500)
    streams.shift()
    send(5, 600)
    expect([...held]).toEqual([
      [3, 500],
      [5, 600]
    ])
    expect(sent).toEqual([])
  })

  it('is kept for every open stream, and for all where the muxer does not say which are open', () => {
    for (const { held, send } of [fakeMuxer(1, 3), fakeMuxer()]) {
      send(1, 400)
      send(3, 500)
      expect(held.size).toBe(2)
    }
  })
})
