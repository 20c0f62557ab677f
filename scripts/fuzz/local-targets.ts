/** Readers of what lies on the disk, and of what other programs of this user ask. */

import { concatBytes, utf8 } from '../../src/core/bytes.ts'
import { OptionsError } from '../../src/core/errors.ts'
import { randomBelow } from '../../src/core/random.ts'
import { CONTROL_LINE_SIZE_BYTES_MAX } from '../../src/peer/control-protocol.ts'
import { parseRequest, readLines } from '../../src/peer/control-server.ts'
import { handlersOf } from '../../src/peer/handlers.ts'
import type { Peer } from '../../src/peer/peer-api.ts'
import { parseIdentity } from '../../src/storage/identity.ts'
import { parseEvent } from '../../src/storage/journal.ts'
import { bytesToInput, inputToBytes, openRecord, type StoredInput, sealRecord } from '../../src/storage/record.ts'
import { BYTE_MAKERS, type Make } from './bytes.ts'
import { JSON_MAKERS } from './json.ts'
import { jsonSamples, type Samples } from './samples.ts'
import { expectSame, type Target, text } from './target.ts'

const RECORD_KEY = 'open/0000/0000000001'

/** Control requests, records, the identity, the journal. */
export function localTargets({ identities, frames, proposal }: Samples): Target[] {
  const inputs: StoredInput[] = [
    { type: 'frame', frame: frames[1] as Uint8Array },
    { type: 'said', frame: frames[2] as Uint8Array },
    { type: 'answered', answer: { type: 'choice', choices: [1] }, seal: true },
    { type: 'timed-out', timer: 'deadline' }
  ]
  const { key, seed } = identities[0] as (typeof identities)[number]
  const hexSeed = Buffer.from(seed).toString('hex')
  const event = { t: 1, peer: 'abcd1234', type: 'message', decision: proposal.id, sequence: 3, words: { echo: 4 } }
  return [
    {
      ...{ name: 'control-line', share: 100, samples: CONTROL_LINES, makers: JSON_MAKERS },
      run(input) {
        const { id, method } = parseRequest(text(input))
        if (typeof id !== 'number') throw new Error('an id that is no number')
        return method !== undefined
      }
    },
    {
      ...{ name: 'control-request', share: 30, samples: CONTROL_LINES, makers: JSON_MAKERS },
      run: (input) => answerControl(input)
    },
    {
      ...{ name: 'control-stream', share: 30, makers: [...BYTE_MAKERS, ...BYTE_MAKERS, ...BYTE_MAKERS, tooLong] },
      samples: [concatBytes(...CONTROL_LINES.flatMap((line) => [line, utf8('\n')]))],
      run: cutIntoLines
    },
    {
      ...{ name: 'stored-record', share: 90, makers: BYTE_MAKERS },
      samples: inputs.map((input) => sealRecord(RECORD_KEY, inputToBytes(input))),
      run(input) {
        const value = openRecord(RECORD_KEY, input)
        return value !== undefined && expectSame(sealRecord(RECORD_KEY, inputToBytes(bytesToInput(value))), input)
      }
    },
    {
      ...{
        name: 'identity-file',
        share: 10,
        samples: jsonSamples({ format: 'equipotent-identity/1', key, seed: hexSeed })
      },
      makers: JSON_MAKERS,
      run: (input) => parseIdentity(text(input))?.key === key
    },
    {
      ...{ name: 'journal-line', share: 40, samples: jsonSamples(event), makers: JSON_MAKERS },
      run: (input) => typeof parseEvent(text(input))?.type === 'string'
    }
  ]
}

const CONTROL_LINES = jsonSamples(
  { id: 1, method: 'status', params: {} },
  { id: 2, method: 'propose', params: { question: 'Where?', options: ['a', 'b'], rule: 'approval', deadlineMs: 500 } },
  { id: 3, method: 'vote', params: { decision: 'b5c8', choices: ['a'], seal: true } },
  { id: 4, method: 'watch', params: { types: ['decided'] } }
)

/** Around the longest line that is read. */
const tooLong: Make = (random) => {
  const line = new Uint8Array(CONTROL_LINE_SIZE_BYTES_MAX + 8).fill(65)
  line[line.length - randomBelow(random, 16) - 1] = 10
  return line
}

/** A peer that does nothing: only how parameters are read is looked at. */
const IDLE = handlersOf({
  status: () => ({}),
  propose: async () => ({ id: '' }),
  vote: async () => ({}),
  watch: () => () => undefined,
  announce: () => 1
} as unknown as Peer)

async function answerControl(input: Uint8Array): Promise<boolean> {
  const { method, params } = parseRequest(text(input))
  if (method !== 'propose' && method !== 'vote' && method !== 'watch') return false
  try {
    await IDLE[method](params, () => undefined)
    return true
  } catch (error) {
    if (error instanceof OptionsError) return false
    throw error
  }
}

/** Hands the input over in two pieces, as a socket may. True if a whole line was in it. */
function cutIntoLines(input: Uint8Array): boolean {
  let take: (chunk: Buffer) => void = () => undefined
  const lines: string[] = []
  const socket = {
    on(_: string, listener: (chunk: Buffer) => void) {
      take = listener
    }
  }
  let isTooLong = false
  readLines(socket as never, {
    onLine: (line) => void lines.push(line),
    onTooLong() {
      isTooLong = true
    }
  })
  const half = input.length >> 1
  take(Buffer.from(input.subarray(0, half)))
  take(Buffer.from(input.subarray(half)))
  const newlines = input.reduce((count, byte) => count + (byte === 10 ? 1 : 0), 0)
  if (!isTooLong && lines.length !== newlines) throw new Error(`${newlines} lines became ${lines.length}`)
  return lines.length > 0
}
