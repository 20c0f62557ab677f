import { describe, expect, it } from 'vitest'
import { asTyped, programAsTyped, shellWord } from '../../src/cli/as-typed.ts'

const clone = { npm_lifecycle_event: 'demo', npm_package_name: 'equipotent' }

describe('what the program is called', () => {
  it.each([
    [clone, '/d/dist/equipotent.js', 'npm run equipotent --'],
    [{ npm_lifecycle_event: 'npx' }, '/d/node_modules/.bin/equipotent', 'npx equipotent'],
    [{ npm_lifecycle_event: 'start', npm_package_name: 'other' }, '/d/x.js', 'npx equipotent'],
    [{}, '/usr/bin/equipotent', 'equipotent'],
    [{}, '/d/dist/equipotent.js', 'node dist/equipotent.js']
  ])('%j and %s: %s', (env, script, program) => {
    expect(programAsTyped(env, script, '/d')).toBe(program)
  })
})

describe('a suggested command', () => {
  it.each([
    ['equipotent', 'equipotent vote 3f lake', 'equipotent vote 3f lake'],
    ['npm run equipotent --', 'equipotent vote 3f lake', 'npm run equipotent -- vote 3f lake'],
    ['npm run equipotent --', 'equipotent demo', 'npm run demo'],
    ['npm run equipotent --', 'equipotent demo --peers 10', 'npm run demo -- --peers 10'],
    ['node dist/equipotent.js', 'equipotent demo', 'node dist/equipotent.js demo'],
    ['npm run equipotent --', 'npm run launch -- 5', 'npm run launch -- 5']
  ])('where it is "%s": %s', (program, command, typed) => {
    expect(asTyped(command, program)).toBe(typed)
  })

  it('quotes what a shell would take apart', () => {
    expect(shellWord('.equipotent/peer-1')).toBe('.equipotent/peer-1')
    expect(shellWord('the lake')).toBe("'the lake'")
    expect(shellWord("lake's $(end)")).toBe("'lake'\\''s $(end)'")
  })
})
