/**
 * Which peer on this machine a command talks to: the one in `--data`, or the first that runs in the background.
 *
 * @packageDocumentation
 */

import { relative, resolve } from 'node:path'
import { OptionsError } from '../core/errors.ts'
import { safeText } from '../core/text.ts'
import { BACKGROUND_DIRECTORY } from '../launcher/community.ts'
import { runningPeers } from '../launcher/launcher.ts'
import { type ControlClient, connectControl } from '../peer/control-client.ts'
import type { Who } from '../peer/control-protocol.ts'
import type { OptionSpec } from './command.ts'

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
  use: (connection: LocalConnection) => Promise<Result>
): Promise<Result> {
  const dataDirectory = data === undefined ? await firstRunning() : resolve(data)
  const client = await connectControl(dataDirectory)
  try {
    return await use({ client, dataDirectory, shown: shownPath(dataDirectory) })
  } finally {
    client.close()
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
  const expected = 'a running peer; start some with: npm run launch -- 5'
  throw new OptionsError([{ path: '--data', got: `nothing, and no peer runs in ${BACKGROUND_DIRECTORY}`, expected }])
}
