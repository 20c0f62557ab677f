/**
 * Certificates of others: believed only if they prove themselves, on this peer's own roster.
 *
 * @packageDocumentation
 */

import type { DecisionId } from '../core/ids.ts'
import type { Verify } from '../core/keys.ts'
import { type Certificate, claimedDecision, verifyCertificate } from '../decision/certificate.ts'
import type { Archive } from '../decision/delivery.ts'
import type { Roster } from '../decision/roster.ts'

/** What is needed. */
export interface AdoptionOptions {
  readonly archive: Archive
  readonly roster: Roster
  readonly verify: Verify
}

/** What a certificate proves. `known`: it is closed here already. `refused`: nothing. */
export function checkForAdoption(
  text: string,
  { archive, roster, verify }: AdoptionOptions
): { readonly decision: DecisionId; readonly certificate: Certificate } | 'known' | 'refused' {
  const claimed = claimedDecision(text)
  if (claimed !== undefined && archive.isClosed(claimed)) return 'known'
  const checked = verifyCertificate(text, verify)
  return checked.ok && checked.roster.hash === roster.hash ? checked : 'refused'
}
