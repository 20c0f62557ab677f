/**
 * Asks whoever is at the other end of a new connection what it speaks, until it says so.
 *
 * Until then a connection is of no use: no exchange can begin and gossip does not begin. Libp2p asks once, and if that one
 * question is lost the connection stays open for nothing. Here a question that failed is put again, one at a time, because
 * a second one beside the first would be refused; and who never answers is hung up, so that either side may call again.
 *
 * @packageDocumentation
 */

import './runtime.ts'
import type { Identify } from '@libp2p/identify'
import type { Connection, Libp2p } from '@libp2p/interface'

/** Questions on one connection; each may take as long as `IDENTIFY.timeout`, so that a busy machine has its time. */
const QUESTIONS_MAX = 3

/** Time between a question that failed and the next. Unit: milliseconds. */
const ASK_AGAIN_AFTER_MS = 250

/** Asks on every connection that opens from now on. Libp2p's own asking must be off. */
export function askProtocols(node: Libp2p<{ identify: Identify }>): void {
  node.addEventListener('connection:open', ({ detail }) => void ask(node.services.identify, detail))
}

/** Never throws. */
async function ask(identify: Identify, connection: Connection): Promise<void> {
  for (let question = 1; connection.status === 'open'; question++) {
    const isAnswered = await identify.identify(connection).then(
      () => true,
      () => false
    )
    if (isAnswered) return
    if (question === QUESTIONS_MAX) connection.abort(new Error('it does not say what it speaks'))
    else await new Promise((resolve) => setTimeout(resolve, ASK_AGAIN_AFTER_MS).unref())
  }
}
