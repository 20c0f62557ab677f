/**
 * Members that lie, as real processes among real peers: up to f of them change no outcome, get themselves named where they
 * signed two things, and get nobody else blamed. `tests/byzantine` holds the lies.
 */

import { beforeAll, describe, expect, it } from 'vitest'
import { maxFaulty } from '../../src/core/quorum.ts'
import { launchMixed, type Mixed } from '../byzantine/community.ts'
import { isAccusation, judge, type Lie, lieInFlight, lieWhileOpen } from '../byzantine/trial.ts'
import { until } from '../support/peers.ts'

const SEED = Number(process.env['EQUIPOTENT_SEED'] ?? Math.floor(Math.random() * 1_000_000))

beforeAll(() => console.log(`EQUIPOTENT_SEED=${SEED} makes the liars draw the same again`))

/** Every lie of a community takes up to some seconds; with seven members on two cores several more. */
const WITHIN_MS = 180_000

/** What only some were told comes out in exchanges after the decision, one with a random neighbour every two seconds. */
const NAMED_WITHIN_MS = 60_000

/** A community in which the last `liars` members lie. */
function launch(size: number, liars: number): Promise<Mixed> {
  expect(liars).toBeLessThanOrEqual(maxFaulty(size))
  return launchMixed({ size, companions: liars, program: 'liar.ts', seed: SEED })
}

/** Everything decided alike, nobody slandered, nobody estranged. */
const INNOCENT = { undecided: [], slander: [], estranged: [] }

/** Lies in which an honest journal does not name a liar as it should. */
function unnamed(mixed: Mixed, lies: readonly Lie[]): string[] {
  return mixed.honest.flatMap((number) => {
    const events = mixed.heard(number)
    return lies.flatMap((lie) =>
      mixed.companions
        .filter(({ short }) => !events.some((event) => isAccusation(event, lie, short)))
        .map(({ short }) => `peer ${number} does not name ${short} for ${lie.name}`)
    )
  })
}

/** One lie after the other, each in a decision of its own. */
async function lieInTurn(mixed: Mixed, names: readonly string[]): Promise<Lie[]> {
  const lies: Lie[] = []
  for (const name of names) lies.push(...(await lieWhileOpen(mixed, [name])))
  return lies
}

describe('a liar in a community of four', () => {
  it(
    'that signs two words in one slot is named by everybody with both, whatever the slot',
    async () => {
      const mixed = await launch(4, 1)
      const lies = await lieWhileOpen(mixed, [
        'two-ballots',
        'two-echoes',
        'two-readies',
        'two-inputs',
        'two-aux',
        'two-confs',
        'two-finishes',
        'two-endorsements'
      ])
      const judgement = await judge(mixed, lies)
      expect(judgement).toMatchObject(INNOCENT)
      expect(unnamed(mixed, lies)).toEqual([])
      expect(judgement.convictions).toEqual([mixed.honest.length])
    },
    WITHIN_MS
  )

  it(
    'that tells each half something else in full flight is named by everybody a short time after the decision',
    async () => {
      const mixed = await launch(4, 1)
      for (const name of ['two-ballots', 'two-echoes', 'two-finishes', 'two-endorsements', 'two-ballots']) {
        const lies = await lieInFlight(mixed, [name])
        await until(() => unnamed(mixed, lies).length === 0, NAMED_WITHIN_MS)
      }
      expect(await judge(mixed, [])).toMatchObject({ slander: [], estranged: [] })
    },
    WITHIN_MS
  )

  it(
    'changes no outcome by silence, contradiction in full flight, or changes of mind',
    async () => {
      const mixed = await launch(4, 1)
      const lies = await lieWhileOpen(mixed, ['changes-its-mind'])
      const silent = await lieInFlight(mixed, ['silent', 'silent-to-some', 'late'])
      const flying = await lieInFlight(mixed, ['two-faces', 'anything', 'two-faces', 'anything', 'boss', 'two-ballots'])
      const judgement = await judge(mixed, [...lies, ...silent, ...flying])
      expect(judgement).toMatchObject(INNOCENT)
      expect(unnamed(mixed, lies)).toEqual([])
    },
    WITHIN_MS
  )

  it(
    'is refused what is bound to another roster, replayed, out of range, or proves nothing',
    async () => {
      const mixed = await launch(4, 1)
      const lies = await lieInTurn(mixed, [
        'other-roster',
        'replayed-ballot',
        'far-epochs',
        'impossible-epoch',
        'forged-evidence',
        'two-in-one-batch',
        'boss'
      ])
      const judgement = await judge(mixed, lies)
      expect(judgement).toMatchObject(INNOCENT)
      expect(judgement.convictions).toEqual([0])
    },
    WITHIN_MS
  )

  it(
    'poisons nobody that catches up: only what proves itself is believed',
    async () => {
      const mixed = await launch(4, 1)
      const lies = await lieInTurn(mixed, [
        'forged-certificates',
        'damaged-gift',
        'garbage',
        'replays',
        'has-everything',
        'has-nothing',
        'endless',
        'too-much'
      ])
      const judgement = await judge(mixed, lies)
      expect(judgement).toMatchObject(INNOCENT)
      expect(judgement.convictions).toEqual([0])
    },
    WITHIN_MS
  )

  it(
    'floods its own places and keeps nobody from deciding',
    async () => {
      const mixed = await launch(4, 1)
      const lies = await lieInTurn(mixed, [
        'wrong-proposal',
        'in-anothers-name',
        'word-flood',
        'proposal-flood',
        'wasteful',
        'false-presence',
        'message-flood'
      ])
      const { undecided, slander, estranged } = await judge(mixed, lies)
      expect({ undecided, slander }).toEqual({ undecided: [], slander: [] })
      // A flood may cost the liar its own link, and no other.
      expect(estranged.filter((sentence) => !sentence.includes('struck somebody out'))).toEqual([])
    },
    WITHIN_MS
  )
})

describe('two liars in league in a community of seven', () => {
  it(
    'are named by everybody where they signed two things, and change no outcome',
    async () => {
      const mixed = await launch(7, 2)
      const lies = await lieWhileOpen(mixed, ['two-ballots', 'two-echoes', 'two-finishes', 'changes-its-mind'])
      const others = await lieWhileOpen(mixed, ['far-epochs', 'forged-certificates', 'boss'])
      const flying = await lieInFlight(mixed, ['two-faces', 'anything', 'silent', 'late', 'two-faces', 'anything'])
      const judgement = await judge(mixed, [...lies, ...others, ...flying])
      expect(judgement).toMatchObject(INNOCENT)
      expect(unnamed(mixed, lies)).toEqual([])
      expect(judgement.convictions).toEqual([mixed.honest.length, mixed.honest.length])
    },
    WITHIN_MS
  )
})
