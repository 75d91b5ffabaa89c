/** What can be counted about the repository: short files, no unfinished marks, a true map, links that lead somewhere, a page for every error. */
import { existsSync } from 'node:fs'
import { join, posix } from 'node:path'
import { pathToFileURL } from 'node:url'
import { filesUnder, packageSources, read, type Problem } from './lib/files.ts'

const LINES = 400
const CODE: RegExp = /\.(ts|tsx|mjs|js|css|sh)$|^\.ci\/run$/
// Written apart, so that this file passes its own check
const UNFINISHED: RegExp = /\b(?:TO(?:DO)|FIX(?:ME))\b/
/** First line of a file that is long for a reason. */
const LONG: RegExp = /^(\/\/|#|\/\*) long: \S+/

/** Everything that is wrong, by file. Wants `@latchkey/common` built: the error codes come from there. */
export async function checkFiles(root: string): Promise<Problem[]> {
  return [...checkCode(root), ...checkMap(root), ...checkLinks(root), ...checkIndex(root), ...checkErrorPages(root, await errorCodes(root))]
}

/** Files that are too long or hold an unfinished mark. */
export function checkCode(root: string): Problem[] {
  return filesUnder(root)
    .filter(path => CODE.test(path))
    .flatMap(path => {
      const lines = read(root, path).trimEnd().split('\n')
      const marks = lines.flatMap((text, index) => (UNFINISHED.test(text) ? [{ path, line: index + 1, message: 'unfinished mark' }] : []))
      if (lines.length <= LINES || LONG.test(lines[0] ?? '')) return marks
      return [...marks, { path, message: `has ${lines.length} lines, above ${LINES}: split it, or say why in a first line "// long: …"` }]
    })
}

/** Source folders that MAP.md does not name, and paths it names that do not exist. */
export function checkMap(root: string): Problem[] {
  const path = 'MAP.md'
  if (!existsSync(join(root, path))) return [{ path, message: 'does not exist' }]
  const text = read(root, path)
  const folders = new Set(packageSources(root).flatMap(file => /^packages\/[^/]+\/src\/[^/]+(?=\/)/.exec(file)?.[0] ?? []))
  const unnamed = [...folders].filter(folder => !text.includes(folder))
  const named = [...text.matchAll(/`((?:packages|e2e|compat-tests|bench|tools|docs)\/[\w./-]*)`/g)].map(({ 1: name = '', index }) => ({
    name,
    index,
  }))
  return [
    ...unnamed.map(folder => ({ path, message: `does not mention ${folder}` })),
    ...named
      .filter(({ name }) => !existsSync(join(root, name)))
      .map(({ name, index }) => ({ path, line: text.slice(0, index).split('\n').length, message: `names ${name}, which does not exist` })),
  ]
}

/** Links between our own pages that lead nowhere, to a page or to a heading. */
export function checkLinks(root: string): Problem[] {
  return filesUnder(root)
    .filter(path => path.endsWith('.md'))
    .flatMap(path => {
      const text = withoutCode(read(root, path))
      return [...text.matchAll(/\]\(([^)\s#]*)(?:#([^)\s]*))?\)/g)]
        .filter(({ 1: target = '', 2: heading }) => !/^[a-z]+:/i.test(target) && !leads(root, path, target, heading))
        .map(({ 1: target = '', 2: heading, index }) => ({
          path,
          line: text.slice(0, index).split('\n').length,
          message: `links to ${target}${heading === undefined ? '' : `#${heading}`}, which does not exist`,
        }))
    })
}

function leads(root: string, from: string, target: string, heading: string | undefined): boolean {
  const to = target === '' ? from : posix.join(posix.dirname(from), target)
  if (!existsSync(join(root, to))) return false
  return heading === undefined || !to.endsWith('.md') || anchorsOf(withoutCode(read(root, to))).has(heading)
}

/** What is shown as code holds neither links nor headings; its lines stay, to be counted. */
const withoutCode = (text: string): string => text.replaceAll(/^```[^]*?^```/gm, block => block.replaceAll(/[^\n]/g, ''))

/** As GitHub names headings. */
const anchorsOf = (text: string): Set<string> =>
  new Set(
    [...text.matchAll(/^#+ +(.+)$/gm)].map(({ 1: title = '' }) =>
      title
        .replaceAll(/\[([^\]]*)\]\([^)]*\)/g, '$1')
        .toLowerCase()
        .replaceAll(/[^\p{L}\p{N}\s_-]/gu, '')
        .trim()
        .replaceAll(' ', '-'),
    ),
  )

/** Pages that the index of the documentation does not lead to. */
export function checkIndex(root: string): Problem[] {
  const path = 'docs/README.md'
  const text = existsSync(join(root, path)) ? read(root, path) : ''
  return filesUnder(root, 'docs')
    .filter(page => /^docs\/[^/]+\.md$/.test(page) && page !== path && !text.includes(`](${posix.basename(page)}`))
    .map(page => ({ path, message: `does not lead to ${page}` }))
}

/** Error codes without a page, and pages without a code. */
export function checkErrorPages(root: string, codes: string[]): Problem[] {
  const pages = filesUnder(root, 'docs/errors').filter(path => path.endsWith('.md') && !path.endsWith('/README.md'))
  const pageOf = (code: string) => `docs/errors/${code}.md`
  return [
    ...codes
      .filter(code => !pages.includes(pageOf(code)))
      .map(code => ({ path: pageOf(code), message: 'does not exist, but the error code does' })),
    ...pages.filter(page => !codes.some(code => pageOf(code) === page)).map(path => ({ path, message: 'there is no such error code' })),
  ]
}

async function errorCodes(root: string): Promise<string[]> {
  const entry = pathToFileURL(join(root, 'packages/common/dist/index.js')).href
  const { ERRORS } = (await import(entry)) as { ERRORS: Record<string, unknown> }
  return Object.keys(ERRORS)
}
