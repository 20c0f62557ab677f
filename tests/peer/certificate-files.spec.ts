import { mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { beforeEach, describe, expect, it } from 'vitest'
import type { DecisionId } from '../../src/core/ids.ts'
import { CertificateFiles } from '../../src/peer/certificate-files.ts'
import { temporaryDirectory } from '../support/peers.ts'

const decision = (index: number): DecisionId => index.toString(16).padStart(64, '0') as DecisionId

let directory = ''
let stored = new Map<DecisionId, string>()
beforeEach(async () => {
  directory = await temporaryDirectory()
  stored = new Map()
})

function open(): CertificateFiles {
  const store = {
    get decided() {
      return [...stored.keys()]
    },
    certificate: async (id: DecisionId) => stored.get(id)
  }
  return new CertificateFiles(directory, store)
}

async function close(files: CertificateFiles, index: number): Promise<void> {
  stored.set(decision(index), `certificate ${index}`)
  await files.write(decision(index), `certificate ${index}`)
}

const written = async (): Promise<string[]> => {
  const names = await readdir(join(directory, 'certificates'))
  return await Promise.all(names.sort().map((name) => readFile(join(directory, 'certificates', name), 'utf8')))
}

describe('certificate files', () => {
  it('are written under their decision’s name, and nothing else is left', async () => {
    await close(open(), 1)
    expect(await readdir(join(directory, 'certificates'))).toEqual([`${decision(1)}.json`])
    expect(await written()).toEqual(['certificate 1'])
  })

  it('that could not be written are written with the next one', async () => {
    const files = open()
    // A file in the place of the directory: nothing can be written there, whoever asks.
    await writeFile(join(directory, 'certificates'), '')
    await close(files, 1)
    await close(files, 2)
    expect(files.missingCount).toBe(2)
    await rm(join(directory, 'certificates'))
    await close(files, 3)
    expect(files.missingCount).toBe(0)
    expect(await written()).toEqual(['certificate 1', 'certificate 2', 'certificate 3'])
  })

  it('that could not be written are written when asked for', async () => {
    const files = open()
    await writeFile(join(directory, 'certificates'), '')
    await close(files, 1)
    await files.writeMissing()
    expect(files.missingCount).toBe(1)
    await rm(join(directory, 'certificates'))
    await files.writeMissing()
    expect(await written()).toEqual(['certificate 1'])
  })

  it('that an earlier life did not come to write are written by the next', async () => {
    await close(open(), 1)
    stored.set(decision(2), 'certificate 2')
    await open().catchUp()
    expect(await written()).toEqual(['certificate 1', 'certificate 2'])
  })

  it('do not wait for one whose certificate cannot be read', async () => {
    await mkdir(join(directory, 'certificates'))
    const certificate = async (id: DecisionId): Promise<string> => {
      if (id === decision(1)) throw new Error('damaged')
      return 'certificate 2'
    }
    const files = new CertificateFiles(directory, { decided: [decision(1), decision(2)], certificate })
    await files.catchUp()
    expect(files.missingCount).toBe(1)
    expect(await written()).toEqual(['certificate 2'])
  })
})
