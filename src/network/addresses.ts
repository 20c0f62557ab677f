/**
 * Multiaddrs that people type and peers announce: `/ip4/192.168.1.7/tcp/4001`, with or without `/p2p/PEERID` at the end.
 *
 * Only TCP over IPv4, IPv6 or a DNS name is accepted, because that is the one transport a process here speaks. What
 * another peer announces is hostile text: it is parsed, bound to that peer's id and cut to a few.
 *
 * @packageDocumentation
 */

import './runtime.ts'
import { type Multiaddr, multiaddr } from '@multiformats/multiaddr'
import { OptionsError, type Problem } from '../core/errors.ts'
import type { PeerIdString } from '../core/ids.ts'
import { safeText } from '../core/text.ts'

/** Addresses of one peer that are tried; more would let one announcement send us knocking on many doors. */
export const ADDRESSES_PER_PEER_MAX = 8

/** Characters of the longest address worth parsing. */
const ADDRESS_LENGTH_MAX = 256

const HOST_PROTOCOLS = new Set(['ip4', 'ip6', 'dns', 'dns4', 'dns6'])

/** `text` as a TCP multiaddr, or `undefined` if it is anything else. */
export function parseAddress(text: string): Multiaddr | undefined {
  if (text.length > ADDRESS_LENGTH_MAX) return undefined
  try {
    const address = multiaddr(text)
    const [host, transport, peer, ...rest] = address.getComponents().map((component) => component.name)
    const isTcp = host !== undefined && HOST_PROTOCOLS.has(host) && transport === 'tcp'
    return isTcp && (peer === undefined || peer === 'p2p') && rest.length === 0 ? address : undefined
  } catch {
    return undefined
  }
}

/** Every one of the caller's own `texts` as a multiaddr. Throws OptionsError listing all that are none. */
export function requireAddresses(path: string, texts: readonly string[]): Multiaddr[] {
  const problems: Problem[] = []
  const addresses = texts.flatMap((text, index) => {
    const address = parseAddress(text)
    if (address !== undefined) return [address]
    problems.push({
      path: `${path}.${index}`,
      got: safeText(text),
      expected: 'an address such as /ip4/127.0.0.1/tcp/4001'
    })
    return []
  })
  if (problems.length > 0) throw new OptionsError(problems)
  return addresses
}

/**
 * What `peer` announced, ready to dial: readable addresses only, each bound to `peer` so that whoever else answers there
 * fails the handshake.
 */
export function dialableAddresses(peer: PeerIdString, texts: readonly string[]): Multiaddr[] {
  const bare = texts.slice(0, ADDRESSES_PER_PEER_MAX).flatMap((text) => {
    const address = parseAddress(text)
    return address === undefined ? [] : [hostAndPort(address)]
  })
  return [...new Set(bare)].map((text) => multiaddr(`${text}/p2p/${peer}`))
}

/** The address without the peer id. */
function hostAndPort(address: Multiaddr): string {
  const [host, port] = address.getComponents()
  return `/${host?.name}/${host?.value}/tcp/${port?.value}`
}
