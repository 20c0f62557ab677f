/**
 * Which peer on this machine a command talks to: the one in `--data`, or the first that runs in the background.
 *
 * @packageDocumentation
 */

import { existsSync } from 'node:fs'
import { join, relative, resolve } from 'node:path'
import { OperationError } from '../core/errors.ts'
import { safeText } from '../core/text.ts'
import { BACKGROUND_DIRECTORY, CHARTER_FILE } from '../launcher/community.ts'
import { runningPeers } from '../launcher/launcher.ts'
import { type ControlClient, connectControl } from '../peer/control-client.ts'
import type { Who } from '../peer/control-protocol.ts'
import { asTyped, shellWord } from './as-typed.ts'
import type { OptionSpec } from './command.ts'
import type { Io } from './io.ts'

/** The option that chooses. */
export const DATA_OPTION: OptionSpec = {
  flags: '--data <directory>',
  about: 'the peer to talk to',
  fallback: `the first that runs in ${BACKGROUND_DIRECTORY}`
}

/** A connection, and to whom. */
export interface LocalConnection {
  readonly client: ControlClient
  readonly dataDirectory: string
  /** The same, as short as it can be typed here. */
  readonly shown: string
}

/** Does something with a local peer and closes the connection, whatever happens. */
export async function withLocalPeer<Result>(
  data: string | undefined,
  io: Pick<Io, 'program'>,
  use: (connection: LocalConnection) => Promise<Result>
): Promise<Result> {
  const dataDirectory = data === undefined ? await firstRunning() : resolve(data)
  const client = await connect(dataDirectory, io.program)
  try {
    return await use({ client, dataDirectory, shown: shownPath(dataDirectory) })
  } finally {
    client.close()
  }
}

/** Connects, or says how the peer that lives there is started. */
async function connect(dataDirectory: string, program: string): Promise<ControlClient> {
  try {
    return await connectControl(dataDirectory)
  } catch (error) {
    if (!(error instanceof OperationError) || !existsSync(join(dataDirectory, CHARTER_FILE))) throw error
    const start = asTyped(`equipotent peer --data ${shellWord(shownPath(dataDirectory))}`, program)
    throw new OperationError(`${error.message}; start it with: ${start}`, 'did-not-happen', error)
  }
}

/** A path, relative to here if that is shorter; safe to print. */
export function shownPath(path: string): string {
  const fromHere = relative(process.cwd(), path)
  return safeText(fromHere !== '' && fromHere.length < path.length ? fromHere : path)
}

/** Names on one line: `heron, wren`, or `nobody`. */
export function namesOf(people: readonly Who[]): string {
  return people.length === 0 ? 'nobody' : people.map(({ name }) => safeText(name, 40)).join(', ')
}

/** A name with the fingerprint nobody can choose: `heron …a1b2c3d4`. */
export function callOf({ name, short }: Who): string {
  return `${safeText(name, 40)} …${safeText(short, 8)}`
}

async function firstRunning(): Promise<string> {
  const [first] = await runningPeers(BACKGROUND_DIRECTORY)
  if (first !== undefined) return first.dataDirectory
  throw new OperationError(
    `no peer runs in ${BACKGROUND_DIRECTORY}, and no other was named with --data; start some with: npm run launch -- 5`,
    'did-not-happen'
  )
}
