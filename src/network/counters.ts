/**
 * What the network layer has let through, dropped and refused, counted by name so that screens and tests can show it.
 *
 * @packageDocumentation
 */

/** Every counter, with what one more of it means. */
export const COUNTERS = {
  'gossip-published': 'a message of our own went out',
  'publish-failed': 'gossip refused to publish; the delivery layer sends again',
  'gossip-accepted': 'a message from a peer passed the validator',
  'gossip-ignored':
    'a message was not passed on: known already, of no use here, or taken in where nobody else needs it from here',
  'gossip-rejected': 'the validator found a message wrong; the sender got a strike',
  'gossip-oversized': 'a message was longer than allowed; the sender got a strike',
  'gossip-over-rate': 'a message was dropped unread because its sender sent too many',
  'gossip-malformed': 'a member sent gossip frames that cannot be read; it was disconnected and got a strike',
  'gossip-by-outsider': 'a peer that is no member wanted to gossip; its stream was closed',
  'validator-threw': 'our own validator failed; the message was dropped',
  strikes: 'a peer broke a rule of the network layer',
  'struck-out': 'a peer was disconnected and is refused for a while',
  'calls-over-rate': 'a call was refused before its handshake: too many came from its address',
  'calls-displaced': 'the oldest unfinished handshake gave way to a newer call',
  'outsiders-over-rate': 'an outsider was refused: too many came lately',
  'outsiders-without-place': 'an outsider was refused: all their places are taken',
  'outsiders-replaced': 'an outsider called again, and its earlier connection was closed',
  'outsider-bytes': 'an outsider was cut off: more bytes than outsiders may send',
  'outsider-frames': 'an outsider was cut off: more frames than outsiders may send',
  'outsider-streams': 'an outsider was cut off: more streams than outsiders may open',
  'outsider-unread': 'an outsider was cut off: it asked and did not read the answers',
  'member-slowed': 'a member sent faster than its allowance; its link was read more slowly, and nothing was lost',
  'refused-cut': 'a connection was refused: this host is cut off from that peer on purpose',
  'refused-struck-out': 'a connection was refused: the peer was struck out a short while ago',
  'refused-crossing': 'a connection was refused: one link between two peers is enough',
  'dial-failed': 'a peer could not be reached at the addresses known',
  'mute-links': 'a link was replaced because gossip had stopped on it',
  'exchanges-completed': 'a request and answer over a stream ended well',
  'exchanges-failed': 'a stream broke, was aborted, timed out or carried too much'
} as const

/** The name of a counter. */
export type CounterName = keyof typeof COUNTERS

/** Numbers since the host started. */
export type Counters = Record<CounterName, number>

/** All counters at zero. */
export function createCounters(): Counters {
  return Object.fromEntries(Object.keys(COUNTERS).map((name) => [name, 0])) as Counters
}
