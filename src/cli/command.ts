/**
 * A command as data: its name, what it takes, examples, and what it does. Help and parsing are generated from it.
 *
 * @packageDocumentation
 */

import { Command, Option } from 'commander'
import type { Problem } from '../core/errors.ts'
import { asTyped } from './as-typed.ts'
import type { Io } from './io.ts'
import { createReader, quoted, type Reader } from './reader.ts'
import { wrap } from './terminal-text.ts'

/** One option. */
export interface OptionSpec {
  /** As in help: `--peers <number>`, or `--json` for a flag. */
  readonly flags: string
  readonly about: string
  /** Shown in help; the command itself applies it. */
  readonly fallback?: string
  /** True if it may be given several times. */
  readonly repeatable?: boolean
}

/** What a command is given. */
export interface Given {
  /** Everything that is no option. */
  readonly words: readonly string[]
  readonly read: Reader
  readonly io: Io
  readonly json: boolean
}

/** One command. */
export interface CommandSpec {
  readonly name: string
  /** As in help: `<question>`. */
  readonly takes?: string
  readonly about: string
  /** More, below the options. */
  readonly notes?: readonly string[]
  readonly options?: readonly OptionSpec[]
  readonly examples: readonly string[]
  /** Does it, and answers the exit code. */
  readonly run?: (given: Given) => Promise<number>
  readonly commands?: readonly CommandSpec[]
}

/** What every command understands. */
const JSON_OPTION: OptionSpec = {
  flags: '--json',
  about: 'one JSON object a line on standard output, and nothing else'
}

/** The parsing of one command line. */
export interface Parsing {
  readonly io: Io
  readonly argv: readonly string[]
  /** True if the command is an npm script, whose words follow `--`. */
  readonly isScript: boolean
  /** Hears what the command would do; nothing runs during parsing. */
  readonly onRun: (run: () => Promise<number>) => void
}

/** Columns of help, at least and at most. */
const HELP_WIDTH = { min: 40, max: 100 } as const

/** A command of commander from its description. */
export function toCommander(spec: CommandSpec, parsing: Parsing): Command {
  const { io, argv, isScript, onRun } = parsing
  const helpWidth = Math.max(HELP_WIDTH.min, Math.min(io.width, HELP_WIDTH.max))
  const command = new Command(spec.name).description(spec.about).exitOverride()
  command.configureOutput({ writeOut: (text) => io.out(text.trimEnd()), writeErr: (text) => io.err(text.trimEnd()) })
  command.configureHelp({ helpWidth })
  for (const child of spec.commands ?? []) command.addCommand(toCommander(child, parsing))
  command.addHelpText('after', () => afterHelp(spec, helpWidth, io.program))
  const { run } = spec
  if (run === undefined) return command
  command.usage([...(isScript ? ['--'] : []), ...(spec.takes === undefined ? [] : [spec.takes]), '[options]'].join(' '))
  for (const option of [...(spec.options ?? []), JSON_OPTION]) command.addOption(toOption(option))
  // Whatever commander does not know is reported by us, together with everything else that is wrong.
  command.allowUnknownOption().allowExcessArguments()
  command.action(() => onRun(() => run(give(command, spec, io, argv))))
  return command
}

function toOption({ flags, about, fallback, repeatable }: OptionSpec): Option {
  const option = new Option(flags, fallback === undefined ? about : `${about} (default: ${fallback})`)
  return repeatable === true
    ? option.argParser((value: string, before: readonly string[] | undefined) => [...(before ?? []), value])
    : option
}

function afterHelp({ notes = [], examples }: CommandSpec, width: number, program: string): string {
  const said = notes.flatMap((note) => wrap(note, width)).map((line) => `${line}\n`)
  const shown = examples.map((example) => `  $ ${asTyped(example, program)}`)
  return `${said.length === 0 ? '' : `\n${said.join('')}`}\nExamples:\n${shown.join('\n')}`
}

function give(command: Command, spec: CommandSpec, io: Io, argv: readonly string[]): Given {
  const unknown = unknownOptions(command.args, argv)
  const words = command.args.filter((word) => !unknown.includes(word))
  const problems = [
    ...unknown.map((option) => unknownProblem(option, command)),
    // After an unknown option it cannot be told whether a word is its value.
    ...(unknown.length > 0 ? [] : wordProblems(words, spec.takes))
  ]
  const typed = command.opts<Record<string, unknown>>()
  return { words, read: createReader(typed, problems), io, json: typed['json'] === true }
}

function unknownOptions(words: readonly string[], argv: readonly string[]): readonly string[] {
  const end = argv.indexOf('--')
  const literal = end < 0 ? [] : argv.slice(end + 1)
  return words.filter((word) => /^-./.test(word) && !literal.includes(word))
}

function unknownProblem(option: string, command: Command): Problem {
  const known = command.options.map(({ long }) => long).join(', ')
  return { path: quoted(option.split('=')[0] ?? option), got: 'an unknown option', expected: `one of ${known}` }
}

/** `takes` says how many words there must be: `<a> <b...>` at least two, `[file]` at most one, nothing none. */
function wordProblems(words: readonly string[], takes = ''): Problem[] {
  const slots = takes.split(' ').filter((slot) => slot !== '')
  const missing = slots.filter((slot, index) => slot.startsWith('<') && index >= words.length)
  const excess = takes.includes('...') ? [] : words.slice(slots.length)
  return [
    ...missing.map((slot) => ({ path: slot, got: 'nothing', expected: `a value: ${takes}` })),
    ...excess.map((word) => ({ path: quoted(word), got: 'one word too many', expected: takes || 'only options' }))
  ]
}
