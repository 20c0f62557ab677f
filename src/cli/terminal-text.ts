/**
 * Text that fits: widths as terminals draw them, lines cut and padded to columns.
 *
 * @packageDocumentation
 */

import { safeText } from '../core/text.ts'

/** Drawn two columns wide: East Asian scripts, full-width forms, emoji. */
const WIDE =
  /[\u1100-\u115f\u2e80-\u303e\u3041-\u33ff\u3400-\u4dbf\u4e00-\u9fff\ua000-\ua4cf\ua960-\ua97c\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe6f\uff00-\uff60\uffe0-\uffe6\u{17000}-\u{18cff}\u{1b000}-\u{1b2ff}\u{20000}-\u{3fffd}]|\p{Emoji_Presentation}/u

/** Drawn on top of the character before. */
const COMBINING = /\p{M}/u

/** Columns that `text` takes. */
export function columnsOf(text: string): number {
  let columns = 0
  for (const character of text) columns += columnsOfOne(character)
  return columns
}

/** `text` in at most `columns`; a cut is shown as an ellipsis. */
export function cutTo(text: string, columns: number): string {
  if (columnsOf(text) <= columns) return text
  let kept = ''
  let used = 1
  for (const character of text) {
    used += columnsOfOne(character)
    if (used > columns) break
    kept += character
  }
  return columns < 1 ? '' : `${kept}…`
}

/** `text` in exactly `columns`. */
export function fitTo(text: string, columns: number): string {
  const cut = cutTo(text, columns)
  return cut + ' '.repeat(Math.max(0, columns - columnsOf(cut)))
}

/** Text from somebody else, safe and in at most `columns`. */
export function safeCut(text: string, columns: number): string {
  return cutTo(safeText(text, Math.max(2, columns)), columns)
}

/** Words over as many lines as it takes, at most `linesMax`. */
export function wrap(text: string, columns: number, linesMax = 4): string[] {
  const lines: string[] = []
  let line = ''
  for (const word of text.split(' ')) {
    const longer = line === '' ? word : `${line} ${word}`
    if (columnsOf(longer) <= columns) line = longer
    else {
      if (line !== '') lines.push(line)
      line = word
    }
  }
  lines.push(line)
  const kept = lines.slice(0, linesMax)
  if (lines.length > linesMax) kept[linesMax - 1] = `${cutTo(kept[linesMax - 1] ?? '', columns - 1)}…`
  return kept.map((one) => cutTo(one, columns))
}

function columnsOfOne(character: string): number {
  if (COMBINING.test(character)) return 0
  return WIDE.test(character) ? 2 : 1
}

/** Ways to draw text. */
export type Paint = Readonly<Record<'bold' | 'dim' | 'good' | 'waiting' | 'bad', (text: string) => string>>

/** Paints with the terminal's own sixteen colours, or not at all. Colour never tells what text does not. */
export function createPaint(colour: boolean): Paint {
  const code = (on: number, off: number) => (text: string) =>
    colour && text !== '' ? `\u001b[${on}m${text}\u001b[${off}m` : text
  return { bold: code(1, 22), dim: code(2, 22), good: code(32, 39), waiting: code(33, 39), bad: code(31, 39) }
}
