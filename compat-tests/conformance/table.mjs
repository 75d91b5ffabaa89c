// The table as a page. `node compat-tests/conformance/table.mjs` writes docs/accounts-js-conformance.md.
import { writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { chapters } from './chapters.mjs'

/** Where the page is. */
export const PAGE = fileURLToPath(new URL('../../docs/accounts-js-conformance.md', import.meta.url))

/** The page's text. */
export function tablePage() {
  const rows = chapters.reduce((sum, chapter) => sum + chapter.rows.length, 0)
  return `# What accounts-js does, and the test that proves it here

Every option, method, hook, route, mutation and client method of accounts-js, ${rows} rows, each with the test that proves that Latchkey does it too. A row
counts only when its test fails once the thing is switched off: \`npm run conformance\` switches off each in turn, on a copy of this tree, and
runs its test before and after. The last chapter lists what accounts-js was found to do wrong, each with the test that fails once the wrong is back. What
behaves differently on purpose, and why, is in [Moving from accounts-js](moving-from-accounts-js.md).

${chapters.map(chapterText).join('\n')}`
}

/** @param {import('./row.d.ts').Chapter} chapter */
function chapterText({ title, rows }) {
  return `## ${title}

| | proven by |
| --- | --- |
${rows.map(({ item, note, proof }) => `| \`${item.replaceAll('|', '\\|')}\`${note ? `: ${note}` : ''} | ${proof.title.replaceAll('|', '\\|')} ([${proof.file.split('/').at(-1)}](../${proof.file})) |`).join('\n')}
`
}

if (process.argv[1] === fileURLToPath(import.meta.url)) writeFileSync(PAGE, tablePage())
