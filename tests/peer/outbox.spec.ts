import { describe, expect, it } from 'vitest'
import type { Epoch, Hash } from '../../src/core/ids.ts'
import { nodeId } from '../../src/core/ids.ts'
import type { DecisionMessage } from '../../src/decision/decision-message.ts'
import { hasteOf, Outbox, PATIENCE_MS_MAX } from '../../src/peer/outbox.ts'
import { manualClock } from '../support/manual-clock.ts'

const hash = 'ab'.repeat(32) as Hash
const epoch = 0 as Epoch
const echo: DecisionMessage = { type: 'echo', instance: nodeId(0), hash }
const ready: DecisionMessage = { type: 'ready', instance: nodeId(0), hash }

function outboxOf() {
  const clock = manualClock()
  let dueCount = 0
  const outbox = new Outbox({ clock, quietMs: 40, onDue: () => dueCount++ })
  return { clock, outbox, due: () => dueCount }
}

describe('outbox', () => {
  it('asks to leave at once when it holds a prompt word', () => {
    const { outbox } = outboxOf()
    outbox.say(ready)
    expect(outbox.prompt).toBe(false)
    outbox.say(echo)
    expect(outbox.prompt).toBe(true)
    expect(outbox.takeAll()).toEqual([ready, echo])
    expect(outbox.prompt).toBe(false)
    expect(outbox.empty).toBe(true)
  })

  it('lets patient words leave once the decision has gone quiet', () => {
    const { clock, outbox, due } = outboxOf()
    outbox.say(ready)
    clock.advance(30)
    outbox.heard()
    clock.advance(39)
    expect(due()).toBe(0)
    clock.advance(1)
    expect(due()).toBe(1)
  })

  it('does not let a stream of messages hold a patient word back for ever', () => {
    const { clock, outbox, due } = outboxOf()
    outbox.say(ready)
    for (let waited = 0; waited < PATIENCE_MS_MAX; waited += 20) {
      expect(due()).toBe(0)
      outbox.heard()
      clock.advance(20)
    }
    expect(due()).toBe(1)
  })

  it('forgets patient words, and only those, when the decision is certified', () => {
    const { clock, outbox, due } = outboxOf()
    outbox.say(ready)
    outbox.say(echo)
    expect(outbox.takePrompt()).toEqual([echo])
    clock.advance(10 * PATIENCE_MS_MAX)
    expect(due()).toBe(0)
  })

  it('says at once what carries a unanimous decision, and waits with the rest', () => {
    expect(hasteOf({ type: 'bval', instance: nodeId(0), epoch, bit: 1, own: true })).toBe('prompt')
    expect(hasteOf({ type: 'bval', instance: nodeId(0), epoch, bit: 1, own: false })).toBe('patient')
    expect(hasteOf({ type: 'aux', instance: nodeId(0), epoch, bit: 1 })).toBe('patient')
    expect(hasteOf({ type: 'endorsement', outcome: hash, signature: new Uint8Array(64) })).toBe('prompt')
  })
})
