/**
 * Draws the screen in place, a few times a second at most.
 *
 * @packageDocumentation
 */

import type { CommunityView } from '../observation/community-view.ts'
import type { Io } from './io.ts'
import { renderView } from './screen.ts'

/** Ten a second is as fast as people read. Unit: milliseconds. */
const DRAW_EVERY_MS = 100

/** A screen that is drawn in place. */
export interface LiveScreen {
  /** Shows `view` soon. `note` stands below it. */
  show(view: CommunityView, note?: string): void
  /** Draws what was shown last and leaves it on the terminal. */
  end(): void
}

/** Takes the terminal's lower part as a screen, until `end`. */
export async function createLiveScreen(io: Io): Promise<LiveScreen> {
  const { default: logUpdate } = await import('log-update')
  let latest: { readonly view: CommunityView; readonly note: string } | undefined
  let timer: NodeJS.Timeout | undefined

  function draw(): void {
    timer = undefined
    if (latest === undefined) return
    const lines = renderView(latest.view, { width: io.width, colour: io.colour })
    logUpdate([...lines, ...(latest.note === '' ? [] : ['', latest.note])].join('\n'))
  }

  return {
    show(view, note = '') {
      latest = { view, note }
      timer ??= setTimeout(draw, DRAW_EVERY_MS)
    },
    end() {
      clearTimeout(timer)
      draw()
      logUpdate.done()
    }
  }
}
