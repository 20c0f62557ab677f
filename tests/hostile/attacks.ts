/**
 * What outsiders do to a peer whose port they can reach, by name. Each is bounded by its siege.
 *
 * Those that are cut off come back under a new identity as fast as the siege allows.
 */

import { connect, type Socket } from 'node:net'
import type { Stream } from '@libp2p/interface'
import { utf8 } from '../../src/core/bytes.ts'
import { SYNC_PROTOCOL } from '../../src/network/streams/exchange.ts'
import { callAsStranger, loopbackPort, type Outsider, type SelfDescription, sendSlowly } from './outsider.ts'
import { pause, type Siege } from './siege.ts'
import { filled, identifyAnswer, joined, prefixed, RPC, varint, YAMUX, yamuxFrame } from './wire.ts'

const GOSSIP = '/meshsub/1.2.0'

type Act = (outsider: Outsider) => Promise<void>

/** As many as may be at once, each of which calls again and again. */
const again = (siege: Siege, act: Act, describe?: SelfDescription): Promise<unknown> =>
  Promise.all(Array.from({ length: siege.bounds.atOnce ?? 1 }, () => goOn(siege, act, describe)))

/** Calls again and again; each time it is let in, does its worst until cut off or the siege is over. */
async function goOn(siege: Siege, act: Act, describe?: SelfDescription): Promise<void> {
  while (siege.goesOn) {
    const target = await siege.nextTarget()
    const outsider = await callAsStranger(target, describe).catch(() => undefined)
    if (outsider === undefined) {
      siege.tally.refused++
      continue
    }
    siege.tally.connections++
    await act(outsider).catch(() => undefined)
    await outsider.leave()
  }
}

/** Sends what `make` makes as frames, until cut off. */
const pourFrames = (siege: Siege, make: (turn: number) => Uint8Array): Promise<unknown> =>
  again(siege, async ({ wire }) => {
    for (let turn = 0; siege.goesOn; turn++) {
      const chunk = make(turn)
      if (!(await sendSlowly(wire, chunk))) return
      await siege.sent(chunk.length)
    }
  })

/** Opens streams of `protocol` and says `words` on each until it is closed. */
async function speak(siege: Siege, outsider: Outsider, protocol: string, words: (turn: number) => Uint8Array) {
  siege.tally.streams++
  const stream: Stream | undefined = await outsider.openStream(protocol).catch(() => undefined)
  if (stream === undefined) return pause(20)
  for (let turn = 0; turn < 64 && siege.goesOn; turn++) {
    const bytes = words(turn)
    if (!(await sendSlowly(stream, bytes))) return
    await siege.sent(bytes.length)
  }
  stream.abort(new Error('enough'))
}

/** On every connection, stream after stream of these protocols in turn. */
const speakNonsense = (siege: Siege, protocols: readonly string[], words: (turn: number) => Uint8Array) =>
  again(siege, async (outsider) => {
    for (let turn = 0; siege.goesOn && outsider.connection.status === 'open'; turn++) {
      await speak(siege, outsider, protocols[turn % protocols.length] as string, words)
    }
  })

/** Holds as many raw sockets as allowed, each of which begins with `words` and then goes on with a byte now and then. */
async function holdSockets(siege: Siege, words: (index: number) => Uint8Array): Promise<void> {
  const held = new Set<Socket>()
  for (let index = 0; siege.goesOn; index++) {
    const port = loopbackPort(await siege.nextTarget())
    while (held.size >= siege.bounds.heldMax && siege.goesOn) await pause(10)
    const socket = connect(port, '127.0.0.1')
    held.add(socket)
    const drip = setInterval(() => socket.writable && socket.write('a'), 1_000)
    socket.on('connect', () => {
      siege.tally.connections++
      socket.write(words(index))
    })
    socket.on('error', () => siege.tally.refused++)
    socket.on('close', () => {
      clearInterval(drip)
      held.delete(socket)
    })
    socket.resume()
  }
  for (const socket of held) socket.destroy()
}

/** A raw socket that takes nothing for so long is left for a new one. Unit: milliseconds. */
const UNREAD_MS_MAX = 200

/** Sends bytes on as many raw sockets as allowed, on each until it is closed or takes no more; counts what the system took. */
async function pourRaw(siege: Siege): Promise<void> {
  const pourOn = async (): Promise<void> => {
    while (siege.goesOn) await pourInto(siege, connect(loopbackPort(await siege.nextTarget()), '127.0.0.1'))
  }
  await Promise.all(Array.from({ length: siege.bounds.heldMax }, pourOn))
}

async function pourInto(siege: Siege, socket: Socket): Promise<void> {
  socket.on('error', () => siege.tally.refused++)
  socket.once('connect', () => siege.tally.connections++)
  const closed = new Promise<false>((resolve) => socket.once('close', () => resolve(false)))
  const isTaken = (): Promise<boolean> => {
    const written = new Promise<boolean>((resolve) => socket.write(LARGE_FRAME, (error) => resolve(error == null)))
    return Promise.race([written, closed, pause(UNREAD_MS_MAX).then(() => false)])
  }
  while (siege.goesOn && (await isTaken())) await siege.sent(LARGE_FRAME.length)
  socket.destroy()
}

/** Connects and hangs up, without a word. */
async function knock(siege: Siege): Promise<void> {
  while (siege.goesOn) {
    const socket = connect(loopbackPort(await siege.nextTarget()), '127.0.0.1')
    socket.on('error', () => siege.tally.refused++)
    socket.on('connect', () => {
      siege.tally.connections++
      socket.destroy()
    })
  }
}

/** Holds as many connections as allowed, each under its own name, saying nothing. */
async function holdConnections(siege: Siege): Promise<void> {
  const held = new Set<Outsider>()
  while (siege.goesOn) {
    const target = await siege.nextTarget()
    for (const outsider of held) if (outsider.connection.status !== 'open') await forget(held, outsider)
    if (held.size >= siege.bounds.heldMax) continue
    const outsider = await callAsStranger(target).catch(() => undefined)
    if (outsider === undefined) siege.tally.refused++
    else held.add(outsider)
    if (outsider !== undefined) siege.tally.connections++
  }
  for (const outsider of held) await forget(held, outsider)
}

async function forget(held: Set<Outsider>, outsider: Outsider): Promise<void> {
  held.delete(outsider)
  await outsider.leave()
}

/** Many small frames in one chunk. */
const chunkOf = (count: number, make: (index: number) => Uint8Array): Uint8Array =>
  joined(Array.from({ length: count }, (_, index) => make(index)))

const LARGE_FRAME = filled(64 * 1024, 1)

/** The beginning of a call, as far as each gets: nothing, a greeting, a wish for Noise, half a handshake, nonsense. */
const BEGINNINGS: readonly Uint8Array[] = [
  new Uint8Array(),
  utf8('\u0013/multistream/1.0.0\n'),
  utf8('\u0013/multistream/1.0.0\n\u0007/noise\n'),
  joined([utf8('\u0013/multistream/1.0.0\n\u0007/noise\n'), Uint8Array.of(0, 32), filled(32, 7)]),
  joined([varint(2n ** 63n), filled(1_024, 9)]),
  joined([utf8('\u0013/multistream/1.0.0\n'), filled(300_000, 3)])
]

/** Frames of the gossip protocol that no correct peer sends. */
const MALFORMED: readonly Uint8Array[] = [
  prefixed(filled(5_000, 0xff)),
  varint(5 * 1024 * 1024),
  varint(2n ** 63n),
  Uint8Array.of(0x80),
  prefixed(Uint8Array.of(0x1a, 0xff)),
  prefixed(new Uint8Array(4_000).fill(0x0a))
]

/** Every attack. */
export const ATTACKS = {
  /** Data as fast as it goes. */
  flood: (siege) =>
    pourFrames(siege, (turn) => yamuxFrame(YAMUX.data, turn === 0 ? YAMUX.syn : 0, 1, LARGE_FRAME.length, LARGE_FRAME)),
  /** Frames of twelve bytes. */
  frames: (siege) => pourFrames(siege, () => chunkOf(2_048, () => yamuxFrame(YAMUX.grant, 0, 1, 1))),
  /** Questions whose answers are never read. */
  unread: (siege) =>
    again(siege, async ({ wire }) => {
      wire.pause()
      const questions = chunkOf(32, (index) => yamuxFrame(YAMUX.ping, YAMUX.syn, 0, index))
      while (siege.goesOn && (await sendSlowly(wire, questions))) {
        await siege.sent(questions.length)
        await pause(5)
      }
    }),
  /** Streams that are opened and left, or opened and ended at once. */
  streams: (siege) =>
    pourFrames(siege, (turn) =>
      chunkOf(32, (index) => {
        const stream = 1 + 2 * (turn * 32 + index)
        siege.tally.streams++
        return joined([
          yamuxFrame(YAMUX.grant, YAMUX.syn, stream, 0),
          ...(index % 2 === 0 ? [yamuxFrame(YAMUX.grant, YAMUX.rst, stream, 0)] : [])
        ])
      })
    ),
  /** Topics that nobody has heard of, thousands at a time. */
  subscriptions: (siege) =>
    speakNonsense(siege, [GOSSIP], (turn) =>
      prefixed(RPC.subscriptions(Array.from({ length: 2_000 }, (_, index) => `invented/${turn}/${index}`)))
    ),
  /** Everything that gossip's control messages can ask for, of the true topic. */
  control: (siege) =>
    speakNonsense(siege, [GOSSIP], () => {
      const { topic } = siege.bounds
      return prefixed(
        joined([
          RPC.subscriptions([topic]),
          ...Array.from({ length: 4 }, () => joined([RPC.graft(topic), RPC.prune(topic)])),
          RPC.ihave(topic, 1_000),
          RPC.iwant(1_000),
          RPC.idontwant(256)
        ])
      )
    }),
  /** Messages on the true topic, no two alike, none of them signed by a member. */
  messages: (siege) =>
    speakNonsense(siege, [GOSSIP], (turn) => prefixed(RPC.messages(siege.bounds.topic, 64, 200 + turn))),
  /** Frames that cannot be read, on every protocol there is and one that is not. */
  malformed: (siege) =>
    speakNonsense(
      siege,
      [GOSSIP, SYNC_PROTOCOL, '/ipfs/id/1.0.0', '/ipfs/id/push/1.0.0', '/invented/1'],
      (turn) => MALFORMED[turn % MALFORMED.length] as Uint8Array
    ),
  /** A self-description that is too long, or as long as allowed and useless. */
  identify: (siege) => {
    let turn = 0
    const idle = ({ connection }: Outsider): Promise<void> =>
      connection.status === 'open' ? pause(Math.min(100, siege.leftMs)) : Promise.resolve()
    return again(siege, idle, (key) => {
      const isLong = turn++ % 2 === 0
      return prefixed(identifyAnswer(key, isLong ? 200 : 180, isLong ? 200_000 : 500))
    })
  },
  /** Calls that never get anywhere. */
  slow: (siege) => holdSockets(siege, (index) => BEGINNINGS[index % BEGINNINGS.length] as Uint8Array),
  /** Bytes without a handshake. */
  raw: pourRaw,
  /** Calls that end at once. */
  knocks: knock,
  /** In and out again, each time as somebody else. */
  churn: (siege) => again(siege, async () => undefined),
  /** Hundreds of names at once. */
  crowd: holdConnections
} as const satisfies Record<string, (siege: Siege) => Promise<unknown>>

export type AttackName = keyof typeof ATTACKS
