/**
 * The launcher's end of the channel to one peer: what the peer said first, and orders with their answers.
 *
 * @packageDocumentation
 */

import type { ChildProcess } from 'node:child_process'
import type { PeerIdString } from '../core/ids.ts'
import { type LaunchMessage, type LaunchOrder, readLaunchMessage } from './orders.ts'

/** How long a peer may take to carry out an order; one that is paused does it when it goes on. Unit: milliseconds. */
const CARRIED_OUT_WITHIN_MS = 5_000

/** The launcher's end. */
export interface Channel {
  /** Hands every message but answers to `listener`. */
  listen(listener: (message: Exclude<LaunchMessage, { readonly type: 'done' }>) => void): void
  /** Has the peer refuse exactly these members. True once it does; false if it has ended, or says nothing for too long. */
  refuse(peers: readonly PeerIdString[]): Promise<boolean>
  /** Closes the channel: the peer goes on by itself, and refuses nobody any more. */
  close(): void
}

/** Opens our end of the channel to a process that was just started. */
export function createChannel(child: ChildProcess): Channel {
  const waiting = new Map<number, (carriedOut: boolean) => void>()
  const answer = (order: number, carriedOut: boolean): void => {
    waiting.get(order)?.(carriedOut)
    waiting.delete(order)
  }
  const answerAll = (): void => {
    for (const order of [...waiting.keys()]) answer(order, false)
  }
  let orderNext = 1
  child.on('message', (message: unknown) => {
    const said = readLaunchMessage(message)
    if (said?.type === 'done') answer(said.order, true)
  })
  child.once('disconnect', answerAll)

  return {
    listen(listener) {
      child.on('message', (message: unknown) => {
        const said = readLaunchMessage(message)
        if (said !== undefined && said.type !== 'done') listener(said)
      })
    },
    refuse(peers) {
      const order = orderNext++
      const words: LaunchOrder = peers.length === 0 ? { type: 'heal', order } : { type: 'cut', order, peers }
      return new Promise((resolve) => {
        if (!child.connected) return resolve(false)
        const timer = setTimeout(() => answer(order, false), CARRIED_OUT_WITHIN_MS)
        waiting.set(order, (carriedOut) => {
          clearTimeout(timer)
          resolve(carriedOut)
        })
        child.send(words, (error) => {
          if (error !== null) answer(order, false)
        })
      })
    },
    close() {
      if (child.connected) child.disconnect()
    }
  }
}
