/**
 * `equipotent watch`: live, as one peer sees it. Watching changes nothing.
 *
 * @packageDocumentation
 */

import type { TraceEvent } from '../consensus/trace.ts'
import { safeText } from '../core/text.ts'
import { BACKGROUND_DIRECTORY } from '../launcher/community.ts'
import { runningPeers } from '../launcher/launcher.ts'
import { type CommunityView, emptyView, nameOf, reduceView } from '../observation/community-view.ts'
import type { Status } from '../peer/control-protocol.ts'
import type { CommandSpec, Given } from './command.ts'
import { EXIT, type Io } from './io.ts'
import { createLiveScreen } from './live-screen.ts'
import { DATA_OPTION, withLocalPeer } from './local-peer.ts'
import { createNarrator } from './narrate.ts'

/** The command. */
export const watchCommand: CommandSpec = {
  name: 'watch',
  about: 'Live, as one peer sees it; without --data, as another one when that is gone. Ctrl-C ends only the watching.',
  options: [DATA_OPTION],
  examples: ['equipotent watch', 'equipotent watch --data ./heron --json'],
  run: runWatch
}

async function runWatch({ read, io, json }: Given): Promise<number> {
  read.finish()
  const data = read.text('data')
  while (await watchOne(data, io, json)) io.err('That peer is gone; the others go on.')
  return EXIT.done
}

/** Watches through one peer. True if it went away while others run on whose eyes will do as well. */
async function watchOne(data: string | undefined, io: Io, json: boolean): Promise<boolean> {
  await withLocalPeer(data, io, async ({ client, shown }) => {
    const status = await client.call('status', {})
    if (!json) io.err(`Watching through ${shown}. Ctrl-C ends the watching, never the peer.`)
    const show = await createViewer(viewOf(status), io, json)
    await client.watch(show.onEvent)
    await Promise.race([client.closed, untilAborted(io.interrupted)])
    show.end()
  })
  if (io.interrupted.aborted) return false
  const isAnyLeft = data === undefined && (await runningPeers(BACKGROUND_DIRECTORY)).length > 0
  if (!isAnyLeft) io.err('That peer is gone, so there is nothing more to see through it.')
  return isAnyLeft
}

function untilAborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve()
    signal.addEventListener('abort', () => resolve(), { once: true })
  })
}

/** A view that knows the names, and who is connected now. */
export function viewOf(status: Status): CommunityView {
  const view = emptyView(status.peer.short, status.members)
  const peers = status.members.map(({ short, connected, mesh }) => {
    const peer = view.peers[short] ?? { short, name: '', self: false, connected, mesh }
    return [short, { ...peer, self: short === status.peer.short, connected, mesh }] as const
  })
  return { ...view, running: true, peers: Object.fromEntries(peers) }
}

interface Viewer {
  onEvent(event: TraceEvent): void
  end(): void
}

async function createViewer(start: CommunityView, io: Io, json: boolean): Promise<Viewer> {
  let view = start
  if (json) return { onEvent: (event) => io.out(JSON.stringify(event)), end: () => undefined }
  if (io.interactive) {
    const screen = await createLiveScreen(io)
    screen.show(view)
    const onEvent = (event: TraceEvent): void => {
      view = reduceView(view, event)
      screen.show(view)
    }
    return { onEvent, end: () => screen.end() }
  }
  const narrate = createNarrator()
  const onEvent = (event: TraceEvent): void => {
    view = reduceView(view, event)
    const line = narrate(event, (short) => `${safeText(nameOf(view, short), 40)} …${safeText(short, 8)}`)
    if (line !== undefined) io.out(line)
  }
  return { onEvent, end: () => undefined }
}
