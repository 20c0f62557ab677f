/**
 * Real peers under continuous decisions and random faults, bounded in time: `npm run soak -- --minutes 10 --seed 7`.
 *
 * It goes in rounds. In a *storm* peers are killed, paused, restarted, partitioned and made to end at crash points, one
 * fault soon after the other, while whoever runs proposes decisions. Then everything is *healed*, and every open decision
 * must end everywhere. More than f peers may be gone for a while: then nothing can be decided, and nothing may be. At the end
 * all peers stop, and their journals and stores are judged. One seed is one schedule of faults.
 */

import { randomInt } from 'node:crypto'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { seededRandom } from '../src/core/random.ts'
import { checkCharter } from '../src/decision/charter.ts'
import { rosterOf } from '../src/decision/roster.ts'
import { foundCommunity } from '../src/launcher/community.ts'
import { verify } from '../src/storage/keys.ts'
import { readSoakOptions } from './soak/options.ts'
import { jsonReport, textReport } from './soak/report.ts'
import { Rig } from './soak/rig.ts'
import { Soak } from './soak/rounds.ts'
import { Statements } from './soak/statements.ts'

const HELP = `Soaks a community of real peers in faults, then judges what they left on disk.

  npm run soak                               ten minutes with seven peers
  npm run soak -- --minutes 10 --seed 7      the faults of an earlier run
  npm run soak -- --minutes 0.5 --peers 4    a short one

Options
  --minutes N     how long (default 10; parts as in 0.5)
  --seed N        repeats a schedule of faults (default: a new one, printed first)
  --peers N       size of the community, 4 to 16 (default 7)
  --cycles N      peers killed and restarted, at least (default 20 a minute)
  --faults N      faults injected, at least (default 50 a minute)
  --keep          keep the data directory even if all went well
  --json          one JSON object a line

It goes on for up to half as long again if that many cycles or faults were not reached.
Ctrl-C ends it early, with a verdict about what there is; twice ends it at once.
Exit codes: 0 all promises were kept, 1 not so or too few faults, 2 mistake on the command line.
`

const SEED_MAX = 2 ** 32

async function main(): Promise<number> {
  const options = readSoakOptions(process.argv.slice(2), randomInt(SEED_MAX))
  if (options.type === 'help') {
    process.stdout.write(HELP)
    return 0
  }
  if (options.type === 'mistake') {
    for (const sentence of options.sentences) process.stderr.write(`${sentence}\n`)
    return 2
  }
  const { plan } = options
  const report = (plan.json ? jsonReport : textReport)((line) => void process.stdout.write(`${line}\n`))
  const directory = await mkdtemp(join(tmpdir(), 'equipotent-soak-'))
  report.begin(plan.seed, directory)
  const community = await foundCommunity({ directory, peers: plan.peers, name: 'soak' })
  const statements = new Statements(rosterOf(checkCharter(community.charter, verify)))
  const rig = await Rig.create(directory, community, Math.random, statements)
  process.once('exit', () => rig.launcher.killAllNow())
  const soak = new Soak({ plan, report, rig, statements, random: seededRandom(plan.seed) })
  stopOnSignals(soak)
  const pass = await soak.run()
  if (pass && !plan.keep) await rm(directory, { recursive: true, force: true })
  else report.note(`What the peers left is in ${directory}`)
  return pass ? 0 : 1
}

/** The first signal ends the soak early; the second ends the process, and with it the peers. */
function stopOnSignals(soak: Soak): void {
  let count = 0
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
    process.on(signal, () => {
      if (++count > 1) process.exit(130)
      soak.interrupt()
    })
  }
}

process.exitCode = await main()
