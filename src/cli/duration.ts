/**
 * Lengths of time as people write them: `500ms`, `60s`, `2m`, `1h`, `7d`.
 *
 * @packageDocumentation
 */

/** What a unit is worth in milliseconds. */
export const UNITS_MS = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 } as const

/** A unit of time. */
export type TimeUnit = keyof typeof UNITS_MS

/**
 * `text` in milliseconds, or `undefined` if it is no length of time.
 *
 * A number without a unit is only understood if the option says which unit it means; `0` always is.
 */
export function parseDurationMs(text: string, bareUnit?: TimeUnit): number | undefined {
  const match = /^(\d{1,12}(?:\.\d{1,3})?)\s*(ms|s|m|h|d)?$/.exec(text.trim())
  if (match === null) return undefined
  const amount = Number(match[1])
  const unit = (match[2] as TimeUnit | undefined) ?? bareUnit ?? (amount === 0 ? 'ms' : undefined)
  return unit === undefined ? undefined : Math.round(amount * UNITS_MS[unit])
}

/** A length of time for people: `850 ms`, `4.2 s`, `3 min`. Unit: milliseconds. */
export function durationInWords(ms: number): string {
  if (ms < 1_000) return `${Math.round(ms)} ms`
  if (ms < 60_000) return `${(ms / 1_000).toFixed(1).replace(/\.0$/, '')} s`
  if (ms < 2 * UNITS_MS.h) return `${Math.round(ms / UNITS_MS.m)} min`
  return `${Math.round(ms / UNITS_MS.h)} h`
}
