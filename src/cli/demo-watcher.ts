/**
 * Looks at every peer of a demo at once, over their sockets, and waits for what people wait for.
 *
 * It only looks. If it were not there, the peers would do the same.
 *
 * @packageDocumentation
 */

import type { TraceEvent } from '../consensus/trace.ts'
import { type Edge, survivesAnyLoss } from '../core/graph.ts'
import type { LocalPeer } from '../launcher/community.ts'
import { type CommunityView, type DecisionView, emptyView, reduceView } from '../observation/community-view.ts'
import { type ControlClient, connectControl } from '../peer/control-client.ts'
import type { Status } from '../peer/control-protocol.ts'

/** How often peers are asked who they are connected to. Unit: milliseconds. */
const ASK_EVERY_MS = 100

/** One peer that is looked at. */
export interface Watched {
  readonly peer: LocalPeer
  readonly client: ControlClient
  readonly short: string
  readonly name: string
  view: CommunityView
}

/** Everybody that is looked at. */
export interface DemoWatcher {
  readonly peers: readonly Watched[]
  peer(number: number): Watched
  /** True once `condition` holds; false if `until` aborts first. Looked at again after every event. */
  wait(condition: () => boolean, until: AbortSignal): Promise<boolean>
  /** True once every peer reaches every other, and would after the loss of any one; false if `until` aborts first. */
  waitForNetwork(until: AbortSignal): Promise<boolean>
  close(): void
}

/** Connects to every peer. `onEvent` hears what any of them does, with the peer as it is after that. */
export async function watchAll(
  peers: readonly LocalPeer[],
  onEvent: (event: TraceEvent, watched: Watched) => void
): Promise<DemoWatcher> {
  const checks = new Set<() => void>()
  const watched = await Promise.all(peers.map(meet))
  for (const one of watched) {
    await one.client.watch((event) => {
      one.view = reduceView(one.view, event)
      onEvent(event, one)
      for (const check of checks) check()
    })
  }

  function wait(condition: () => boolean, until: AbortSignal): Promise<boolean> {
    return new Promise((resolve) => {
      const settle = (holds: boolean): void => {
        checks.delete(check)
        until.removeEventListener('abort', giveUp)
        resolve(holds)
      }
      const check = (): void => (condition() ? settle(true) : undefined)
      const giveUp = (): void => settle(condition())
      checks.add(check)
      until.addEventListener('abort', giveUp, { once: true })
      if (until.aborted) giveUp()
      else check()
    })
  }

  return {
    peers: watched,
    peer: (number) => watched.find((one) => one.peer.number === number) as Watched,
    wait,
    waitForNetwork: (until) => waitForNetwork(watched, until),
    close() {
      for (const { client } of watched) client.close()
    }
  }
}

/** One decision as a peer sees it, once it has heard the question. */
export function decisionAt(watched: Watched, decision: string): DecisionView | undefined {
  return watched.view.decisions.find((one) => one.decision === decision && one.question !== '')
}

async function meet(peer: LocalPeer): Promise<Watched> {
  const client = await connectControl(peer.dataDirectory)
  const status = await client.call('status', {})
  const { short, name } = status.peer
  return { peer, client, short, name, view: emptyView(short, status.members) }
}

async function waitForNetwork(watched: readonly Watched[], until: AbortSignal): Promise<boolean> {
  while (!until.aborted) {
    const statuses = await Promise.all(watched.map(({ client }) => client.call('status', {})))
    if (isOneNetwork(statuses)) return true
    await new Promise((resolve) => setTimeout(resolve, ASK_EVERY_MS))
  }
  return false
}

/** True if the links that peers themselves report make a network that survives any loss, and all take part in gossip. */
export function isOneNetwork(statuses: readonly Pick<Status, 'peer' | 'members'>[]): boolean {
  const shorts = statuses.map(({ peer }) => peer.short)
  const links = statuses.flatMap(({ peer, members }) =>
    members.filter(({ self, connected }) => connected && !self).map(({ short }): Edge<string> => [peer.short, short])
  )
  const everyoneGossips = statuses.every(({ members }) => shorts.length === 1 || members.some(({ mesh }) => mesh))
  return everyoneGossips && survivesAnyLoss(shorts, links)
}
