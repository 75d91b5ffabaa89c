import { expect, test } from 'vitest'
import { checkExports } from './exports.ts'
import { repositoryOf } from './lib/fixture.ts'
import { show } from './lib/files.ts'

const door = (path: string) => ({ 'latchkey-source': `./src/${path}.ts`, types: `./dist/${path}.d.ts`, default: `./dist/${path}.js` })

function judged(manifest: object, files: Record<string, string>): string[] {
  const built = Object.keys(files).flatMap(path => [path.replace(/\.ts$/, '.js'), path.replace(/\.ts$/, '.d.ts')])
  using repository = repositoryOf({
    'packages/a/package.json': JSON.stringify({ name: 'a', ...manifest }),
    ...Object.fromEntries(Object.entries(files).map(([path, text]) => [`packages/a/src/${path}`, text])),
    ...Object.fromEntries(built.map(path => [`packages/a/dist/${path}`, ''])),
  })
  return checkExports(repository.root).map(show)
}

test('a door must lead to a source and to what was built from it', () => {
  expect(judged({ exports: { '.': door('index') } }, {})).toEqual([
    'packages/a/package.json leads to packages/a/src/index.ts, which does not exist',
    'packages/a/package.json leads to packages/a/dist/index.d.ts, which does not exist',
    'packages/a/package.json leads to packages/a/dist/index.js, which does not exist',
  ])
  expect(judged({ exports: { '.': door('index') } }, { 'index.ts': '' })).toEqual([])
})

test('a pattern stands for every folder it matches, and must match one', () => {
  const exports = { './stores/*': door('stores/*/index') }
  expect(
    judged(
      { exports },
      { 'stores/memory/index.ts': '/** Yes. */\nexport const a: number = 1', 'stores/sql/index.ts': 'export const b: number = 1' },
    ),
  ).toEqual(['packages/a/src/stores/sql/index.ts:1 b is exported and has no doc comment'])
  expect(judged({ exports }, {})).toEqual(['packages/a/package.json nothing lies behind "./stores/*"'])
})

test('everything behind a door has a doc comment, wherever it is declared', () => {
  const files = {
    'index.ts': `export * from './inner.ts'\nexport { hidden as shown } from './other.ts'\n`,
    'inner.ts': `/** Good. */\nexport interface Good {}\nexport interface Bare {}\n/** Good. */\nexport function good(): void {}\nexport class Bald {}\n`,
    'other.ts': `export const hidden: number = 1\nexport const notReached: number = 1\n`,
  }
  expect(judged({ exports: { '.': door('index') } }, files)).toEqual([
    'packages/a/src/other.ts:1 shown is exported and has no doc comment',
    'packages/a/src/inner.ts:3 Bare is exported and has no doc comment',
    'packages/a/src/inner.ts:6 Bald is exported and has no doc comment',
  ])
})

test('a module that is exported as a whole says at its top what it is', () => {
  const files = {
    'index.ts': `export * as told from './told.ts'\nexport * as bare from './bare.ts'\n`,
    'told.ts': `/** Good. */\nexport { good } from './inner.ts'\n`,
    'bare.ts': `export { good } from './inner.ts'\n`,
    'inner.ts': `/** Good. */\nexport function good(): void {}\n`,
  }
  expect(judged({ exports: { '.': door('index') } }, files)).toEqual(['packages/a/src/bare.ts:1 bare is exported and has no doc comment'])
})

test('a command must lead to a file', () => {
  expect(judged({ bin: { a: './dist/bin.js' } }, {})).toEqual([
    'packages/a/package.json leads to packages/a/dist/bin.js, which does not exist',
  ])
})

test('a private package has no doors to judge', () => {
  expect(judged({ private: true, exports: { '.': door('index') } }, {})).toEqual([])
})
