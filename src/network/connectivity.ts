/**
 * Keeps the community connected, with nobody in the middle.
 *
 * A newcomer knows one address, `--join`. It calls there until somebody answers. From then on it hears, from the layer
 * above, where each member listens, and calls members until it has as many links as it wants: first those it has heard
 * nothing of, then those with whom it shares the fewest neighbours, so that no single peer stays the only bridge between
 * two groups. Now and then it adds one link it does not need, so that two groups that each had enough still find each
 * other. When a link breaks it looks for another at once. A peer that has no link left calls the addresses it began with.
 *
 * Addresses are asked for anew before every call: a peer that restarted listens somewhere else, and says so to whomever
 * it reaches. libp2p's own reconnection (the `KEEP_ALIVE` tag) calls old addresses; both may run, one call results.
 *
 * @packageDocumentation
 */

import type { PeerIdString } from '../core/ids.ts'
import type { Random } from '../core/random.ts'
import { requireAddresses } from './addresses.ts'
import { type Caller, COURTESY_MS, createCaller } from './caller.ts'
import type { Host } from './host.ts'
import { type LinkTracker, tagMember, trackLinks } from './link-tracker.ts'
import { nextLinks } from './next-link.ts'
import { linkTarget } from './settings.ts'

/** What the loop needs; the roster is the host's. */
export interface ConnectivityOptions {
  /** Where `peer` listens, as it last said itself; empty if unknown. */
  readonly addressesOf: (peer: PeerIdString) => readonly string[]
  /** Multiaddrs to begin with, from `--join`; none for the first peer of a community. */
  readonly bootstrap: readonly string[]
  readonly random: Random
  /** Roster links sought. Default: `linkTarget` of the roster and the host's degree. */
  readonly target?: () => number
  /** Members that `peer` says it is connected to. Default: unknown. */
  readonly linksOf?: (peer: PeerIdString) => readonly PeerIdString[]
  /** True if nothing was heard of `peer` for suspiciously long, over any path. Default: never. */
  readonly isSilent?: (peer: PeerIdString) => boolean
  /** A peer (member or not) is connected, and what it speaks is known: an exchange can begin. */
  readonly onConnected?: (peer: PeerIdString) => void
  /** The last connection to a peer that was announced by `onConnected` is gone. */
  readonly onDisconnected?: (peer: PeerIdString) => void
  /** Time between two looks at the links when nothing happens. Default: 3 s, half of it to one and a half by chance. */
  readonly idleMs?: number
  readonly log?: (message: string) => void
}

/** The running loop. */
export interface Connectivity {
  /** Members connected now. */
  links(): PeerIdString[]
  /** All peers connected now, members or not. */
  peers(): PeerIdString[]
  /** Something was learned (an address, a silence): look again soon. */
  refresh(): void
  /** Ends the loop; connections stay until the host stops. */
  stop(): void
}

/** Chance, at an idle look, of a link that is not needed. */
const CURIOSITY = 0.2

/** Starts the loop. Throws: OptionsError naming every malformed bootstrap address. */
export function createConnectivity(host: Host, options: ConnectivityOptions): Connectivity {
  const bootstrap = requireAddresses('join', options.bootstrap)
  const alarm = createAlarm(() => look())
  const tracker = trackLinks(host, {
    onConnected: (peer) => options.onConnected?.(peer),
    onDisconnected: (peer) => {
      options.onDisconnected?.(peer)
      alarm.within(0)
    }
  })
  const { addressesOf, random, log = () => undefined } = options
  const caller = createCaller(host, { addressesOf, bootstrap, isLinked: tracker.has, random, log })
  const others = (): number => host.rosterPeers().filter((peer) => peer !== host.id).length
  const target = (): number => options.target?.() ?? linkTarget(others() + 1, host.degree)
  const choose = createChoice(host, options, tracker, caller, target)

  const look = (): void => {
    tracker.replaceMute()
    const isAlone = tracker.members().length === 0
    if (bootstrap.length > 0 && (isAlone || !caller.hasJoined())) void caller.join().then(alarm.within)
    for (const peer of choose()) void caller.call(peer).then(alarm.within)
    alarm.within((options.idleMs ?? IDLE_MS) * (0.5 + random()))
    if (tracker.members().length < target()) alarm.within(leisureMs(host))
  }
  const startAfresh = (): void => {
    caller.forgetFailures()
    for (const peer of host.rosterPeers()) void tagMember(host, peer)
    alarm.within(0)
  }
  const forget = host.onPolicyChange(startAfresh)
  startAfresh()
  return {
    links: tracker.members,
    peers: tracker.all,
    refresh: () => alarm.within(COURTESY_MS * random()),
    stop() {
      alarm.stop()
      forget()
      tracker.stop()
    }
  }
}

/**
 * Links that a peer makes as fast as it can. With four each, no single loss cuts a community apart, and a message is two
 * or three hops away from everybody.
 */
const ENOUGH_LINKS = 4

/**
 * Time between two links that are wanted but not urgent. Unit: milliseconds, for each member.
 *
 * A handshake costs both sides some 20 ms of CPU, and more while their code is cold. Everybody together makes ten of these links a
 * second, so that peers that start on one machine are of use before they are all connected.
 */
const LEISURE_MS_PER_MEMBER = 100

const leisureMs = (host: Host): number => LEISURE_MS_PER_MEMBER * (host.rosterPeers().length + 1)

/** Default time between two looks. */
const IDLE_MS = 3_000

/** Whom to call at this look. */
function createChoice(
  host: Host,
  options: ConnectivityOptions,
  tracker: LinkTracker,
  caller: Caller,
  target: () => number
) {
  const idleMs = options.idleMs ?? IDLE_MS
  let curiousAtMs = performance.now()
  let leisureAtMs = performance.now()
  const hasLeisure = (): boolean => {
    if (performance.now() - leisureAtMs < leisureMs(host)) return false
    leisureAtMs = performance.now() + leisureMs(host) * (options.random() - 0.5)
    return true
  }
  const isCurious = (): boolean => {
    if (performance.now() - curiousAtMs < idleMs) return false
    curiousAtMs = performance.now()
    return options.random() < CURIOSITY
  }
  return (): PeerIdString[] =>
    nextLinks(
      {
        candidates: host.rosterPeers().filter(caller.canCall),
        linked: tracker.members(),
        callingCount: caller.callingCount(),
        target: target(),
        enough: ENOUGH_LINKS,
        leisure: hasLeisure(),
        explore: isCurious(),
        isSilent: options.isSilent ?? (() => false),
        linksOf: options.linksOf ?? (() => [])
      },
      options.random
    )
}

/** One timer that rings once, at the earliest time anybody asked for. */
function createAlarm(onRing: () => void): { within(afterMs: number): void; stop(): void } {
  let timer: NodeJS.Timeout | undefined
  let ringsAtMs = Number.POSITIVE_INFINITY
  let stopped = false
  const ring = (): void => {
    ringsAtMs = Number.POSITIVE_INFINITY
    onRing()
  }
  return {
    within(afterMs) {
      const atMs = performance.now() + afterMs
      if (stopped || atMs >= ringsAtMs) return
      clearTimeout(timer)
      ringsAtMs = atMs
      timer = setTimeout(ring, afterMs)
    },
    stop() {
      stopped = true
      clearTimeout(timer)
    }
  }
}
