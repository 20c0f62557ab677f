/**
 * `equipotent propose`: puts a question to the community, through a peer on this machine.
 *
 * @packageDocumentation
 */

import { safeText } from '../core/text.ts'
import type { ProposeParams } from '../peer/control-protocol.ts'
import { asTyped, shellWord } from './as-typed.ts'
import type { CommandSpec, Given, OptionSpec } from './command.ts'
import { UNITS_MS } from './duration.ts'
import { EXIT } from './io.ts'
import { DATA_OPTION, type LocalConnection, withLocalPeer } from './local-peer.ts'
import type { Reader } from './reader.ts'

/** Ways of deciding that people may ask for; only the first is here yet. */
const METHODS = ['assembly', 'conversation', 'hierarchy'] as const

/** What a proposal fixes, besides its question. `demo` has the same options. */
export const PROPOSAL_OPTIONS: readonly OptionSpec[] = [
  { flags: '--options <a,b,c>', about: 'what can be chosen, between commas' },
  { flags: '--rule <rule>', about: 'how ballots are counted: plurality or approval', fallback: 'plurality' },
  { flags: '--method <method>', about: 'how the community decides: assembly', fallback: 'assembly' },
  { flags: '--tie <rule>', about: 'on a tie: lot, first-listed or undecided', fallback: 'lot' },
  { flags: '--deadline <time>', about: 'how long each peer waits for its person', fallback: '60s' }
]

/** The command. */
export const proposeCommand: CommandSpec = {
  name: 'propose',
  takes: '<question>',
  about: 'Put a question to the community. Prints the id of the decision.',
  options: [...PROPOSAL_OPTIONS, DATA_OPTION, { flags: '--wait', about: 'until it is decided' }],
  notes: ['A deadline starts a peer’s own agreement; it never closes the poll for others.'],
  examples: ['equipotent propose "Where do we meet?" --options lake,forest,city --deadline 2m --wait'],
  run: runPropose
}

/** Reads everything of a proposal but its question. Problems are noted in `read`. */
export function readProposalOptions(read: Reader): Omit<ProposeParams, 'question' | 'options'> {
  const rule = read.oneOf('rule', ['plurality', 'approval'])
  const tie = read.oneOf('tie', ['lot', 'first-listed', 'undecided'])
  const method = read.oneOf('method', METHODS)
  if (method !== undefined && method !== 'assembly') {
    read.problem('--method', method, 'assembly, the only method this version has')
  }
  const deadlineMs = read.durationMs('deadline', { minMs: 100, maxMs: 7 * UNITS_MS.d })
  return {
    method: 'assembly',
    ...(rule === undefined ? {} : { rule }),
    ...(tie === undefined ? {} : { tie }),
    ...(deadlineMs === undefined ? {} : { deadlineMs })
  }
}

async function runPropose({ words, read, io, json }: Given): Promise<number> {
  const [question = ''] = words
  const options = read.list('options')
  if (options === undefined) read.problem('--options', undefined, 'at least two options, e.g. lake,forest')
  const rest = readProposalOptions(read)
  read.finish()
  return withLocalPeer(read.text('data'), io, async (connection) => {
    const { decision } = await connection.client.call('propose', { question, options: options ?? [], ...rest })
    if (json) io.out(JSON.stringify({ type: 'proposed', decision, data: connection.dataDirectory }))
    else {
      io.out(decision)
      const vote = `equipotent vote ${decision.slice(-8)} ${shellWord(safeText(options?.[0] ?? ''))}`
      io.err(`Asked through ${connection.shown}. Next: ${asTyped(vote + dataOption(read, connection), io.program)}`)
    }
    return read.flag('wait') ? untilCertified(decision, connection, { io, json, read }) : EXIT.done
  })
}

/** The option that names the same peer again, if it had to be named. */
function dataOption(read: Reader, { shown }: LocalConnection): string {
  return read.text('data') === undefined ? '' : ` --data ${shellWord(shown)}`
}

/** Waits until the peer holds the certificate of `decision`, and tells the result. */
export async function untilCertified(
  decision: string,
  connection: LocalConnection,
  { io, json, read }: Pick<Given, 'io' | 'json' | 'read'>
): Promise<number> {
  const { client, shown } = connection
  const isCertified = new Promise<boolean>((resolve, reject) => {
    const onEvent = (event: { readonly type: string; readonly decision?: unknown }): void => {
      if (event.type === 'certified' && event.decision === decision) resolve(true)
    }
    client.watch(onEvent as Parameters<typeof client.watch>[0]).catch(reject)
    void client.closed.then(() => resolve(false))
    io.interrupted.addEventListener('abort', () => resolve(false), { once: true })
  })
  if (!(await isCertified)) {
    io.err(
      `Not decided yet at ${shown}. It goes on without us; see: ${asTyped(`equipotent status${dataOption(read, connection)}`, io.program)}`
    )
    return EXIT.undecided
  }
  const { closed } = await client.call('decisions', {})
  const result = closed.find((one) => one.decision === decision)
  if (json) io.out(JSON.stringify({ type: 'certified', ...result }))
  else io.out(safeText(result?.result ?? 'decided'))
  return EXIT.done
}
