/**
 * What a reader promises about input that somebody else wrote, so that it can be asked ten million times.
 *
 * A reader answers whether it took the input. It throws nothing but what it is declared to throw, which its target catches;
 * and what it took says, written again, the same bytes: `expectSame`.
 */

import { bytesEqual } from '../../src/core/bytes.ts'
import { OptionsError } from '../../src/core/errors.ts'
import type { Random } from '../../src/core/random.ts'
import { type Make, pick } from './bytes.ts'

/** A reader and what it is fed. */
export interface Target {
  readonly name: string
  /** Of all inputs, its part in thousandths: the dear ones get fewer. */
  readonly share: number
  readonly samples: readonly Uint8Array[]
  readonly makers: readonly Make[]
  /** True if the reader took the input. Throws if it breaks a promise. */
  readonly run: (input: Uint8Array) => boolean | Promise<boolean>
}

/** One input of a target, by its number. */
export function inputOf({ makers, samples }: Target, random: Random): Uint8Array {
  return pick(random, makers)(random, samples)
}

/** Bytes as text, whatever they are. */
export const text = (input: Uint8Array): string => new TextDecoder('utf-8', { ignoreBOM: true }).decode(input)

/** What was accepted is written again as it came. */
export function expectSame(written: Uint8Array | string, input: Uint8Array | string): true {
  const isSame =
    typeof written === 'string' || typeof input === 'string' ? written === input : bytesEqual(written, input)
  if (!isSame) throw new Error('what was accepted is written in another way')
  return true
}

/** Runs a reader that may throw an OptionsError. */
export function tryOptions<Value>(read: () => Value): Value | undefined {
  try {
    return read()
  } catch (error) {
    if (error instanceof OptionsError) return undefined
    throw error
  }
}

/** A parsed document, or `undefined` if it is not JSON. */
export function tryJson(input: Uint8Array): { readonly value: unknown } | undefined {
  try {
    return { value: JSON.parse(text(input)) as unknown }
  } catch {
    return undefined
  }
}
