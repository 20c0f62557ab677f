/**
 * Where a peer's control socket is, and how a program names it to the system.
 *
 * A socket's address is shorter than a file's path may be. Some versions of the system cut off what is too long and make
 * a socket elsewhere, so neither end ever passes on a path that does not fit.
 *
 * @packageDocumentation
 */

import { join, relative } from 'node:path'
import { OptionsError } from '../core/errors.ts'

/** The socket's name in a data directory. */
export const CONTROL_SOCKET_FILE = 'control.sock'

/** Bytes a socket's path may have on the systems that allow least. */
const SOCKET_PATH_SIZE_BYTES_MAX = 103

/** The path of a data directory's socket as `socketPath` gives it. */
export function controlSocketPath(dataDirectory: string): string {
  return socketPath(join(dataDirectory, CONTROL_SOCKET_FILE))
}

/**
 * The path of a socket file, relative to here if that is what fits a socket's address.
 *
 * Throws: `OptionsError` if neither fits.
 */
export function socketPath(file: string): string {
  const paths = [file, relative(process.cwd(), file)]
  const fitting = paths.find((path) => Buffer.byteLength(path) <= SOCKET_PATH_SIZE_BYTES_MAX)
  if (fitting !== undefined) return fitting
  const expected = `a shorter path, so that its socket file has at most ${SOCKET_PATH_SIZE_BYTES_MAX} bytes`
  const got = `${Math.min(...paths.map((path) => Buffer.byteLength(path)))} bytes`
  throw new OptionsError([{ path: 'data directory', expected, got }])
}
