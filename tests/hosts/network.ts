/**
 * A network of its own for a test: one namespace for each peer, joined by virtual cables to bridges in another namespace.
 *
 * The machine's own interfaces are never touched. Names carry this process's id, so that nothing of somebody else's is
 * removed, and what a killed run has left is recognised by an id that nobody has any more.
 */

import { execFileSync } from 'node:child_process'
import { onTestFinished } from 'vitest'
import { processExists } from '../../src/launcher/process-check.ts'

const PREFIX = 'equipotent'

/** All namespaces of this process. */
const OURS = `${PREFIX}-${process.pid}`

/** The bridge that everybody is plugged into, and one beside it that leads nowhere else. */
const BRIDGES = ['main', 'aside'] as const

/** A bridge. */
export type Bridge = (typeof BRIDGES)[number]

/** Hosts, numbered from 1. */
export interface Network {
  /** The name of a host's namespace. */
  namespace(number: number): string
  /** Its address. */
  address(number: number): string
  /** Pulls the cable out of the host, or puts it back: the host notices. */
  setLink(number: number, state: 'up' | 'down'): void
  /** Plugs the host's cable into a bridge, or into none: nobody notices, and packets are lost without a word. */
  plug(number: number, bridge: Bridge | 'nowhere'): void
  /** Shapes what the host sends, with words of `tc`. False if this kernel cannot. */
  shape(number: number, ...words: readonly string[]): boolean
}

/** Why there can be no network here, or `undefined` if there can. */
export function whyNoNetwork(): string | undefined {
  if (process.platform !== 'linux') return 'network namespaces are a thing of Linux'
  if (process.getuid?.() !== 0) return 'it takes root to make network namespaces'
  const name = `${OURS}-probe`
  try {
    ip('netns', 'add', name)
    ip('-n', name, 'link', 'add', 'bridge', 'type', 'bridge')
    ip('-n', name, 'link', 'add', 'left', 'type', 'veth', 'peer', 'name', 'right')
    return undefined
  } catch (error) {
    return `this system makes none: ${(error as Error).message.split('\n')[1] ?? 'ip does not work'}`
  } finally {
    removeNamespace(name)
  }
}

// A worker that is told to end ends without a word, and its 'exit' listeners are not called, unless somebody listens.
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.once(signal, () => process.exit(1))

/** Makes a network of so many hosts; it is gone after the test, and at the latest with this process. */
export function createNetwork(size: number): Network {
  removeLeftovers()
  const hub = `${OURS}-hub`
  const namespace = (number: number): string => `${OURS}-${number}`
  const remove = (): void => {
    for (let number = 1; number <= size; number++) removeNamespace(namespace(number))
    removeNamespace(hub)
  }
  process.once('exit', remove)
  onTestFinished(() => {
    process.off('exit', remove)
    remove()
  })
  const address = (number: number): string => `10.77.0.${number}`
  ip('netns', 'add', hub)
  for (const bridge of BRIDGES) {
    ip('-n', hub, 'link', 'add', bridge, 'type', 'bridge')
    ip('-n', hub, 'link', 'set', bridge, 'up')
  }
  for (let number = 1; number <= size; number++) {
    const name = namespace(number)
    ip('netns', 'add', name)
    ip('-n', hub, 'link', 'add', `host${number}`, 'type', 'veth', 'peer', 'name', 'eth0', 'netns', name)
    ip('-n', hub, 'link', 'set', `host${number}`, 'master', 'main', 'up')
    ip('-n', name, 'address', 'add', `${address(number)}/24`, 'dev', 'eth0')
    ip('-n', name, 'link', 'set', 'lo', 'up')
    ip('-n', name, 'link', 'set', 'eth0', 'up')
  }
  return {
    namespace,
    address,
    setLink: (number, state) => ip('-n', namespace(number), 'link', 'set', 'eth0', state),
    plug(number, bridge) {
      const where = bridge === 'nowhere' ? ['nomaster'] : ['master', bridge]
      ip('-n', hub, 'link', 'set', `host${number}`, ...where)
    },
    shape(number, ...words) {
      try {
        run('tc', '-n', namespace(number), 'qdisc', 'replace', 'dev', 'eth0', 'root', ...words)
        return true
      } catch {
        return false
      }
    }
  }
}

/** True if this kernel can delay and lose packets on purpose. */
export function canDelay(): boolean {
  const name = `${OURS}-probe`
  try {
    ip('netns', 'add', name)
    run('tc', '-n', name, 'qdisc', 'add', 'dev', 'lo', 'root', 'netem', 'delay', '1ms')
    return true
  } catch {
    return false
  } finally {
    removeNamespace(name)
  }
}

/** Removes what runs of this suite have left that were killed: their process is gone, and so must their peers be. */
function removeLeftovers(): void {
  const names = run('ip', 'netns', 'list').split('\n')
  for (const [, name = '', pid] of names.map((line) => /^(equipotent-(\d+)-\S+)/.exec(line) ?? [])) {
    if (pid === undefined || processExists(Number(pid))) continue
    for (const left of run('ip', 'netns', 'pids', name).split('\n').filter(Boolean))
      process.kill(Number(left), 'SIGKILL')
    removeNamespace(name)
  }
}

function removeNamespace(name: string): void {
  try {
    ip('netns', 'delete', name)
  } catch {
    // It was never made.
  }
}

function ip(...words: readonly string[]): void {
  run('ip', ...words)
}

function run(command: string, ...words: readonly string[]): string {
  return execFileSync(command, words, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] })
}
