/**
 * Makes the lockfile mean the same on every machine: `npm run lockfile`, after a dependency was added. See
 * `lib/lockfile.ts` for why npm alone does not.
 */

import { completeLockfile } from './lib/lockfile.ts'

const added = await completeLockfile()
console.log(added.length === 0 ? 'The lockfile was complete.' : `Added to the lockfile:\n  ${added.join('\n  ')}`)
