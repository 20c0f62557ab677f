/**
 * Three suites. `main` needs neither a build nor a child process and takes seconds. `processes` starts real peers from
 * `dist/`, one file after another, because several communities at once would measure the machine and not the peers. `hosts` gives each peer a network namespace, and is
 * skipped where the system makes none.
 */

import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { defineConfig } from 'vitest/config'

const root = join(import.meta.dirname, '../..')
const runtime = join(root, 'src/network/runtime.ts')

const shared = {
  root,
  pool: 'forks',
  setupFiles: existsSync(runtime) ? [runtime] : []
} as const

export default defineConfig({
  root,
  test: {
    projects: [
      {
        test: {
          ...shared,
          name: 'main',
          include: ['tests/**/*.spec.ts'],
          exclude: ['tests/processes/**', 'tests/browser/**', 'tests/hosts/**'],
          testTimeout: 20_000,
          hookTimeout: 20_000,
          // Much of it waits for sockets and disks: on two cores, two files at a time are done in two thirds of the time.
          maxWorkers: 2,
          sequence: { groupOrder: 0 }
        }
      },
      {
        test: {
          ...shared,
          name: 'processes',
          include: ['tests/processes/**/*.spec.ts'],
          globalSetup: [join(import.meta.dirname, 'build-before-tests.ts')],
          testTimeout: 90_000,
          hookTimeout: 60_000,
          maxWorkers: 1,
          sequence: { groupOrder: 1 }
        }
      },
      {
        test: {
          ...shared,
          name: 'hosts',
          include: ['tests/hosts/**/*.spec.ts'],
          globalSetup: [join(import.meta.dirname, 'build-before-tests.ts')],
          testTimeout: 180_000,
          hookTimeout: 60_000,
          maxWorkers: 1,
          sequence: { groupOrder: 2 }
        }
      }
    ],
    passWithNoTests: false,
    coverage: {
      provider: 'v8',
      include: ['src/core/**/*.ts', 'src/consensus/**/*.ts', 'src/decision/**/*.ts'],
      reporter: ['text', 'json-summary'],
      reportsDirectory: join(root, 'coverage'),
      thresholds: {
        'src/core/**': { lines: 95 },
        'src/consensus/**': { lines: 95 },
        'src/decision/**': { lines: 95 }
      }
    }
  }
})
