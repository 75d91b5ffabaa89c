import { describe, expect, test } from 'vitest'
import { checkCode, checkErrorPages, checkIndex, checkLinks, checkMap } from './files.ts'
import { repositoryOf } from './lib/fixture.ts'
import { show, type Problem } from './lib/files.ts'

function judged(check: (root: string) => Problem[], files: Record<string, string>): string[] {
  using repository = repositoryOf(files)
  return check(repository.root).map(show)
}

describe('code', () => {
  const long = 'x()\n'.repeat(401)

  test('a file above 400 lines is refused, unless its first line says why', () => {
    expect(judged(checkCode, { 'packages/a/src/x.ts': long })).toEqual([
      'packages/a/src/x.ts has 401 lines, above 400: split it, or say why in a first line "// long: …"',
    ])
    expect(judged(checkCode, { 'packages/a/src/x.ts': `// long: one table\n${long}`, 'notes.txt': long })).toEqual([])
  })

  test('an unfinished mark is refused, with its line', () => {
    const mark = ['TO', 'DO'].join('')
    expect(judged(checkCode, { 'tools/x.mjs': `a()\n// ${mark}: later\n` })).toEqual(['tools/x.mjs:2 unfinished mark'])
    expect(judged(checkCode, { 'tools/x.mjs': `const ${mark}S = 1\n` })).toEqual([])
  })

  test('what is built or installed is not ours to judge', () => {
    expect(judged(checkCode, { 'packages/a/dist/x.js': long, 'packages/a/node_modules/b/x.js': long, '.cache/x.js': long })).toEqual([])
  })
})

describe('MAP.md', () => {
  const source = { 'packages/server/src/core/flows/login.ts': '' }

  test('must exist', () => expect(judged(checkMap, source)).toEqual(['MAP.md does not exist']))

  test('mentions every folder of a source folder', () => {
    expect(judged(checkMap, { ...source, 'MAP.md': 'Nothing' })).toEqual(['MAP.md does not mention packages/server/src/core'])
    expect(judged(checkMap, { ...source, 'MAP.md': 'See `packages/server/src/core`.' })).toEqual([])
  })

  test('names no path that is gone', () => {
    const map = 'See `packages/server/src/core`\nand `packages/server/src/attic/x.ts`.'
    expect(judged(checkMap, { ...source, 'MAP.md': map })).toEqual(['MAP.md:2 names packages/server/src/attic/x.ts, which does not exist'])
  })
})

test('a link between pages must lead somewhere, to a heading too; links to the web, and what is shown as code, are not followed', () => {
  const page = [
    '# Here & there: `x`',
    '```md',
    '[shown](nowhere.md)',
    '# shown',
    '```',
    '[a](other.md#a-part) [b](https://example.com/x) [c](#here--there-x)',
    '[d](../gone.md)',
    '[e](other.md#gone) [f](#shown)',
  ].join('\n')
  expect(judged(checkLinks, { 'docs/page.md': page, 'docs/other.md': '## A [part](page.md)' })).toEqual([
    'docs/page.md:7 links to ../gone.md, which does not exist',
    'docs/page.md:8 links to other.md#gone, which does not exist',
    'docs/page.md:8 links to #shown, which does not exist',
  ])
})

test('the index of the documentation leads to every page', () => {
  const files = { 'docs/README.md': '[a](a.md#part)', 'docs/a.md': '', 'docs/b.md': '', 'docs/errors/Busy.md': '' }
  expect(judged(checkIndex, files)).toEqual(['docs/README.md does not lead to docs/b.md'])
})

test('every error code has a page, and every page a code', () => {
  const files = { 'docs/errors/Busy.md': '', 'docs/errors/Gone.md': '', 'docs/errors/README.md': '' }
  expect(judged(root => checkErrorPages(root, ['Busy', 'NotFound']), files)).toEqual([
    'docs/errors/NotFound.md does not exist, but the error code does',
    'docs/errors/Gone.md there is no such error code',
  ])
})
