import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { describe, expect, it } from 'vitest'

const ROOT = join(import.meta.dirname, '../..')
const PAGES = readdirSync(join(ROOT, 'docs'), { recursive: true, encoding: 'utf8' }).filter((name) =>
  name.endsWith('.md')
)

/** Files of this project that a page names, and files it links to, as paths from the root. */
function pathsIn(page: string): string[] {
  const text = readFileSync(join(ROOT, 'docs', page), 'utf8')
  const named = [...text.matchAll(/`((?:src|tests|scripts|docs)\/[\w./-]+)`/g)].map((match) => match[1] ?? '')
  const linked = [...text.matchAll(/\]\((?!https?:)([^)#]+)/g)].map((match) =>
    join('docs', dirname(page), match[1] ?? '')
  )
  return [...named, ...linked]
}

/** Headings of a page as the fragments that links use. */
function anchorsOf(page: string): string[] {
  const text = readFileSync(join(ROOT, 'docs', page), 'utf8')
  return [...text.matchAll(/^#+ (.+)$/gm)].map((match) =>
    (match[1] ?? '')
      .toLowerCase()
      .replace(/[^\p{L}\p{N} _-]/gu, '')
      .replaceAll(' ', '-')
  )
}

describe('the pages in docs', () => {
  for (const page of PAGES) {
    it(`name only files that exist: ${page}`, () => {
      expect(pathsIn(page).filter((path) => !existsSync(join(ROOT, path)))).toEqual([])
    })

    it(`link only to headings that exist: ${page}`, () => {
      const text = readFileSync(join(ROOT, 'docs', page), 'utf8')
      const links = [...text.matchAll(/\]\((?!https?:)([^)#]*)#([^)]+)\)/g)]
      const broken = links.filter(([, target = '', anchor = '']) => {
        const where = target === '' ? page : join(dirname(page), target)
        return !anchorsOf(where).includes(anchor)
      })
      expect(broken.map(([link]) => link)).toEqual([])
    })
  }

  it('name many files, so that the test above looks at something', () => {
    expect(PAGES.flatMap(pathsIn).length).toBeGreaterThan(100)
  })
})
