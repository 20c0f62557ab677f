/**
 * Serves the control protocol on a socket file in the data directory, for the peer's own user only.
 *
 * @packageDocumentation
 */

import { chmod, rm } from 'node:fs/promises'
import { createServer, type Server, type Socket } from 'node:net'
import type { TraceEvent } from '../consensus/trace.ts'
import { OperationError } from '../core/errors.ts'
import {
  CONTROL_LINE_SIZE_BYTES_MAX,
  type ControlMethods,
  type ControlResponse,
  REQUEST_TOO_LONG
} from './control-protocol.ts'
import { socketPath } from './control-socket.ts'

/** Bytes that may wait for a watcher that does not read; then it is let go. */
const WATCH_BUFFER_SIZE_BYTES_MAX = 4 * 1024 * 1024

/** How long a client may take to read its last lines when the peer is done with it. Unit: milliseconds. */
const END_WITHIN_MS = 500

/** The byte that ends a line. */
const NEWLINE = 10

/** What a peer does for each method. Parameters are what the other side sent: unchecked. */
export type ControlHandlers = {
  readonly [Method in Exclude<keyof ControlMethods, 'watch'>]: (
    params: unknown
  ) => Promise<ControlMethods[Method]['result']>
} & {
  /** Calls `onEvent` for what matters of the past and for everything to come. The answer ends it. */
  readonly watch: (params: unknown, onEvent: (event: TraceEvent) => void) => () => void
}

/** A running server. */
export interface ControlServer {
  stop(): Promise<void>
}

/**
 * Listens on the socket file. A file left by a peer that was killed is replaced: the store's lock says who is alive.
 *
 * Throws: `OptionsError` if the file's path is too long for a socket.
 */
export async function serveControl(socketFile: string, handlers: ControlHandlers): Promise<ControlServer> {
  const path = socketPath(socketFile)
  await rm(socketFile, { force: true })
  const sockets = new Set<Socket>()
  const server = createServer((socket) => {
    sockets.add(socket)
    socket.once('close', () => sockets.delete(socket))
    serveSocket(socket, handlers)
  })
  await listen(server, path)
  await chmod(socketFile, 0o600)
  return {
    async stop() {
      for (const socket of sockets) endSoon(socket)
      await new Promise<void>((resolve) => server.close(() => resolve()))
      await rm(socketFile, { force: true })
    }
  }
}

/** Ends a socket once what waits is written, and without further waiting if nobody reads it. */
function endSoon(socket: Socket): void {
  socket.destroySoon()
  destroyLater(socket)
}

function destroyLater(socket: Socket): void {
  const timer = setTimeout(() => socket.destroy(), END_WITHIN_MS)
  socket.once('close', () => clearTimeout(timer))
}

function listen(server: Server, socketFile: string): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', (error) => {
      reject(new OperationError(`cannot listen on ${socketFile}: ${error.message}`, 'did-not-happen', error))
    })
    // The mask keeps the file private from its first moment.
    const mask = process.umask(0o177)
    server.listen(socketFile, resolve)
    process.umask(mask)
  })
}

function serveSocket(socket: Socket, handlers: ControlHandlers): void {
  const endWatches: (() => void)[] = []
  socket.on('error', () => socket.destroy())
  socket.once('close', () => {
    for (const end of endWatches) end()
  })
  const reply = (response: ControlResponse): void => write(socket, response)
  readLines(socket, {
    onLine: (line) => void answer(line, handlers, reply, endWatches),
    onTooLong() {
      reply({ id: 0, error: REQUEST_TOO_LONG })
      // Ended and not destroyed: what the client still writes is read and dropped, so that it lives to read the answer.
      socket.end()
      destroyLater(socket)
    }
  })
}

interface LineReader {
  readonly onLine: (line: string) => void
  /** Called once; no line comes after it. */
  readonly onTooLong: () => void
}

/** Cuts what arrives into lines, and never keeps more than the longest line may have. */
export function readLines(socket: Pick<Socket, 'on'>, { onLine, onTooLong }: LineReader): void {
  let parts: Buffer[] = []
  let lineSizeBytes = 0
  socket.on('data', (chunk: Buffer) => {
    let rest = chunk
    while (lineSizeBytes <= CONTROL_LINE_SIZE_BYTES_MAX) {
      const end = rest.indexOf(NEWLINE)
      const part = end < 0 ? rest : rest.subarray(0, end)
      lineSizeBytes += part.length
      if (lineSizeBytes > CONTROL_LINE_SIZE_BYTES_MAX) return onTooLong()
      parts.push(part)
      if (end < 0) return
      onLine(Buffer.concat(parts).toString('utf8'))
      parts = []
      lineSizeBytes = 0
      rest = rest.subarray(end + 1)
    }
  })
}

function write(socket: Socket, response: ControlResponse): void {
  if (!socket.writable) return
  socket.write(`${JSON.stringify(response)}\n`)
  if (socket.writableLength > WATCH_BUFFER_SIZE_BYTES_MAX) socket.destroy()
}

async function answer(
  line: string,
  handlers: ControlHandlers,
  reply: (response: ControlResponse) => void,
  endWatches: (() => void)[]
): Promise<void> {
  const request = parseRequest(line)
  const { id, method, params } = request
  try {
    if (method === 'watch') {
      reply({ id, result: {} })
      endWatches.push(handlers.watch(params, (event) => reply({ id, event })))
      return
    }
    if (!isMethod(method, handlers)) {
      reply({ id, error: { name: 'OptionsError', message: 'no such method' } })
      return
    }
    reply({ id, result: await handlers[method](params) })
  } catch (error) {
    const { name, message } = error as Error
    reply({ id, error: { name, message } })
  }
}

function isMethod(method: unknown, handlers: ControlHandlers): method is Exclude<keyof ControlMethods, 'watch'> {
  return typeof method === 'string' && Object.hasOwn(handlers, method)
}

/** One line as a request; what is none has the id 0 and no method. Never throws. */
export function parseRequest(line: string): {
  readonly id: number
  readonly method: unknown
  readonly params: unknown
} {
  try {
    const value: unknown = JSON.parse(line)
    if (typeof value === 'object' && value !== null && 'id' in value && typeof value.id === 'number') {
      return {
        id: value.id,
        method: 'method' in value ? value.method : undefined,
        params: 'params' in value ? value.params : {}
      }
    }
  } catch {
    // Answered below like any other line that is not a request.
  }
  return { id: 0, method: undefined, params: {} }
}
