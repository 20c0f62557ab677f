/** What a store proves: read after the peer that wrote it has ended. */

import { openStore } from '../../src/storage/store.ts'

/** The certificates in the store of a peer that does not run, by decision. */
export async function storedCertificates(dataDirectory: string): Promise<Map<string, string>> {
  const store = await openStore(dataDirectory)
  try {
    const found = new Map<string, string>()
    for await (const { decision, text } of store.certificates()) found.set(decision, text)
    return found
  } finally {
    await store.close()
  }
}
