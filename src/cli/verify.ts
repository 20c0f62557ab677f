/**
 * `equipotent verify`: checks a certificate offline, as a stranger would.
 *
 * @packageDocumentation
 */

import { readFileSync, statSync } from 'node:fs'
import { OptionsError } from '../core/errors.ts'
import { short } from '../core/ids.ts'
import { safeText } from '../core/text.ts'
import { answerInWords } from '../decision/ballot.ts'
import { CERTIFICATE_SIZE_BYTES_MAX, type CertificateVerdict, verifyCertificate } from '../decision/certificate.ts'
import { verify } from '../storage/keys.ts'
import type { CommandSpec, Given } from './command.ts'
import { EXIT } from './io.ts'

/** The command. */
export const verifyCommand: CommandSpec = {
  name: 'verify',
  takes: '<certificate...>',
  about: 'Check certificates offline: who signed, by which roster, which ballots, and a recount.',
  notes: ['Exit code 1 if one is not good, with the reason. Compare the community with the one you know.'],
  examples: ['equipotent verify .equipotent/community/peer-1/certificates/*.json'],
  run: runVerify
}

async function runVerify({ words, read, io, json }: Given): Promise<number> {
  read.finish()
  const verdicts = words.map(readBytes).map((bytes) => verifyCertificate(bytes, verify))
  for (const verdict of verdicts) {
    if (json) io.out(JSON.stringify(summary(verdict)))
    else for (const line of verdict.ok ? goodLines(verdict) : [`Not good: ${verdict.explanation}`]) io.out(line)
  }
  return verdicts.every(({ ok }) => ok) ? EXIT.done : EXIT.saidNo
}

type Good = Extract<CertificateVerdict, { ok: true }>

function readBytes(file: string): Uint8Array {
  try {
    const { size } = statSync(file)
    // One byte more than is allowed is enough to be told that it is too large.
    return size > CERTIFICATE_SIZE_BYTES_MAX ? new Uint8Array(CERTIFICATE_SIZE_BYTES_MAX + 1) : readFileSync(file)
  } catch (error) {
    const { code = 'unknown error' } = error as NodeJS.ErrnoException
    const got = code === 'ENOENT' ? 'no such file' : `a file that cannot be read (${code})`
    throw new OptionsError([{ path: safeText(file), got, expected: 'a certificate file' }])
  }
}

function summary(verdict: CertificateVerdict): unknown {
  if (!verdict.ok) return { type: 'verified', ...verdict }
  const { decision, outcomeHash, resultInWords, roster, signers, outcome } = verdict
  return {
    type: 'verified',
    ok: true,
    decision,
    community: roster.community,
    result: resultInWords,
    outcome: outcomeHash,
    validators: roster.members.length,
    signers: signers.map((node) => roster.member(node)),
    counted: outcome.counted.map(({ author }) => roster.member(author))
  }
}

function goodLines({ certificate, decision, proposal, outcomeHash, signers, roster, resultInWords }: Good): string[] {
  const n = roster.members.length
  const missing = n - certificate.ballots.length
  return [
    'Good. Signed by all who are named, authored by nobody.',
    `  question   ${safeText(proposal.question)}`,
    `  result     ${resultInWords}`,
    `  community  ${safeText(certificate.charter.name)} (${roster.community})`,
    `  decision   ${decision}`,
    `  outcome    ${outcomeHash}`,
    `  signed by  ${signers.length} of ${n}:`,
    ...signers.map((node) => `    ${safeText(roster.member(node).name, 40)} …${short(roster.member(node).key)}`),
    `  ballots    ${certificate.ballots.length} of ${n}, counted again${missing === 0 ? '' : `; ${missing} not counted`}:`,
    ...certificate.ballots.map(
      ({ author, answer }) => `    ${safeText(roster.member(author).name, 40)}: ${answerInWords(answer, proposal)}`
    )
  ]
}
