/**
 * Shows a demo while it runs: as a screen, as sentences, or as one JSON object a line.
 *
 * @packageDocumentation
 */

import type { TraceEvent, TraceFact } from '../consensus/trace.ts'
import { safeText } from '../core/text.ts'
import type { Watched } from './demo-watcher.ts'
import type { Io } from './io.ts'
import { createLiveScreen } from './live-screen.ts'
import { createNarrator } from './narrate.ts'

/** What a demo tells. */
export interface DemoShow {
  /** A sentence about the demo itself. */
  say(sentence: string): void
  /** Something a peer did. */
  onEvent(event: TraceEvent, watched: Watched): void
  /** Something the launcher did to a peer. */
  onLauncher(fact: TraceFact, sentence: string): void
  /** From now on, look through this peer's eyes. */
  lookThrough(watched: Watched): Promise<void>
  /** The screen is over; what follows is plain text. */
  end(): void
}

/** A label with the fingerprint nobody can choose. */
export const labelOf = (watched: Pick<Watched, 'name' | 'short'>): string =>
  `${safeText(watched.name, 40)} …${safeText(watched.short, 8)}`

/** Makes the show that fits the terminal. */
export function createDemoShow(io: Io, json: boolean): DemoShow {
  if (json) return jsonShow(io)
  return io.interactive ? screenShow(io) : sentenceShow(io)
}

function jsonShow(io: Io): DemoShow {
  const startedAt = performance.now()
  return {
    say: (sentence) => io.err(sentence),
    onEvent: (event) => io.out(JSON.stringify(event)),
    onLauncher: (fact) => {
      io.out(JSON.stringify({ t: Math.round(performance.now() - startedAt), peer: 'launcher', ...fact }))
    },
    lookThrough: async () => undefined,
    end: () => undefined
  }
}

/** Sentences from one peer's eyes, and from everybody when it is certified. */
function sentenceShow(io: Io): DemoShow {
  const narrate = createNarrator()
  let eyes: Watched | undefined
  return {
    say: io.out,
    onEvent(event, watched) {
      if (watched !== eyes && event.type !== 'certified') return
      const call = (short: string): string => {
        const peer = watched.view.peers[short]
        return peer === undefined || peer.name === '' ? `…${safeText(short, 8)}` : safeText(peer.name, 40)
      }
      const line = narrate(event, call)
      if (line !== undefined) io.out(`  ${line}`)
    },
    onLauncher: (_, sentence) => io.out(sentence),
    async lookThrough(watched) {
      eyes = watched
      io.out(`Looking through the eyes of ${labelOf(watched)}; everybody else would do as well.`)
    },
    end: () => {
      eyes = undefined
    }
  }
}

function screenShow(io: Io): DemoShow {
  let eyes: Watched | undefined
  let screen: Awaited<ReturnType<typeof createLiveScreen>> | undefined
  let note = ''
  const killed: string[] = []
  const draw = (): void => {
    if (eyes !== undefined) screen?.show(eyes.view, { note, killed })
  }
  const say = (sentence: string): void => {
    note = sentence
    if (screen === undefined) io.out(sentence)
    else draw()
  }
  return {
    say,
    onEvent: (_, watched) => {
      if (watched === eyes) draw()
    },
    onLauncher(fact, sentence) {
      if (fact.type === 'fault-injected') killed.push(fact.target)
      say(sentence)
    },
    async lookThrough(watched) {
      eyes = watched
      screen = await createLiveScreen(io)
      draw()
    },
    end() {
      screen?.end()
      screen = undefined
    }
  }
}
