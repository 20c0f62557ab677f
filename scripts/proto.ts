/**
 * Writes the codec of the wire format anew from its schema: `npm run proto`.
 */

import { writeWireCode } from './lib/wire-code.ts'

await writeWireCode()
