/**
 * Commands as a person types them here, so that whatever a message suggests works when it is copied.
 *
 * In a clone they go through npm, which builds what changed; where the program is installed, its name is enough.
 *
 * @packageDocumentation
 */

import { basename, relative } from 'node:path'

/** Commands that have an npm script of their own. */
const SHORT_FORMS = ['demo', 'watch']

const THROUGH_NPM = 'npm run equipotent --'
const INSTALLED = 'equipotent'

/** How this program was called: through npm in a clone, by its name, or as a file. */
export function programAsTyped(
  env: Readonly<Record<string, string | undefined>>,
  script: string,
  directory: string
): string {
  const { npm_lifecycle_event: npmScript, npm_package_name: npmPackage } = env
  if (npmScript === 'npx') return 'npx equipotent'
  if (npmScript !== undefined) return npmPackage === 'equipotent' ? THROUGH_NPM : 'npx equipotent'
  return basename(script) === INSTALLED ? INSTALLED : `node ${relative(directory, script) || script}`
}

/** `equipotent …`, as it is typed where the program is called `program`. */
export function asTyped(command: string, program: string): string {
  const [, name = '', rest = ''] = /^equipotent (\S+) ?(.*)$/.exec(command) ?? []
  if (name === '') return command
  if (program === THROUGH_NPM && SHORT_FORMS.includes(name)) return `npm run ${name}${rest === '' ? '' : ` -- ${rest}`}`
  return `${program} ${name} ${rest}`.trimEnd()
}

/** True where the scripts of a clone (`npm run launch`) are at hand. */
export const hasScripts = (program: string): boolean => program !== INSTALLED

/** A word that a shell takes as one, whatever a folder is called. */
export function shellWord(text: string): string {
  return /^[\w@%+=:,./-]+$/.test(text) ? text : `'${text.replaceAll("'", `'\\''`)}'`
}
