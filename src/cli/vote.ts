/**
 * `equipotent vote`: one's own ballot, through a peer on this machine.
 *
 * @packageDocumentation
 */

import { safeText } from '../core/text.ts'
import type { OpenDecision } from '../peer/control-protocol.ts'
import type { CommandSpec, Given } from './command.ts'
import { durationInWords } from './duration.ts'
import { EXIT } from './io.ts'
import { DATA_OPTION, withLocalPeer } from './local-peer.ts'

/** The command. */
export const voteCommand: CommandSpec = {
  name: 'vote',
  takes: '<decision> <choice...>',
  about: 'Answer a question. May be changed until it is sealed, by the deadline or by --seal.',
  options: [DATA_OPTION, { flags: '--seal', about: 'cast it now, for good' }],
  notes: ['A decision is named by its id or the end of it. `abstain` is a choice too.'],
  examples: [
    'equipotent vote 3fa1c09b lake',
    'equipotent vote 3fa1c09b lake forest --seal',
    'equipotent vote 3fa1c09b abstain'
  ],
  run: runVote
}

async function runVote({ words, read, io, json }: Given): Promise<number> {
  read.finish()
  const [decision = '', ...choices] = words
  return withLocalPeer(read.text('data'), io, async ({ client, shown }) => {
    const open = await client.call('vote', { decision, choices, seal: read.flag('seal') })
    if (json) io.out(JSON.stringify({ type: 'voted', ...open }))
    else io.out(`Through ${shown}: ${votedInWords(open)}`)
    return EXIT.done
  })
}

/** What has become of one's own ballot, in words. */
export function votedInWords({ mine, question, deadlineLeftMs }: OpenDecision): string {
  const answer = `"${safeText(mine.answer)}" to "${safeText(question)}"`
  if (mine.state === 'cast') return `${answer} is cast.`
  return `${answer} is kept, and can be changed for ${durationInWords(deadlineLeftMs)}.`
}
