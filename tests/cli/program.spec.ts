import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { killCommand, launchCommand, overviewCommand, restartCommand, stopCommand } from '../../src/cli/background.ts'
import { answerCommand, askCommand } from '../../src/cli/background-vote.ts'
import { COMMANDS, runCli } from '../../src/cli/program.ts'
import { runCommand } from '../../src/cli/run-commands.ts'
import { BALLOTS, certificateOf } from '../observation/fixture.ts'
import { fakeIo } from './fake-io.ts'

let directory = ''
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'cli-'))
})
afterEach(() => rmSync(directory, { recursive: true }))

async function run(...argv: string[]) {
  const io = fakeIo()
  const code = await runCli(argv, io)
  return { code, out: io.outLines.join('\n'), err: io.errLines.join('\n'), errLines: io.errLines }
}

describe('bad input', () => {
  it('is told all at once, one sentence each, with exit code 2', async () => {
    const { code, errLines, out } = await run(
      'demo',
      '--peers',
      'many',
      '--kill',
      'everyone',
      '--rule',
      'loudest',
      '--deadline',
      'soon',
      '--time-limit',
      '-1',
      '--options',
      'a,a'
    )
    expect(code).toBe(2)
    expect(out).toBe('')
    for (const path of ['--peers', '--kill', '--rule', '--deadline', '--time-limit', '--options']) {
      expect(errLines.filter((line) => line.startsWith(path))).toHaveLength(1)
    }
    expect(errLines).toContain('--peers: expected a whole number from 1 to 100, got "many".')
  })

  it.each([
    [['demo', '--method', 'hierarchy'], 'assembly, the only method this version has'],
    [['demo', '--kill', '8'], 'numbers of peers from 1 to 7'],
    [['demo', '--web'], 'an unknown option'],
    [['demo', 'seven'], 'one word too many'],
    [['demo', '--seed'], 'argument missing'],
    [['propose'], '<question>'],
    [['propose', 'Where?'], '--options'],
    [['vote', 'abc'], '<choice...>'],
    [['peer'], '--data'],
    [['verify', '/nowhere/at/all'], 'no such file'],
    [['verdict', '/nowhere/at/all'], 'a directory where a peer has run'],
    [['charter', 'sign', 'x.json'], '--data'],
    [['charter', 'new', 'x.json', '--member', 'heron'], '--community'],
    [['dance'], 'unknown command']
  ])('%j ends with 2 and names what is wrong', async (argv, expected) => {
    const { code, err, out } = await run(...argv)
    expect(code).toBe(2)
    expect(err).toContain(expected)
    expect(out).toBe('')
  })

  it('about a verdict on a directory without a peer is one sentence', async () => {
    const { code, out, errLines } = await run('verdict', directory)
    expect({ code, out }).toEqual({ code: 2, out: '' })
    expect(errLines).toEqual([
      expect.stringMatching(/^\[directory\.\.\.\]: expected a directory where a peer has run, got ".*"\.$/)
    ])
  })

  it('about a file is one sentence, and not the system’s own words', async () => {
    const file = join(directory, 'a-file')
    writeFileSync(file, '')
    const { code, errLines } = await run('demo', '--data', join(file, 'below'))
    expect({ code, errLines }).toEqual({
      code: 2,
      errLines: [`${join(file, 'below', 'peer-1')}: a file is where a directory should be.`]
    })
  })

  it('lists unknown options together with every other problem', async () => {
    const { code, err } = await run('demo', '--perfect', '--fast', '--peers', '0')
    expect(code).toBe(2)
    for (const part of ['"--perfect"', '"--fast"', '--peers']) expect(err).toContain(part)
  })

  it('cannot reach the terminal as control characters', async () => {
    const { err } = await run('demo', '--rule', '\u001b]0;owned\u0007')
    expect(err).not.toMatch(/\p{Cc}(?<!\n)/u)
  })
})

describe('no peer', () => {
  it.each(['status', 'decisions', 'watch'])('%s says where none runs and how to start one', async (command) => {
    const { code, err } = await run(command, '--data', directory)
    expect(code).toBe(2)
    expect(err).toContain('no peer is running in')
    expect(err).not.toContain('start it with')
    writeFileSync(join(directory, 'charter.json'), '{}')
    const { err: hint } = await run(command, '--data', directory)
    expect(hint).toMatch(/; start it with: equipotent peer --data \S+[^.]$/)
  })
})

describe('help', () => {
  const all = [...COMMANDS, ...COMMANDS.flatMap(({ commands = [] }) => commands)]

  it.each(COMMANDS.map(({ name }) => name))('%s has an example, and ends with 0', async (name) => {
    const { code, out } = await run(name, '--help')
    expect(code).toBe(0)
    expect(out).toContain('Examples:')
    expect(out).toContain(`$ equipotent ${name}`)
  })

  it('of every command that does something offers --json', async () => {
    for (const { name, run: isRunnable } of all) {
      if (isRunnable === undefined || !COMMANDS.some((command) => command.name === name)) continue
      expect((await run(name, '--help')).out).toContain('--json')
    }
  })

  it('of the scripts works as well', async () => {
    const scripts = [
      launchCommand,
      stopCommand,
      killCommand,
      restartCommand,
      overviewCommand,
      askCommand,
      answerCommand
    ]
    for (const command of scripts) {
      const io = fakeIo()
      expect(await runCommand(command, ['--help'], io)).toBe(0)
      const help = io.outLines.join('\n')
      expect(help).toContain(`Usage: npm run ${command.name} -- `)
      expect(help).toContain(`$ npm run ${command.name}`)
    }
  })
})

describe('verify', () => {
  const write = (text: string): string => {
    const file = join(directory, 'certificate.json')
    writeFileSync(file, text)
    return file
  }

  it('says yes to a good certificate with 0, and who signed', async () => {
    const { code, out } = await run('verify', write(certificateOf(BALLOTS).text))
    expect(code).toBe(0)
    expect(out).toContain('lake (3 of 4)')
    expect(out).toContain('signed by  4 of 4')
    expect(out).toContain('authored by nobody')
  })

  it('takes several at once, and says no if one is bad', async () => {
    const good = write(certificateOf(BALLOTS).text)
    const bad = join(directory, 'bad.json')
    writeFileSync(bad, 'no certificate')
    expect((await run('verify', good, good)).code).toBe(0)
    expect(await run('verify', good, bad)).toMatchObject({ code: 1, out: expect.stringContaining('Not good:') })
  })

  it('says no with 1 and the reason, in words and in JSON', async () => {
    const file = write(certificateOf(BALLOTS).text.replace('"Where do we meet?"', '"Where do we eat?"'))
    expect(await run('verify', file)).toMatchObject({ code: 1, out: expect.stringContaining('Not good:') })
    const { code, out } = await run('verify', file, '--json')
    expect(code).toBe(1)
    expect(JSON.parse(out)).toMatchObject({ type: 'verified', ok: false })
  })
})

describe('charter', () => {
  it('goes from keys to a charter that every founder signed', async () => {
    const [heron, wren] = ['heron', 'wren'].map((name) => join(directory, name)) as [string, string]
    const keyOf = async (data: string) => (await run('charter', 'show', '--data', data)).out
    const file = join(directory, 'charter.json')
    const members = ['--member', `heron=${await keyOf(heron)}`, '--member', `wren=${await keyOf(wren)}`]
    expect((await run('charter', 'new', file, '--community', 'The garden', ...members)).code).toBe(0)
    expect((await run('charter', 'sign', file, '--data', heron)).out).toContain('Waiting for 1 of 2')
    expect((await run('charter', 'sign', file, '--data', wren)).out).toContain('Signed by every founder.')
    expect(JSON.parse((await run('charter', 'show', file, '--json')).out)).toMatchObject({ complete: true })
    expect(readdirSync(directory).sort()).toEqual(['charter.json', 'heron', 'wren'])
  })

  it('refuses the signature of a stranger', async () => {
    const key = (await run('charter', 'show', '--data', join(directory, 'heron'))).out
    const file = join(directory, 'charter.json')
    await run('charter', 'new', file, '--community', 'The garden', '--member', `heron=${key}`)
    const { code, err } = await run('charter', 'sign', file, '--data', join(directory, 'crow'))
    expect(code).toBe(2)
    expect(err).toContain('a member of this charter')
  })
})
