/**
 * `equipotent status`: a peer's view of the community, and what it waits for.
 *
 * @packageDocumentation
 */

import { safeText } from '../core/text.ts'
import type { MemberStatus, Status } from '../peer/control-protocol.ts'
import type { CommandSpec, Given } from './command.ts'
import { openLines, ownLine } from './decisions.ts'
import { durationInWords } from './duration.ts'
import { EXIT } from './io.ts'
import { callOf, DATA_OPTION, namesOf, withLocalPeer } from './local-peer.ts'

/** The command. */
export const statusCommand: CommandSpec = {
  name: 'status',
  about: 'Peers, links, what is open and what it waits for, as one peer sees it.',
  options: [DATA_OPTION],
  examples: ['equipotent status', 'equipotent status --data ./heron --json'],
  run: runStatus
}

async function runStatus({ read, io, json }: Given): Promise<number> {
  read.finish()
  return withLocalPeer(read.text('data'), io, async ({ client, shown }) => {
    const status = await client.call('status', {})
    if (json) io.out(JSON.stringify({ type: 'status', ...status }))
    else for (const line of statusLines(status, shown)) io.out(line)
    return EXIT.done
  })
}

/** A status in words. */
export function statusLines(status: Status, shown: string): string[] {
  const { community, peer, validatorCount, maxFaulty, members, graph, open, decidedCount, counters } = status
  const cut = graph.articulationPoints
  return [
    `${safeText(community.name)}, as ${callOf(peer)} sees it (${shown}, pid ${status.pid}, up ${durationInWords(status.uptimeMs)})`,
    validatorCount === 1
      ? 'one member, who decides alone'
      : `${validatorCount} members; decisions survive ${maxFaulty === 0 ? 'none' : `any ${maxFaulty}`} of them failing or lying`,
    ...members.map(memberLine),
    `${graph.peers} peers, ${graph.links} links known; ${cut.length === 0 ? 'nobody’s loss would cut the others apart' : `would cut the others apart: ${namesOf(cut)}`}`,
    ...troubleLines(status),
    ...open.flatMap((one) => [...openLines(one), ownLine(one)]),
    `${open.length} open, ${decidedCount} decided`,
    ...(Object.keys(counters).length === 0 ? [] : ['Since it started:']),
    ...Object.entries(counters).map(([name, count]) => `  ${safeText(name)}: ${count}`)
  ]
}

/** What keeps this peer from doing its part. */
function troubleLines({ standing, disk, reach }: Status): string[] {
  return [
    ...(reach.cutOff
      ? [`cut off: it reaches ${reach.reached} of the ${reach.needed} members that a decision needs`]
      : []),
    ...(disk.state === 'failing' ? [`says nothing for now: ${safeText(disk.reason)}`] : []),
    ...(standing.state === 'asking' ? [`does not vote yet: ${safeText(standing.reason)}`] : []),
    ...(standing.state === 'observing'
      ? [`only observes, and will not vote on this roster again: ${safeText(standing.reason)}`]
      : [])
  ]
}

function memberLine(member: MemberStatus): string {
  if (member.observing && !member.self) return `  ${member.connected ? '●' : '○'} ${callOf(member)}  only observes`
  const link = member.self
    ? 'itself'
    : member.connected
      ? member.mesh
        ? 'connected, gossips'
        : 'connected'
      : 'not connected'
  return `  ${member.self || member.connected ? '●' : '○'} ${callOf(member)}  ${link}`
}
