import { expect, test } from 'vitest'
import { repositoryOf } from './lib/fixture.ts'
import { show } from './lib/files.ts'
import { checkSamples, exampleSamples, markdownSamples } from './samples.ts'

const block = (flags: string, code: string) => `\`\`\`${flags}\n${code}\n\`\`\`\n`

async function judged(files: Record<string, string>): Promise<string[]> {
  using repository = repositoryOf(files)
  return (await checkSamples(repository.root)).map(show)
}

test('every ts block of the documentation is taken, with its place', () => {
  const page = `# Title\n\n${block('ts', 'one()')}\n${block('sh', 'npm start')}\n- item\n\n  ${block('ts run', '  two()').replaceAll('\n```\n', '\n  ```\n')}`
  using repository = repositoryOf({ 'README.md': page, 'docs/deep/page.md': block('ts', 'three()'), 'notes.md': block('ts', 'four()') })
  expect(markdownSamples(repository.root)).toEqual([
    { path: 'README.md', line: 4, code: 'one()\n', run: false, serves: false },
    { path: 'README.md', line: 14, code: 'two()\n', run: true, serves: false },
    { path: 'docs/deep/page.md', line: 2, code: 'three()\n', run: false, serves: false },
  ])
})

test('a sample that does not compile is reported where it stands', async () => {
  const page = `Text\n${block('ts', `const fine: number = 1\nconst wrong: number = 'one'`)}`
  expect(await judged({ 'README.md': page })).toEqual([
    `README.md:4 in the sample: error TS2322: Type 'string' is not assignable to type 'number'.`,
  ])
})

test('samples do not see one another', async () => {
  const page = block('ts', 'const x: number = 1\nconsole.log(x)') + block('ts', 'const x: string = "a"\nconsole.log(x)')
  expect(await judged({ 'README.md': page })).toEqual([])
})

test('a block marked to run must run to a good end', async () => {
  const page = block('ts run', `console.log('fine')`) + block('ts run', `throw new Error('broken promise')`)
  expect(await judged({ 'README.md': page })).toEqual([
    expect.stringMatching(/^README\.md:5 the sample ended with 1: [\s\S]*broken promise/),
  ])
})

test('examples of doc comments compile with what their own file exports in scope', async () => {
  const source = (example: string) =>
    `/**\n * Adds.\n * @example\n * ${example}\n */\nexport function add(a: number, b: number): number {\n  return a + b\n}\n`
  const built = { 'packages/a/dist/add.js': '', 'packages/a/dist/add.d.ts': 'export declare function add(a: number, b: number): number\n' }
  expect(await judged({ ...built, 'packages/a/src/add.ts': source('console.log(add(1, 2))') })).toEqual([])
  expect(await judged({ ...built, 'packages/a/src/add.ts': source(`add(1, 'two')`) })).toEqual([
    `packages/a/src/add.ts:4 in the sample: error TS2345: Argument of type 'string' is not assignable to parameter of type 'number'.`,
  ])
})

test('an example may stand in a fence, and on a method', () => {
  const source = `export class A {\n  /**\n   * @example\n   * \`\`\`ts\n   * go()\n   * \`\`\`\n   */\n  go(): void {}\n}\n`
  using repository = repositoryOf({ 'packages/a/src/a.ts': source })
  expect(exampleSamples(repository.root)).toMatchObject([{ line: 4, code: '\ngo()\n' }])
})
