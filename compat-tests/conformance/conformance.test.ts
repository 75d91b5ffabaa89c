/** Keeps the table true between two runs of `npm run conformance`, which takes too long for every day. */
import { existsSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { describe, expect, test } from 'vitest'
import { chapters } from './chapters.mjs'
import { meteorChapters, provenChapters } from './meteor-chapters.mjs'
import { METEOR_PAGE, meteorPage, PAGE, tablePage } from './table.mjs'

const root = fileURLToPath(new URL('../..', import.meta.url))
const textOf = (file: string): string => (existsSync(root + file) ? readFileSync(root + file, 'utf8') : '')

test('the page is what the rows say (node compat-tests/conformance/table.mjs)', () => {
  expect(readFileSync(PAGE, 'utf8')).toBe(tablePage())
})

test('so is Meteor’s', () => {
  expect(readFileSync(METEOR_PAGE, 'utf8')).toBe(meteorPage())
})

test('each of Meteor’s behaviours stands once, in their order', () => {
  const numbers = meteorChapters.flatMap(({ rows }) => rows.map(({ number }) => number))
  expect(numbers).toEqual(Array.from({ length: 216 }, (_, at) => at + 1))
})

test('no item stands twice in a chapter', () => {
  for (const { title, rows } of [...chapters, ...provenChapters]) {
    const items = rows.map(({ item }) => item)
    expect([title, items.filter((item, at) => items.indexOf(item) !== at)]).toEqual([title, []])
  }
})

describe.each([...chapters, ...provenChapters])('$title', ({ rows }) => {
  test('what each row is switched off by stands in the code, once', () => {
    const counts = rows.flatMap(({ item, off }) =>
      ('file' in off ? [off] : off).map(({ file, from }) => [item, file, textOf(file).split(from).length - 1]),
    )
    expect(counts.filter(([, , count]) => count !== 1)).toEqual([])
  })

  test('the test of each row is there', () => {
    // Titles of `test.each` are put together; the words before the first placeholder, or the last ones, stand in the file.
    const stands = ({ file, title }: { file: string; title: string }): boolean => {
      const words = title.split(' ')
      const parts = words.map((_, at) => words.slice(at).join(' ')).filter((part, at) => at === 0 || part.includes(' '))
      return parts.some(part => textOf(file).includes(part))
    }
    expect(rows.filter(({ proof }) => !stands(proof)).map(({ item, proof }) => [item, proof])).toEqual([])
  })
})
