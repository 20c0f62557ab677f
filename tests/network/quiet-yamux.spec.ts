import { multiaddrConnectionPair } from '@libp2p/utils'
import { yamux } from '@libp2p/yamux'
import { describe, expect, it } from 'vitest'
import { quietYamux } from '../../src/network/quiet-yamux.ts'
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
