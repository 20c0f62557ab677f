/**
 * The stall of the published protocol, its repair, and what the repair does not repair.
 *
 * Sources: HoneyBadgerBFT issue 59; MacBrough, "Cobalt", arXiv 1802.07240, section 3.3; Cachin, Zanolini,
 * arXiv 2005.08795, section 3.
 */

import { describe, expect, test } from 'vitest'
import type { Bit, Repair } from '../../src/consensus/index.ts'
import type { Epoch } from '../../src/core/ids.ts'
import { randomBelow, seededRandom } from '../../src/core/random.ts'
import { agreementCrank, productCoin, secretCoin } from '../support/committee.ts'
import { CORRECT, estimatesIn, LIAR, splitAfterTheCoin, splitBeforeTheCoin } from '../support/manipulator.ts'

const EPOCHS = 200

/** Three correct validators with inputs 1, 1, 0 and a coin nobody can know ahead. */
function play(seed: number, repair: Repair) {
  const random = seededRandom(seed)
  const { coin, revealed } = secretCoin(() => randomBelow(random, 2) as Bit)
  const network = agreementCrank(4, { silent: [LIAR], coin, repair })
  for (const node of CORRECT) network.propose(node, node < 2 ? 1 : 0)
  const attack = (epoch: number): void => splitAfterTheCoin(network, epoch as Epoch, repair !== 'none', revealed)
  return { network, attack, random }
}

const isSplit = (estimates: readonly unknown[]): boolean => estimates.includes(0) && estimates.includes(1)

describe('a liar who rules the order of delivery, with a coin it cannot know ahead', () => {
  test.each<Repair>(['none', 'own-values'])('keeps correct validators split for %s, epoch after epoch', (repair) => {
    for (const seed of [1, 2, 3]) {
      const { network, attack } = play(seed, repair)
      for (let epoch = 0; epoch < EPOCHS; epoch++) attack(epoch)
      expect(isSplit(estimatesIn(network, EPOCHS))).toBe(true)
      expect(network.decisions.size).toBe(0)
    }
  })

  test('fails against the union of CONF sets: no split survives one epoch, and all decide alike', () => {
    for (let seed = 0; seed < 200; seed++) {
      const { network, attack, random } = play(seed, 'union')
      attack(0)
      expect(isSplit(estimatesIn(network, 1))).toBe(false)
      network.run(random)
      expect([...network.decisions.keys()].sort()).toEqual(CORRECT)
      expect(new Set(network.decisions.values()).size).toBe(1)
    }
  })
})

describe('a liar who rules the order of delivery and can work out the coin ahead', () => {
  test('postpones even the repaired protocol as long as it likes, and never makes anyone decide wrongly', () => {
    const coin = productCoin('known to all')
    const network = agreementCrank(4, { silent: [LIAR], coin })
    for (const node of CORRECT) network.propose(node, node < 2 ? 1 : 0)
    for (let epoch = 0; epoch < EPOCHS; epoch++) splitBeforeTheCoin(network, epoch as Epoch, coin(epoch as Epoch))
    expect(isSplit(estimatesIn(network, EPOCHS))).toBe(true)
    expect(network.decisions.size).toBe(0)
    network.run(seededRandom(1))
    expect(network.decisions.size).toBe(3)
    expect(new Set(network.decisions.values()).size).toBe(1)
  })
})
