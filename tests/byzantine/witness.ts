/**
 * An honest member as a process that writes down every frame it is told, as hexadecimal lines in `heard.txt` of its data
 * directory: `witness.ts --data DIR [--join ADDRESS]… [--seed NUMBER]`. It is linked with everybody, so whatever a peer
 * sends to anyone reaches it, by gossip or in an exchange.
 *
 * @packageDocumentation
 */

import { openSync, writeSync } from 'node:fs'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { toHex } from '../../src/core/bytes.ts'
import { seededRandom } from '../../src/core/random.ts'
import { Member } from './member.ts'

const { values } = parseArgs({
  options: {
    data: { type: 'string', default: '.' },
    join: { type: 'string', multiple: true, default: [] },
    seed: { type: 'string', default: '1' }
  }
})

const heard = openSync(join(values.data, 'heard.txt'), 'a')

const member = await Member.start({
  dataDirectory: values.data,
  join: values.join,
  random: seededRandom(Number(values.seed)),
  onFrame: ({ frame }) => void writeSync(heard, `${toHex(frame)}\n`),
  conductIn: () => ({})
})
process.send?.({ type: 'listening', addresses: member.addresses() })
// It lives as long as whoever started it.
process.once('disconnect', () => process.exit())
