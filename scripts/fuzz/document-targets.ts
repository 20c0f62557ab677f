/** Readers of documents that prove themselves: certificates, charters, proposals. */

import { utf8 } from '../../src/core/bytes.ts'
import { certificateText, claimedDecision, verifyCertificate } from '../../src/decision/certificate.ts'
import { charterText, checkCharter } from '../../src/decision/charter.ts'
import { checkProposal, proposalTerms } from '../../src/decision/proposal.ts'
import { verify } from '../../src/storage/keys.ts'
import { JSON_MAKERS } from './json.ts'
import { jsonSamples, type Samples } from './samples.ts'
import { expectSame, type Target, text, tryJson, tryOptions } from './target.ts'

/** Certificates, charters and proposals. */
export function documentTargets({ certificate, charterText: charter, proposal }: Samples): Target[] {
  const certificates = [utf8(certificate)]
  return [
    {
      ...{ name: 'certificate', share: 20, samples: certificates, makers: JSON_MAKERS },
      run(input) {
        const checked = verifyCertificate(input, verify)
        return checked.ok && expectSame(utf8(certificateText(checked.certificate)), input)
      }
    },
    {
      ...{ name: 'claimed-decision', share: 20, samples: certificates, makers: JSON_MAKERS },
      run: (input) => claimedDecision(text(input)) !== undefined
    },
    {
      ...{ name: 'charter', share: 20, samples: [utf8(charter)], makers: JSON_MAKERS },
      run(input) {
        const parsed = tryJson(input)
        const checked = parsed && tryOptions(() => checkCharter(parsed.value, verify))
        return (
          checked !== undefined &&
          expectSame(
            charterText(checkCharter(JSON.parse(charterText(checked.charter)), verify).charter),
            charterText(checked.charter)
          )
        )
      }
    },
    {
      ...{ name: 'proposal', share: 60, samples: jsonSamples(proposalTerms(proposal)), makers: JSON_MAKERS },
      run(input) {
        const parsed = tryJson(input)
        const checked = parsed && tryOptions(() => checkProposal(parsed.value as never))
        return checked !== undefined && expectSame(checkProposal(proposalTerms(checked)).id, checked.id)
      }
    }
  ]
}
