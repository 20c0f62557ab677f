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
  'validator-threw': 'our own validator failed; the message was dropped',
  strikes: 'a peer broke a rule of the network layer',
  'struck-out': 'a peer was disconnected and is refused for a while',
  'connections-refused': 'a connection was refused: cut, struck out, too many outsiders, or one link is enough',
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
