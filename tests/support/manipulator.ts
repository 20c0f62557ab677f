/**
 * The patient manipulator: one liar who also decides in which order everybody's messages arrive, among four validators.
 *
 * It cannot forge and cannot destroy: what it delivers from a correct validator was said by that validator (the helper
 * throws otherwise), and at the end of each epoch everything it held back arrives. Its aim is that the three correct
 * validators never agree: each epoch it lets some of them take the coin's bit and steers another one to the opposite.
 */

import type { AgreementMessage, Bit, BitSet } from '../../src/consensus/index.ts'
import { type Epoch, type NodeId, nodeId } from '../../src/core/ids.ts'
import type { agreementCrank } from './committee.ts'

/** The network it plays with: four validators, of which this one has no machine. */
export const LIAR = nodeId(3)

/** The correct ones. */
export const CORRECT = [nodeId(0), nodeId(1), nodeId(2)] as const

type Network = ReturnType<typeof agreementCrank>
type Word = { type: 'bval' | 'aux'; bit: Bit } | { type: 'conf'; bits: BitSet }

const only = (bit: Bit): BitSet => (bit === 0 ? 1 : 2)
const both: BitSet = 3
const opposite = (bit: Bit): Bit => (1 - bit) as Bit

/** What each correct validator entered `epoch` with. */
export function estimatesIn(network: Network, epoch: number): (Bit | null)[] {
  return CORRECT.map((node) => {
    const picture = network.machines.get(node)?.inspect() as { epochs: { epoch: number; estimate: Bit | null }[] }
    return picture.epochs.find((entry) => entry.epoch === epoch)?.estimate ?? null
  })
}

/** Delivers `word` of `epoch` to one validator from each of these, the liar among them or not. */
function give(network: Network, epoch: Epoch, to: NodeId, word: Word, from: readonly NodeId[]): void {
  for (const sender of from) {
    if (sender === LIAR) network.inject(LIAR, to, { ...word, epoch, own: false } as AgreementMessage)
    let delivered = false
    network.deliverWhere((envelope) => {
      if (delivered || envelope.from !== sender || envelope.to !== to || !says(envelope.message, word, epoch))
        return false
      delivered = true
      return true
    })
    if (!delivered) throw new Error(`${sender} never said ${JSON.stringify(word)} of epoch ${epoch} to ${to}`)
  }
}

function says(message: AgreementMessage, word: Word, epoch: Epoch): boolean {
  if (message.type !== word.type || message.epoch !== epoch) return false
  return message.type === 'conf'
    ? message.bits === (word as { bits: BitSet }).bits
    : message.bit === (word as { bit: Bit }).bit
}

/** Lets everything arrive that belongs to `epoch` or before. */
function letArrive(network: Network, epoch: Epoch): void {
  while (network.deliverWhere(({ message }) => message.type !== 'finish' && message.epoch <= epoch) > 0);
}

/**
 * One epoch against a coin that it learns when the first correct validator looks: `a` and `b` see both bits and take the
 * coin; only then `c`, who was held back, is led to the opposite bit.
 *
 * `a` and `b` entered with one bit, `c` with the other.
 */
export function splitAfterTheCoin(
  network: Network,
  epoch: Epoch,
  conf: boolean,
  revealed: (epoch: Epoch) => Bit
): void {
  const [a, b, c] = CORRECT
  const x = estimatesIn(network, epoch)[a] as Bit
  const y = opposite(x)
  const to = (node: NodeId, word: Word, ...from: NodeId[]): void => give(network, epoch, node, word, from)
  to(a, { type: 'bval', bit: x }, b, LIAR)
  to(b, { type: 'bval', bit: y }, c, LIAR)
  to(a, { type: 'bval', bit: y }, b, c)
  to(b, { type: 'bval', bit: x }, a, LIAR)
  to(a, { type: 'aux', bit: y }, b)
  to(a, { type: 'aux', bit: x }, LIAR)
  to(b, { type: 'aux', bit: x }, a, LIAR)
  if (conf) to(a, { type: 'conf', bits: both }, b, LIAR)
  if (conf) to(b, { type: 'conf', bits: both }, a, LIAR)
  const coin = revealed(epoch)
  const target = opposite(coin)
  to(c, { type: 'bval', bit: target }, a, b)
  to(c, { type: 'aux', bit: target }, x === target ? a : b, LIAR)
  if (conf) {
    to(c, { type: 'bval', bit: coin }, a, b)
    to(c, { type: 'conf', bits: only(target) }, LIAR)
    to(c, { type: 'conf', bits: both }, a)
  }
  letArrive(network, epoch)
}

/**
 * One epoch against a coin that it can work out ahead, with the repair in place: one validator is led to have only the
 * bit that the coin will not show, so that it keeps it; the other two see both bits and take the coin.
 */
export function splitBeforeTheCoin(network: Network, epoch: Epoch, coin: Bit): void {
  const target = opposite(coin)
  const estimates = estimatesIn(network, epoch)
  const [a, b, c] = [...CORRECT].sort((left, right) => rank(estimates[left], target) - rank(estimates[right], target))
  if (a === undefined || b === undefined || c === undefined) throw new Error('three correct validators')
  const to = (node: NodeId, word: Word, ...from: NodeId[]): void => give(network, epoch, node, word, from)
  to(b, { type: 'bval', bit: target }, a, LIAR)
  to(a, { type: 'bval', bit: target }, b, LIAR)
  to(a, { type: 'aux', bit: target }, b, LIAR)
  to(b, { type: 'aux', bit: target }, a, LIAR)
  to(a, { type: 'conf', bits: only(target) }, b, LIAR)
  to(b, { type: 'bval', bit: coin }, c, LIAR)
  to(c, { type: 'bval', bit: coin }, b, LIAR)
  to(c, { type: 'bval', bit: target }, a, b)
  to(c, { type: 'aux', bit: target }, b)
  to(c, { type: 'aux', bit: coin }, LIAR)
  to(b, { type: 'conf', bits: both }, c, LIAR)
  to(c, { type: 'conf', bits: only(target) }, b)
  to(c, { type: 'conf', bits: both }, LIAR)
  letArrive(network, epoch)
}

const rank = (estimate: Bit | null | undefined, target: Bit): number => (estimate === target ? 0 : 1)
