/**
 * `equipotent decisions`: what was decided, and what is open.
 *
 * @packageDocumentation
 */

import { safeText } from '../core/text.ts'
import type { ClosedDecision, OpenDecision } from '../peer/control-protocol.ts'
import { asTyped } from './as-typed.ts'
import type { CommandSpec, Given } from './command.ts'
import { durationInWords } from './duration.ts'
import { EXIT } from './io.ts'
import { DATA_OPTION, namesOf, withLocalPeer } from './local-peer.ts'

/** The command. */
export const decisionsCommand: CommandSpec = {
  name: 'decisions',
  about: 'What was decided, and what is open: what it waits for, and for whom.',
  options: [DATA_OPTION],
  examples: ['equipotent decisions', 'equipotent decisions --data ./heron --json'],
  run: runDecisions
}

async function runDecisions({ read, io, json }: Given): Promise<number> {
  read.finish()
  return withLocalPeer(read.text('data'), io, async ({ client, shown }) => {
    const { open, closed } = await client.call('decisions', {})
    if (json) {
      for (const one of closed) io.out(JSON.stringify({ type: 'closed', ...one }))
      for (const one of open) io.out(JSON.stringify({ type: 'open', ...one }))
      return EXIT.done
    }
    io.out(`As ${shown} knows it:`)
    if (open.length + closed.length === 0) {
      io.out(
        `  Nothing was asked yet. Try: ${asTyped('equipotent propose "Where do we meet?" --options lake,forest', io.program)}`
      )
    }
    for (const line of [...closed.flatMap(closedLines), ...open.flatMap((one) => [...openLines(one), ownLine(one)])])
      io.out(`  ${line}`)
    return EXIT.done
  })
}

/** A decision that is open, in words. */
export function openLines(open: OpenDecision): string[] {
  const { decision, question, options, cast, waitingFor, missing, deadlineLeftMs } = open
  // A peer that has cast its ballot has no deadline any more, and says 0.
  const left = deadlineLeftMs > 0 ? ` (${durationInWords(deadlineLeftMs)} left)` : ''
  return [
    `? ${safeText(question)}  [${decision.slice(-8)}]`,
    `  ${options.map((option) => safeText(option)).join(', ')}${left}`,
    `  ballots known: ${namesOf(cast)}`,
    `  waiting for ${safeText(waitingFor)}`,
    ...(missing.length === 0 ? [] : [`  not heard from in this step: ${namesOf(missing)}`])
  ]
}

/** This peer's own answer, in words. */
export function ownLine({ mine }: OpenDecision): string {
  const state = { none: 'none yet', draft: `${safeText(mine.answer)}, not cast yet`, cast: safeText(mine.answer) }
  return `  own ballot: ${state[mine.state]}`
}

function closedLines({ decision, question, result, certified, signers, notCounted }: ClosedDecision): string[] {
  const proof = certified ? `signed by ${signers.length}: ${namesOf(signers)}` : 'decided, not certified yet'
  return [
    `✓ ${safeText(question)}  [${decision.slice(-8)}]`,
    `  ${safeText(result)}`,
    `  ${proof}${notCounted.length === 0 ? '' : `; not counted: ${namesOf(notCounted)}`}`
  ]
}
