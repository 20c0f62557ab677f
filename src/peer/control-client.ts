/**
 * Talks to a running peer over the socket file in its data directory.
 *
 * One connection, many calls at a time; answers are matched by id. What the peer refuses comes back as an error of the
 * same name that it had over there. See `control-protocol.ts` for the words.
 *
 * @packageDocumentation
 */

import { createConnection, type Socket } from 'node:net'
import type { TraceEvent } from '../consensus/trace.ts'
import { OperationError } from '../core/errors.ts'
import { safeText } from '../core/text.ts'
import {
  CONTROL_LINE_SIZE_BYTES_MAX,
  type ControlMethod,
  type ControlMethods,
  type ControlResponse,
  REQUEST_TOO_LONG,
  type WatchParams
} from './control-protocol.ts'
import { controlSocketPath } from './control-socket.ts'

/** How long an answer may take. A peer that is stopped by a signal accepts connections and says nothing. */
const ANSWER_WITHIN_MS = 10_000

/** Bytes of the longest answer line: the status of a hundred members fits many times. */
const ANSWER_SIZE_BYTES_MAX = 4 * 1024 * 1024

/** A connection to one running peer. */
export interface ControlClient {
  /** Asks one thing. Throws what the peer threw, by name, or `OperationError` if no answer came. */
  call<Method extends Exclude<ControlMethod, 'watch'>>(
    method: Method,
    params: ControlMethods[Method]['params']
  ): Promise<ControlMethods[Method]['result']>
  /** Hears every event from now on. Resolves once the peer has agreed; calls of `onEvent` may come before that. */
  watch(onEvent: (event: TraceEvent) => void, params?: WatchParams): Promise<void>
  /** Resolves when the connection is gone, whoever ended it. */
  readonly closed: Promise<void>
  /** Says goodbye. The peer closes its end; what it still says until then is not heard. */
  close(): void
}

/** What `connectControl` may be told. */
export interface ControlClientOptions {
  /** Default: 10,000. */
  readonly answerWithinMs?: number
}

/**
 * Connects to the peer that runs in `dataDirectory`.
 *
 * Throws: `OperationError` in one clear sentence if no peer runs there; `OptionsError` if its path is too long for a socket.
 */
export async function connectControl(
  dataDirectory: string,
  options: ControlClientOptions = {}
): Promise<ControlClient> {
  const socket = await openSocket(dataDirectory)
  return createClient(socket, dataDirectory, options.answerWithinMs ?? ANSWER_WITHIN_MS)
}

function openSocket(dataDirectory: string): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const socket = createConnection(controlSocketPath(dataDirectory))
    socket.once('connect', () => resolve(socket.off('error', onError)))
    socket.once('error', onError)
    function onError(error: NodeJS.ErrnoException): void {
      reject(new OperationError(whyNot(error, dataDirectory), 'did-not-happen', error))
    }
  })
}

function whyNot(error: NodeJS.ErrnoException, dataDirectory: string): string {
  const directory = safeText(dataDirectory)
  if (error.code === 'EACCES' || error.code === 'EPERM') {
    return `the peer in ${directory} belongs to another user, and answers to nobody else`
  }
  return `no peer is running in ${directory}`
}

interface Pending {
  readonly onResult: (result: unknown) => void
  readonly onError: (error: Error) => void
  readonly onEvent?: (event: TraceEvent) => void
  isAnswered: boolean
}

function createClient(socket: Socket, dataDirectory: string, answerWithinMs: number): ControlClient {
  const pending = new Map<number, Pending>()
  let nextId = 1

  const closed = new Promise<void>((resolve) => {
    socket.once('close', () => {
      const gone = new OperationError(`the peer in ${safeText(dataDirectory)} ended the connection`, 'unknown')
      for (const request of pending.values()) if (!request.isAnswered) request.onError(gone)
      pending.clear()
      resolve()
    })
  })
  let isOver = false
  socket.on('error', () => socket.destroy())
  readLines(socket, (line) => {
    if (!isOver) onLine(line, pending)
  })

  function ask(method: ControlMethod, params: unknown, onEvent?: (event: TraceEvent) => void): Promise<unknown> {
    const id = nextId++
    const line = JSON.stringify({ id, method, params })
    if (Buffer.byteLength(line) > CONTROL_LINE_SIZE_BYTES_MAX) return Promise.reject(asError(REQUEST_TOO_LONG))
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => {
        pending.delete(id)
        reject(new OperationError(`the peer in ${safeText(dataDirectory)} did not answer in time`, 'unknown'))
      }, answerWithinMs)
      const settle =
        <Value>(carryOn: (value: Value) => void) =>
        (value: Value): void => {
          clearTimeout(timer)
          if (onEvent === undefined) pending.delete(id)
          carryOn(value)
        }
      const request = { onResult: settle(resolve), onError: settle(reject), isAnswered: false }
      if (isOver || socket.destroyed)
        return request.onError(new OperationError('the connection is closed', 'did-not-happen'))
      pending.set(id, onEvent === undefined ? request : { ...request, onEvent })
      socket.write(`${line}\n`)
    })
  }

  return {
    call: (method, params) => ask(method, params) as Promise<never>,
    watch: async (onEvent, params = {}) => void (await ask('watch', params, onEvent)),
    closed,
    close() {
      isOver = true
      // Ended and not destroyed: the peer may be in the middle of a line, and need not see an error for our leaving.
      socket.end()
      socket.unref()
    }
  }
}

function onLine(line: string, pending: ReadonlyMap<number, Pending>): void {
  const response = tryParse(line)
  const request = response === undefined ? undefined : pending.get(response.id)
  if (response === undefined || request === undefined) return
  if ('event' in response) {
    request.onEvent?.(response.event)
    return
  }
  if (request.isAnswered) return
  request.isAnswered = true
  if ('error' in response) request.onError(asError(response.error))
  else request.onResult(response.result)
}

function tryParse(line: string): ControlResponse | undefined {
  try {
    return JSON.parse(line) as ControlResponse
  } catch {
    return undefined
  }
}

function asError({ name, message }: { readonly name: string; readonly message: string }): Error {
  return Object.defineProperty(new Error(message), 'name', { value: name })
}

function readLines(socket: Socket, onEachLine: (line: string) => void): void {
  let rest = ''
  socket.setEncoding('utf8')
  socket.on('data', (chunk: string) => {
    const lines = `${rest}${chunk}`.split('\n')
    rest = lines.pop() ?? ''
    if (rest.length > ANSWER_SIZE_BYTES_MAX) socket.destroy()
    for (const line of lines) if (line !== '') onEachLine(line)
  })
}
