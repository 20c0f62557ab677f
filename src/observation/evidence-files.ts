/**
 * What a peer left on disk, gathered for a verdict: its journals and its certificates, and nothing else.
 *
 * Nothing is asked of a running process, so that a peer cannot talk its way out.
 *
 * @packageDocumentation
 */

import { readdirSync, readFileSync } from 'node:fs'
import { basename, join } from 'node:path'
import type { TraceEvent } from '../consensus/trace.ts'
import { safeText } from '../core/text.ts'
import { readJournals } from '../storage/journal.ts'

/** The folder of certificates in a data directory; each file is named after its decision. */
export const CERTIFICATES_FOLDER = 'certificates'

/** A certificate as it was found. */
export interface CertificateFile {
  /** The decision its file is named after. */
  readonly decision: string
  readonly text: string
}

/** What one peer left behind. */
export interface PeerEvidence {
  /** What to call the peer in a counter-example: its name and short id, or its folder. */
  readonly label: string
  /** The name of its data directory. */
  readonly folder: string
  /** Its short id, or empty if its journal is empty. */
  readonly short: string
  readonly events: readonly TraceEvent[]
  readonly certificates: readonly CertificateFile[]
}

/** Reads what one peer left in its data directory. Throws if a file is there and cannot be read. */
export function readEvidence(dataDirectory: string): PeerEvidence {
  const { events } = readJournals(dataDirectory)
  const folder = basename(dataDirectory)
  const started = events.find((event) => event.type === 'peer-started')
  const short = started?.peer ?? events[0]?.peer ?? ''
  const label = started?.type === 'peer-started' ? `${safeText(started.name, 40)} …${short}` : folder
  return { label, folder, short, events, certificates: readCertificates(join(dataDirectory, CERTIFICATES_FOLDER)) }
}

function readCertificates(directory: string): CertificateFile[] {
  return filesOf(directory)
    .filter((name) => name.endsWith('.json'))
    .sort()
    .map((name) => ({ decision: basename(name, '.json'), text: readFileSync(join(directory, name), 'utf8') }))
}

function filesOf(directory: string): string[] {
  try {
    return readdirSync(directory)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return []
    throw error
  }
}
