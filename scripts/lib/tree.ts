/**
 * What can be read off the files of the project without running any of them: links that lead nowhere, words that do not
 * belong, a lockfile that names hosts. Each check answers with one line for each problem.
 */

import { existsSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { dirname, join, normalize, relative } from 'node:path'
import { ROOT, run } from './command.ts'

/** What a check looked at, and what it found wrong. */
export interface Findings {
  /** What was checked, in words: `31 links in 12 pages`. */
  readonly checked: string
  /** One line for each problem; none means that the check passed. */
  readonly problems: readonly string[]
}

/** Files of the project, relative to its directory: those that git tracks or would track. */
async function projectFiles(): Promise<readonly string[]> {
  const { code, output } = await run('git', ['ls-files', '-z', '--cached', '--others', '--exclude-standard'])
  if (code !== 0) throw new Error(`The files of the project are those that git knows, and git says: ${output.trim()}`)
  return output.split('\0').filter((file) => file !== '' && existsSync(join(ROOT, file)))
}

const read = (file: string): Promise<string> => readFile(join(ROOT, file), 'utf8')

const lineOf = (text: string, index: number): number => text.slice(0, index).split('\n').length

/** Blanks out what matches and keeps every line where it is. */
const blank = (text: string, pattern: RegExp): string => text.replace(pattern, (part) => part.replace(/[^\n]/g, ' '))

const FENCE = /^(```|~~~).*?^\1/gms
const INLINE_CODE = /`[^`\n]+`/g

/** The name GitHub gives a heading. Its code and its links count as their text. */
const anchorOf = (heading: string): string =>
  heading
    .replace(/\[([^\]]*)\]\([^)]*\)/g, '$1')
    .toLowerCase()
    .replace(/[^\p{L}\p{N}\s_-]/gu, '')
    .trim()
    .replace(/\s/g, '-')

function anchorsOf(markdown: string): ReadonlySet<string> {
  const seen = new Map<string, number>()
  const anchors = new Set<string>()
  for (const [, heading = ''] of blank(markdown, FENCE).matchAll(/^#{1,6}\s+(.*?)\s*#*$/gm)) {
    const anchor = anchorOf(heading)
    const before = seen.get(anchor) ?? 0
    seen.set(anchor, before + 1)
    anchors.add(before === 0 ? anchor : `${anchor}-${before}`)
  }
  for (const [, id = ''] of markdown.matchAll(/\bid="([^"]+)"/g)) anchors.add(id)
  return anchors
}

const LINK = /!?\[[^\]]*\]\(<?([^)\s>]+)>?(?:\s+"[^"]*")?\)|^\[[^\]]+\]:\s+(\S+)/gm
const ELSEWHERE = /^[a-z][a-z+.-]*:|^\/\//i

/** Why a link of a page leads nowhere, or nothing when it leads somewhere. */
async function deadLink(page: string, target: string): Promise<string | undefined> {
  const [path = '', anchor] = target.split('#')
  const file = path === '' ? page : normalize(join(dirname(page), decodeURIComponent(path)))
  if (relative('.', file).startsWith('..') || path.startsWith('/')) return `${target} leaves the project`
  if (!existsSync(join(ROOT, file))) return `${target} does not exist`
  if (anchor === undefined || !file.endsWith('.md')) return undefined
  return anchorsOf(await read(file)).has(anchor) ? undefined : `${target}: ${file} has no such heading`
}

/** Every relative link of every page leads to a file of the project, and to a heading that exists. */
export async function checkLinks(): Promise<Findings> {
  const pages = (await projectFiles()).filter((file) => file.endsWith('.md'))
  const problems: string[] = []
  let linkCount = 0
  for (const page of pages) {
    const text = blank(blank(await read(page), FENCE), INLINE_CODE)
    for (const match of text.matchAll(LINK)) {
      const target = match[1] ?? match[2] ?? ''
      if (ELSEWHERE.test(target)) continue
      linkCount++
      const problem = await deadLink(page, target)
      if (problem !== undefined) problems.push(`${page}:${lineOf(text, match.index)}: ${problem}`)
    }
  }
  return { checked: `${linkCount} links in ${pages.length} pages`, problems }
}

/** What no file of the project may contain. The patterns are written so that this file does not match them. */
const UNWANTED: readonly (readonly [pattern: RegExp, why: string])[] = [
  [/(?<![\w.:/])\/(?:home|root|Users|work)\/[\w.-]+/g, 'a path of one machine'],
  [/\b(?:TO[D]O|FIX[M]E|X[X]X)\b/g, 'unfinished work belongs in an issue'],
  [/\b(?:describe|it|test)\.(?:only)\(/g, 'a test that silences the others'],
  [/^<{7} |^>{7} /gm, 'a conflict that was not resolved']
]

const isText = (text: string): boolean => !text.includes('\0')

/** No file names a path of somebody's machine, unfinished work, or a test that silences others. */
export async function checkWords(): Promise<Findings> {
  const files = await projectFiles()
  const problems: string[] = []
  for (const file of files) {
    const text = await read(file)
    if (!isText(text)) continue
    for (const [pattern, why] of UNWANTED) {
      for (const match of text.matchAll(pattern)) {
        problems.push(`${file}:${lineOf(text, match.index)}: ${JSON.stringify(match[0])}: ${why}`)
      }
    }
  }
  return { checked: `${files.length} files`, problems }
}
