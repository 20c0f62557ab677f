import { chmod, mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { utf8 } from '../../src/core/bytes.ts'
import {
  createIdentityFile,
  identityFile,
  identityOf,
  loadOrCreateIdentity,
  readIdentity
} from '../../src/storage/identity.ts'
import { verify } from '../../src/storage/keys.ts'

const SEED = new Uint8Array(32).fill(7)

let directory = ''
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'equipotent-identity-'))
})
afterEach(async () => {
  await rm(directory, { recursive: true, force: true })
})

describe('an identity', () => {
  it('is made once and is the same ever after', async () => {
    const first = await loadOrCreateIdentity(join(directory, 'new'))
    const second = await loadOrCreateIdentity(join(directory, 'new'))
    expect(second.key).toBe(first.key)
    expect(second.seed).toEqual(first.seed)
    expect(verify(first.key, utf8('me'), second.sign(utf8('me')))).toBe(true)
  })

  it('differs between peers', async () => {
    const one = await loadOrCreateIdentity(join(directory, 'one'))
    const other = await loadOrCreateIdentity(join(directory, 'other'))
    expect(one.key).not.toBe(other.key)
  })

  it('lies in a file for its own user, and nothing else is left behind', async () => {
    await loadOrCreateIdentity(directory)
    expect((await stat(identityFile(directory))).mode & 0o777).toBe(0o600)
    expect(await readdir(directory)).toEqual(['identity'])
  })

  it('is one, when many start at the same moment', async () => {
    const all = await Promise.all(Array.from({ length: 8 }, () => loadOrCreateIdentity(directory)))
    expect(new Set(all.map(({ key }) => key)).size).toBe(1)
    expect(await readdir(directory)).toEqual(['identity'])
  })

  it('is absent, not an error, in a directory that is empty or not there', async () => {
    expect(await readIdentity(directory)).toBeUndefined()
    expect(await readIdentity(join(directory, 'nowhere'))).toBeUndefined()
  })

  it('can be made from a seed, but never over another', async () => {
    const made = await createIdentityFile(directory, SEED)
    expect(made.key).toBe(identityOf(SEED).key)
    await expect(createIdentityFile(directory, new Uint8Array(32))).rejects.toMatchObject({ name: 'OperationError' })
    expect((await readIdentity(directory))?.key).toBe(made.key)
  })
})

describe('after a crash', () => {
  it('while the file was being written, the next start is a clean first start', async () => {
    const { text } = await withIdentity()
    await writeFile(join(directory, 'identity.1-00000000.new'), text.slice(0, 40))
    expect(await readIdentity(directory)).toBeUndefined()
    const identity = await loadOrCreateIdentity(directory)
    expect((await readIdentity(directory))?.key).toBe(identity.key)
  })

  it('between link and clean-up, the identity is complete', async () => {
    const { path, text } = await withIdentity()
    await writeFile(join(path, 'identity.1-00000000.new'), text)
    expect((await loadOrCreateIdentity(path)).key).toBe(identityOf(SEED).key)
  })
})

describe('a file that is not an identity', () => {
  it('is refused wherever it is cut off, and stays as it is', async () => {
    const { text, path } = await withIdentity()
    // Without its last byte, a line feed, the file is still complete.
    for (let length = 0; length < text.length - 1; length++) {
      const cut = text.slice(0, length)
      await writeFile(identityFile(path), cut)
      await expect(loadOrCreateIdentity(path)).rejects.toMatchObject({ name: 'OptionsError' })
      expect(await readFile(identityFile(path), 'utf8')).toBe(cut)
    }
  })

  it('is refused when a digit of the seed or of the key is another', async () => {
    const { text, path } = await withIdentity()
    for (const at of [text.indexOf('"seed":"') + 8, text.indexOf('"key":"') + 7]) {
      const digit = text[at] === '0' ? '1' : '0'
      await writeFile(identityFile(path), text.slice(0, at) + digit + text.slice(at + 1))
      await expect(loadOrCreateIdentity(path)).rejects.toThrow('expected an identity file')
    }
  })

  it.each(['null', '[]', '"identity"', '{}', '{"format":"equipotent-identity/1","seed":"zz"}'])(
    'is refused: %s',
    async (text) => {
      await writeFile(identityFile(directory), text)
      await expect(loadOrCreateIdentity(directory)).rejects.toMatchObject({ name: 'OptionsError' })
    }
  )

  it('is refused when it cannot be read at all', async () => {
    await expect(loadOrCreateIdentity(join(identityFile((await withIdentity()).path)))).rejects.toMatchObject({
      name: 'OperationError',
      outcome: 'did-not-happen'
    })
  })

  it('is not replaced when the data directory cannot be written', async () => {
    const file = join(directory, 'file')
    await writeFile(file, '')
    await chmod(file, 0o400)
    await expect(createIdentityFile(file, SEED)).rejects.toThrow('No identity can be written')
  })
})

/** A data directory with an identity from a known seed. */
async function withIdentity(): Promise<{ readonly path: string; readonly text: string }> {
  const path = join(directory, 'known')
  await createIdentityFile(path, SEED)
  return { path, text: await readFile(identityFile(path), 'utf8') }
}
