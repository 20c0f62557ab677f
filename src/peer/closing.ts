/**
 * The end of a decision: its certificate takes the place of everything else, and whoever waited for it is told.
 *
 * @packageDocumentation
 */

import type { TraceFact } from '../consensus/trace.ts'
import { canonicalJson } from '../core/canonical.ts'
import type { DecisionId } from '../core/ids.ts'
import { type Certificate, certificateText } from '../decision/certificate.ts'
import type { Outcome } from '../decision/outcome.ts'
import type { Store } from '../storage/store.ts'
import type { Directory } from './directory.ts'
import { certifiedFact, decidedFact } from './facts.ts'
import type { Ledger } from './ledger.ts'

/** What was decided, with its proof. */
export interface Decided {
  readonly outcome: Outcome
  readonly certificate: Certificate
}

/** What is needed. */
export interface ClosingOptions {
  readonly store: Store
  readonly ledger: Ledger
  readonly directory: Directory
  readonly trace: (fact: TraceFact) => void
  /** A certificate is in the store; it is also written as a file for people. */
  readonly onCertified: (decision: DecisionId, text: string) => Promise<void>
}

/** Closes decisions, on disk first. */
export class Closing {
  readonly #options: ClosingOptions
  readonly #waiting = new Map<DecisionId, ((decided: Decided) => void)[]>()

  constructor(options: ClosingOptions) {
    this.#options = options
  }

  /** Resolves when the decision is closed here. */
  decided(decision: DecisionId): Promise<Decided> {
    return new Promise((resolve, reject) => {
      // Waiting begins before the store is asked, so that a decision that closes in between is not missed.
      this.#waiting.set(decision, [...(this.#waiting.get(decision) ?? []), resolve])
      this.#options.store.certificate(decision).then((text) => {
        if (text === undefined) return
        const certificate = JSON.parse(text) as Certificate
        resolve({ outcome: certificate.outcome, certificate })
      }, reject)
    })
  }

  /**
   * Puts the certificate on disk in the place of the records, then shows it. `facts` waited for the disk; `wasDecided` is
   * false if this peer adopts an outcome that it had not derived itself.
   */
  close(id: DecisionId, certificate: Certificate, facts: readonly TraceFact[], wasDecided: boolean): void {
    const { store, ledger, directory, trace, onCertified } = this.#options
    const { outcome } = certificate
    const text = certificateText(certificate)
    ledger.write(async () => {
      await store.closeDecision(id, { outcome: canonicalJson(outcome), certificate: text })
      await onCertified(id, text)
      for (const fact of facts) trace(fact)
      if (!wasDecided) trace(decidedFact({ ...certificate.proposal, id }, outcome, directory))
      trace(certifiedFact(id, certificate, directory))
      for (const resolve of this.#waiting.get(id) ?? []) resolve({ outcome, certificate })
      this.#waiting.delete(id)
    })
  }
}
