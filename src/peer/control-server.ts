/**
 * Serves the control protocol on a socket file in the data directory, for the peer's own user only.
 *
 * @packageDocumentation
 */

import { chmod, rm } from 'node:fs/promises'
import { createServer, type Server, type Socket } from 'node:net'
import { createInterface } from 'node:readline'
import type { TraceEvent } from '../consensus/trace.ts'
import { OperationError } from '../core/errors.ts'
import { CONTROL_LINE_SIZE_BYTES_MAX, type ControlMethods, type ControlResponse } from './control-protocol.ts'

/** Bytes that may wait for a watcher that does not read; then it is let go. */
const WATCH_BUFFER_SIZE_BYTES_MAX = 4 * 1024 * 1024

/** How long a client may take to read its last lines when the peer stops. Unit: milliseconds. */
const END_WITHIN_MS = 500

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

/** Listens on the socket file. A file left by a peer that was killed is replaced: the store's lock says who is alive. */
export async function serveControl(socketFile: string, handlers: ControlHandlers): Promise<ControlServer> {
  await rm(socketFile, { force: true })
  const sockets = new Set<Socket>()
  const server = createServer((socket) => {
    sockets.add(socket)
    socket.once('close', () => sockets.delete(socket))
    serveSocket(socket, handlers)
  })
  await listen(server, socketFile)
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
  let lineBytes = 0
  socket.on('data', (chunk: Buffer) => {
    const newline = chunk.lastIndexOf(10)
    lineBytes = newline < 0 ? lineBytes + chunk.length : chunk.length - newline - 1
    if (lineBytes > CONTROL_LINE_SIZE_BYTES_MAX) socket.destroy()
  })
  const lines = createInterface({ input: socket })
  // The interface repeats the socket's errors as its own; a watcher that dies must not take the peer with it.
  lines.on('error', () => undefined)
  lines.on('line', (line) => void answer(line, handlers, (response) => write(socket, response), endWatches))
}

function write(socket: Socket, response: ControlResponse): void {
  if (socket.destroyed) return
  socket.write(`${JSON.stringify(response)}\n`)
  if (socket.writableLength > WATCH_BUFFER_SIZE_BYTES_MAX) socket.destroy()
}

async function answer(
  line: string,
  handlers: ControlHandlers,
  reply: (response: ControlResponse) => void,
  endWatches: (() => void)[]
): Promise<void> {
  const request = parse(line)
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

function parse(line: string): { readonly id: number; readonly method: unknown; readonly params: unknown } {
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
