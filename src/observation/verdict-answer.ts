/**
 * Small tools of a verdict: how examples are told, and where two accounts differ.
 *
 * @packageDocumentation
 */

/** What was found about one promise. */
export interface Answer {
  readonly result: 'pass' | 'fail' | 'not-judged'
  /** What was checked if it passed; the counter-examples if it did not. Safe to print. */
  readonly explanation: string
}

/** Counter-examples that are told; the rest is counted. */
const COUNTER_EXAMPLES_MAX = 5

/**
 * Passes if there is no counter-example; then `checked` says what was looked at. A promise about nothing is not kept: where
 * `examinedCount` is 0, there is no judgement.
 */
export function answer(examples: readonly string[], checked: string, examinedCount: number): Answer {
  if (examples.length === 0) {
    return examinedCount > 0
      ? { result: 'pass', explanation: checked }
      : { result: 'not-judged', explanation: 'there was nothing to examine' }
  }
  const more = examples.length - COUNTER_EXAMPLES_MAX
  const shown = examples.slice(0, COUNTER_EXAMPLES_MAX).join('; ')
  return { result: 'fail', explanation: more > 0 ? `${shown}; and ${more} more` : shown }
}

/** For each key, the first two items whose values differ. */
export function contradictions<Item>(
  items: readonly Item[],
  key: (item: Item) => string,
  value: (item: Item) => string
): [Item, Item][] {
  const first = new Map<string, Item>()
  const found = new Map<string, [Item, Item]>()
  for (const item of items) {
    const known = first.get(key(item))
    if (known === undefined) first.set(key(item), item)
    else if (value(known) !== value(item) && !found.has(key(item))) found.set(key(item), [known, item])
  }
  return [...found.values()]
}

/** `1 peer`, `2 peers`. */
export const plural = (count: number, what: string): string => `${count} ${what}${count === 1 ? '' : 's'}`
