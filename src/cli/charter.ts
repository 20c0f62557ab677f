/**
 * `equipotent charter`: a community's founding document, made, signed by each founder, and shown.
 *
 * @packageDocumentation
 */

import { resolve } from 'node:path'
import { short } from '../core/ids.ts'
import type { PublicKey } from '../core/keys.ts'
import { safeText } from '../core/text.ts'
import { type Charter, charterId, type Member, unsignedMembers } from '../decision/charter.ts'
import { loadOrCreateIdentity } from '../storage/identity.ts'
import { asTyped } from './as-typed.ts'
import { newCharter, readCharterFile, signWith, writeCharterFile } from './charter-files.ts'
import type { CommandSpec, Given } from './command.ts'
import { EXIT, type Io } from './io.ts'

const newCommand: CommandSpec = {
  name: 'new',
  takes: '<file>',
  about: 'Write a charter for its founders to sign.',
  options: [
    { flags: '--community <name>', about: "the community's name" },
    { flags: '--member <name=key>', about: 'a founder; `charter show --data DIR` prints a key', repeatable: true }
  ],
  examples: ['equipotent charter new charter.json --community "The garden" --member heron=KEY --member wren=KEY'],
  run: runNew
}

const signCommand: CommandSpec = {
  name: 'sign',
  takes: '<file>',
  about: 'Sign a charter with the identity in a data directory.',
  options: [{ flags: '--data <directory>', about: 'whose identity signs' }],
  examples: ['equipotent charter sign charter.json --data ./heron'],
  run: runSign
}

const showCommand: CommandSpec = {
  name: 'show',
  takes: '[file]',
  about: 'Show a charter and who has signed it; or, with --data, the key that others need to name you.',
  options: [{ flags: '--data <directory>', about: 'show the key of this identity, made if there is none' }],
  examples: ['equipotent charter show charter.json', 'equipotent charter show --data ./heron'],
  run: runShow
}

/** The command. */
export const charterCommand: CommandSpec = {
  name: 'charter',
  about: "A community's founding document: new, sign, show.",
  notes: ['Each founder signs the same file. Whoever makes it has no special right.'],
  examples: ['equipotent charter show --data ./heron', 'equipotent charter new --help'],
  commands: [newCommand, signCommand, showCommand]
}

async function runNew({ words, read, io, json }: Given): Promise<number> {
  const name = read.text('community')
  if (name === undefined) read.problem('--community', undefined, 'a name')
  const members = read.texts('member').flatMap((text) => {
    const member = parseMember(text)
    if (member === undefined) read.problem('--member', text, 'a name, = and a key of 64 hexadecimal digits')
    return member === undefined ? [] : [member]
  })
  if (read.texts('member').length === 0) read.problem('--member', undefined, 'at least one founder')
  read.finish()
  const [file = ''] = words
  const charter = newCharter(name ?? '', members)
  writeCharterFile(file, charter)
  show(charter, io, json)
  if (!json)
    io.out(`Next, each founder: ${asTyped(`equipotent charter sign ${safeText(file)} --data DIRECTORY`, io.program)}`)
  return EXIT.done
}

function parseMember(text: string): Member | undefined {
  const at = text.lastIndexOf('=')
  const key = text.slice(at + 1)
  return at > 0 && /^[0-9a-f]{64}$/.test(key) ? { name: text.slice(0, at), key: key as PublicKey } : undefined
}

async function runSign({ words, read, io, json }: Given): Promise<number> {
  const data = read.text('data')
  if (data === undefined) read.problem('--data', undefined, 'the directory of the identity that signs')
  read.finish()
  const [file = ''] = words
  const charter = await signWith(readCharterFile(file), resolve(data ?? ''))
  writeCharterFile(file, charter)
  show(charter, io, json)
  return EXIT.done
}

async function runShow({ words, read, io, json }: Given): Promise<number> {
  const data = read.text('data')
  const [file] = words
  if (file === undefined && data === undefined) read.problem('[file]', undefined, 'a charter file, or --data DIRECTORY')
  read.finish()
  if (data !== undefined) {
    const { key } = await loadOrCreateIdentity(resolve(data))
    io.out(json ? JSON.stringify({ type: 'identity', key }) : key)
  }
  if (file !== undefined) show(readCharterFile(file), io, json)
  return EXIT.done
}

function show(charter: Charter, io: Io, json: boolean): void {
  const unsigned = new Set(unsignedMembers(charter))
  if (json) {
    io.out(JSON.stringify({ type: 'charter', id: charterId(charter), complete: unsigned.size === 0, charter }))
    return
  }
  io.out(`${safeText(charter.name)} (community …${short(charterId(charter))})`)
  for (const member of charter.members) {
    io.out(`  ${unsigned.has(member) ? '·' : '✓'} ${safeText(member.name, 40)}  …${short(member.key)}`)
  }
  const missing = unsigned.size
  io.out(missing === 0 ? 'Signed by every founder.' : `Waiting for ${missing} of ${charter.members.length} signatures.`)
}
