/**
 * Text that came from somebody else, made safe to show.
 *
 * A hostile peer may send anything as a name or a question: control characters that move the cursor or change the
 * window's title, marks that reverse the reading direction, characters of no width, or a megabyte of combining marks.
 *
 * @packageDocumentation
 */

/**
 * What is never shown as itself: C0, DEL, C1, line and paragraph separators, bidirectional controls, characters of no
 * width, variation selectors, tags, unpaired surrogates and private use.
 */
const UNSHOWABLE =
  /\u034f|[\ufe00-\ufe0f]|[\u{e0100}-\u{e01ef}]|[\p{Cc}\p{Cf}\p{Cs}\p{Co}\u2028\u2029\u115f\u1160\u17b4\u17b5\u3164\uffa0]/gu

/**
 * `text` with everything unshowable written as `\u{…}` and cut to `codePointsMax` code points.
 *
 * Default: 200 code points. The cut is shown as an ellipsis; more than three combining marks in a row are dropped.
 */
export function safeText(text: string, codePointsMax = 200): string {
  const head = text.slice(0, codePointsMax * 4)
  const points = [...head.replace(/(\p{M}{3})\p{M}+/gu, '$1')]
  const cut = points.length > codePointsMax || head.length < text.length
  const kept = cut ? `${points.slice(0, codePointsMax - 1).join('')}…` : points.join('')
  return kept.replace(UNSHOWABLE, (character) => `\\u{${(character.codePointAt(0) ?? 0).toString(16)}}`)
}

/** How many code points `text` has, at most `stopAt`: a megabyte is not worth counting to its end. */
export function codePointCount(text: string, stopAt = 100_000): number {
  let count = 0
  for (const _ of text) if (++count >= stopAt) break
  return count
}
