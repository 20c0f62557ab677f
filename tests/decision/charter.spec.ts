import { describe, expect, it } from 'vitest'
import { OptionsError, type Problem } from '../../src/core/errors.ts'
import {
  type Charter,
  charterId,
  charterText,
  checkCharter,
  type Member,
  newCharterTerms,
  readCharter,
  signCharter,
  unsignedMembers
} from '../../src/decision/charter.ts'
import { testKey, verify } from '../support/keys.ts'
import { charterOf, type Draft, keysOf, NONCE, termsOf } from './sample.ts'

/** Every problem that `attempt` throws, as `path: expected`. */
function problemsOf(attempt: () => unknown): string[] {
  return thrownBy(attempt).map((problem) => `${problem.path}: ${problem.expected}`)
}

function thrownBy(attempt: () => unknown): readonly Problem[] {
  try {
    attempt()
  } catch (error) {
    if (error instanceof OptionsError) return error.problems
    throw error
  }
  throw new Error('nothing was refused')
}

/** A good charter of three with something changed, as a stranger would hand it in. */
function changed(change: (draft: Draft) => void): unknown {
  const draft = JSON.parse(charterText(charterOf(3)))
  change(draft)
  return draft
}

describe('charter', () => {
  it('sorts members by key, so that it makes no difference in which order they are named', () => {
    const members = [3, 1, 2].map((seed) => ({ key: testKey(seed).key, name: `Ada ${seed}` }))
    const one = newCharterTerms({ name: 'Lake', members, nonce: NONCE })
    const other = newCharterTerms({ name: 'Lake', members: members.toReversed(), nonce: NONCE })
    expect(charterId(one)).toBe(charterId(other))
    expect(one.members.map((member) => member.key)).toEqual(members.map((member) => member.key).sort())
  })

  it('has an id that signatures do not change, and everything else does', () => {
    const terms = termsOf(3)
    expect(charterId(charterOf(3))).toBe(charterId(terms))
    const others = [
      { ...terms, name: 'Another' },
      { ...terms, nonce: 'ff'.repeat(16) },
      { ...terms, members: terms.members.slice(1) },
      { ...terms, members: terms.members.map((member) => ({ ...member, name: 'Bob' })) }
    ]
    expect(new Set([terms, ...others].map(charterId)).size).toBe(5)
  })

  it('is complete once every member signed, in whatever order', () => {
    const terms = termsOf(3)
    const pairs = keysOf(terms)
    const [first, second, third] = pairs as [(typeof pairs)[0], (typeof pairs)[0], (typeof pairs)[0]]
    const started = signCharter(terms, third.key, third.sign)
    expect(() => checkCharter(started, verify)).toThrow(OptionsError)
    expect(unsignedMembers(started).map((member) => member.key)).toEqual([first.key, second.key])
    const finished = signCharter(signCharter(started, first.key, first.sign), second.key, second.sign)
    expect(checkCharter(finished, verify).id).toBe(charterId(terms))
    expect(charterText(finished)).toBe(charterText(charterOf(3)))
  })

  it('is read back from its own text', () => {
    const charter = charterOf(4)
    expect(checkCharter(JSON.parse(charterText(charter)), verify)).toEqual({ id: charterId(charter), charter })
  })

  it('takes no signature from a stranger', () => {
    const stranger = testKey(99)
    expect(problemsOf(() => signCharter(termsOf(3), stranger.key, stranger.sign))).toEqual([
      'key: the key of a member of this charter'
    ])
  })

  it('may be read while it lacks signatures, but not with a bad one', () => {
    const pair = keysOf(termsOf(3))[0] as ReturnType<typeof testKey>
    const partial = signCharter(termsOf(3), pair.key, pair.sign)
    expect(readCharter(JSON.parse(charterText(partial)), verify)).toEqual(partial)
    const forged: Charter = { ...partial, signatures: { [pair.key]: '00'.repeat(64) } }
    expect(readCharter(forged)).toEqual(forged)
    expect(problemsOf(() => readCharter(forged, verify))).toEqual([`signatures.${pair.key}: a good signature by Ada 0`])
  })

  it.each<[string, unknown]>([
    ['null', null],
    ['a text', 'charter'],
    ['a list', []],
    ['a number', 7]
  ])('refuses %s in its place', (_, value) => {
    expect(problemsOf(() => checkCharter(value, verify))).toEqual(['document: an object'])
  })

  it('names every missing signature', () => {
    const [first, second] = termsOf(3).members as unknown as [Member, Member]
    const charter = changed((draft) => {
      delete draft.signatures[first.key]
      delete draft.signatures[second.key]
    })
    expect(problemsOf(() => checkCharter(charter, verify))).toEqual([
      `signatures.${first.key}: a signature by ${first.name}`,
      `signatures.${second.key}: a signature by ${second.name}`
    ])
  })

  it('refuses signatures that were swapped between members', () => {
    const charter = changed((draft) => {
      const [first, second] = draft.members
      const kept = draft.signatures[first.key]
      draft.signatures[first.key] = draft.signatures[second.key]
      draft.signatures[second.key] = kept
    })
    expect(thrownBy(() => checkCharter(charter, verify))).toHaveLength(2)
  })

  it('refuses any change after signing', () => {
    const charter = changed((draft) => {
      draft.name = 'The lake hous'
    })
    expect(thrownBy(() => checkCharter(charter, verify))).toHaveLength(3)
  })

  it('lists every problem at once, not only the first', () => {
    const [first, , third] = termsOf(3).members as unknown as [Member, Member, Member]
    const charter = changed((draft) => {
      draft.format = 'equipotent-charter/2'
      draft.name = ''
      draft.nonce = 'XYZ'
      draft.leader = 'me'
      draft.members = [draft.members[2], { key: first.key, name: 'a'.repeat(81), boss: true }, draft.members[2], 5]
      draft.signatures = { [third.key]: 'zz', nobody: 'ab' }
    })
    expect(problemsOf(() => checkCharter(charter, verify))).toEqual([
      'format: equipotent-charter/1',
      'name: text of 1 to 80 characters, not only spaces',
      'members.1.name: text of 1 to 80 characters, not only spaces',
      'members.1.boss: no such field',
      'members.3: an object',
      'nonce: 32 lower-case hexadecimal digits',
      'leader: no such field',
      'members.2.key: a key that no other member has',
      'members.1.key: members in the order of their keys',
      `signatures.${third.key}: 128 lower-case hexadecimal digits`,
      'signatures.nobody: only signatures by members'
    ])
  })

  it('calls a key that stands there twice in a row a duplicate, and keys in the wrong order out of order', () => {
    const twice = changed((draft) => draft.members.splice(1, 0, draft.members[0]))
    expect(problemsOf(() => checkCharter(twice, verify))).toEqual(['members.1.key: a key that no other member has'])
    const turned = changed((draft) => draft.members.reverse())
    expect(problemsOf(() => checkCharter(turned, verify))).toEqual([
      'members.1.key: members in the order of their keys',
      'members.2.key: members in the order of their keys'
    ])
  })

  it('lists every missing field', () => {
    expect(thrownBy(() => checkCharter({}, verify)).map((problem) => `${problem.path}: ${problem.got}`)).toEqual([
      'format: nothing',
      'name: nothing',
      'members: nothing',
      'nonce: nothing',
      'signatures: nothing'
    ])
  })

  it('finds fields named like those every object inherits', () => {
    const charter = changed((draft) => {
      Object.defineProperty(draft, '__proto__', { value: {}, enumerable: true })
      draft.constructor = 1
      Object.defineProperty(draft.signatures, '__proto__', { value: 'ab', enumerable: true })
    })
    expect(problemsOf(() => checkCharter(charter, verify))).toEqual([
      '__proto__: no such field',
      'constructor: no such field',
      'signatures.__proto__: only signatures by members'
    ])
  })

  it('counts names in code points: 80 of the widest fit, one more does not', () => {
    const member = { key: testKey(0).key, name: '\u{1f30a}'.repeat(80) }
    expect(newCharterTerms({ name: 'Lake', members: [member], nonce: NONCE }).members).toEqual([member])
    const tooLong = { ...member, name: '\u{1f30a}'.repeat(81) }
    expect(problemsOf(() => newCharterTerms({ name: 'Lake', members: [tooLong], nonce: NONCE }))).toHaveLength(1)
  })

  it.each([
    ['nothing at all', ''],
    ['only spaces', ' \u00a0\t\n'],
    ['half a surrogate pair', 'Ada \ud800'],
    ['a megabyte', 'a'.repeat(2 ** 20)]
  ])('refuses a name that is %s', (_, name) => {
    const charter = changed((draft) => {
      draft.members[0].name = name
    })
    expect(problemsOf(() => checkCharter(charter, verify))).toEqual([
      'members.0.name: text of 1 to 80 characters, not only spaces'
    ])
  })

  it('repeats hostile text only in a form that is safe to print', () => {
    const hostile = 'Ada\u001b]0;owned\u0007\u202e\u200b'
    const charter = changed((draft) => {
      draft.format = hostile
      draft[hostile] = hostile
      draft.members[1].name = hostile
      draft.signatures = {}
    })
    const message = (() => {
      try {
        return checkCharter(charter, verify)
      } catch (error) {
        return (error as Error).message
      }
    })()
    expect(message).toContain('Ada\\u{1b}]0;owned\\u{7}\\u{202e}\\u{200b}')
    expect(String(message).replaceAll('\n', '')).not.toMatch(/[\p{Cc}\p{Cf}]/u)
  })

  it('accepts no community of nobody, and none of more than a hundred', () => {
    expect(problemsOf(() => newCharterTerms({ name: 'Lake', members: [], nonce: NONCE }))).toEqual([
      'members: a list of 1 to 100'
    ])
    const crowd = Array.from({ length: 101 }, () => ({ key: testKey(0).key, name: 'Ada' }))
    expect(problemsOf(() => newCharterTerms({ name: 'Lake', members: crowd, nonce: NONCE }))).toEqual([
      'members: a list of 1 to 100'
    ])
  })
})
