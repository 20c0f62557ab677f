/**
 * Which decision a person means who types the end of its id.
 *
 * @packageDocumentation
 */

import { OptionsError } from '../core/errors.ts'
import { safeText } from '../core/text.ts'
import type { Session } from './session.ts'

/** The one open decision whose id ends with `text`. Throws OptionsError if there is none, or more than one. */
export function findOpen(open: readonly Session[], text: string): Session {
  const found = text === '' ? [] : open.filter((session) => session.id.endsWith(text))
  const [only] = found
  if (only !== undefined && found.length === 1) return only
  const got = found.length > 1 ? `${safeText(text, 80)}, which fits ${found.length}` : safeText(text, 80)
  throw new OptionsError([{ path: 'decision', got, expected: 'the id (or the end of the id) of one open decision' }])
}
