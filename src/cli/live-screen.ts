/**
 * Draws the screen in place, a few times a second at most.
 *
 * @packageDocumentation
 */

import type { CommunityView } from '../observation/community-view.ts'
import type { Io } from './io.ts'
import { renderView } from './screen.ts'
import { wrap } from './terminal-text.ts'

/** Ten a second is as fast as people read. Unit: milliseconds. */
const DRAW_EVERY_MS = 100

/**
 * Starts every other frame: it shows nothing, and makes log-update redraw the whole frame. Its patching of the lines that
 * changed loses an empty line when a frame grows (7.2.0).
 */
const REDRAW = '\u001b[0m'

/** What stands beside the view. */
export interface ScreenNotes {
  /** A sentence below it. */
  readonly note?: string
  /** Short ids of peers that whoever looks knows to be dead, though the peer it looks through cannot know. */
  readonly killed?: readonly string[]
}

/** A screen that is drawn in place. */
export interface LiveScreen {
  /** Shows `view` soon. */
  show(view: CommunityView, notes?: ScreenNotes): void
  /** Draws what was shown last and leaves it on the terminal. */
  end(): void
}

/** Takes the terminal's lower part as a screen, until `end`. */
export async function createLiveScreen(io: Io): Promise<LiveScreen> {
  const { default: logUpdate } = await import('log-update')
  let latest: { readonly view: CommunityView; readonly notes: ScreenNotes } | undefined
  let isOdd = false
  let timer: NodeJS.Timeout | undefined

  function draw(): void {
    timer = undefined
    if (latest === undefined) return
    const { note = '', killed = [] } = latest.notes
    const lines = renderView(latest.view, { width: io.width, colour: io.colour, killed })
    isOdd = !isOdd
    logUpdate((isOdd ? REDRAW : '') + [...lines, ...(note === '' ? [] : ['', ...wrap(note, io.width - 1)])].join('\n'))
  }

  return {
    show(view, notes = {}) {
      latest = { view, notes }
      timer ??= setTimeout(draw, DRAW_EVERY_MS)
    },
    end() {
      clearTimeout(timer)
      draw()
      logUpdate.done()
    }
  }
}
