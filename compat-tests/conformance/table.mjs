// The tables as pages. `node compat-tests/conformance/table.mjs` writes docs/accounts-js-conformance.md and docs/meteor-conformance.md.
import { writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { chapters } from './chapters.mjs'
import { isProven, meteorChapters } from './meteor-chapters.mjs'

/** Where the page is. */
export const PAGE = fileURLToPath(new URL('../../docs/accounts-js-conformance.md', import.meta.url))

/** Where Meteor's is. */
export const METEOR_PAGE = fileURLToPath(new URL('../../docs/meteor-conformance.md', import.meta.url))

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
${rows.map(({ item, note, proof }) => `| \`${escape(item)}\`${note ? `: ${note}` : ''} | ${proofText(proof)} |`).join('\n')}
`
}

/** The text of Meteor's page. */
export function meteorPage() {
  const rows = meteorChapters.flatMap(chapter => chapter.rows)
  const count = (/** @type {(row: (typeof rows)[number]) => boolean} */ kind) => rows.filter(kind).length
  return `# What Meteor's own tests state, and the test that proves it here

Meteor's accounts packages come with tests of their own. This is what those state, ${rows.length} behaviours: ${count(isProven)} with the test that proves it here,
${count(row => 'reason' in row && 'later' in row.reason)} that belong to work to come, ${count(row => 'reason' in row && 'doesNotApply' in row.reason)} that cannot apply. A row counts only when its test fails once the thing is switched off:
\`npm run conformance -- meteor\` switches off each in turn, on a copy of this tree, and runs its test before and after. Where Latchkey differs on purpose, the row
says so; all of that is in [Moving from Meteor](moving-from-meteor.md).

${meteorChapters.map(meteorChapterText).join('\n')}`
}

/** @param {import('./row.d.ts').MeteorChapter} chapter */
function meteorChapterText({ title, rows }) {
  return `## ${title}

| | behaviour | proven by |
| --- | --- | --- |
${rows.map(row => `| ${row.number} | ${escape(row.item)}${'note' in row && row.note ? ` (${escape(row.note)})` : ''} | ${isProven(row) ? proofsText(row) : gapText(row.reason)} |`).join('\n')}
`
}

/** @param {import('./row.d.ts').MeteorRow} row */
const proofsText = ({ proof, also = [] }) => [proof, ...also.map(one => one.proof)].map(proofText).join('; ')

/** @param {import('./row.d.ts').MeteorGap['reason']} reason */
const gapText = reason => ('later' in reason ? `later: ${escape(reason.later)}` : `does not apply: ${escape(reason.doesNotApply)}`)

/** @param {import('./row.d.ts').Row['proof']} proof */
const proofText = ({ title, file }) => `${escape(title)} ([${file.split('/').at(-1)}](../${file}))`

/** @param {string} text */
const escape = text => text.replaceAll('|', '\\|')

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  writeFileSync(PAGE, tablePage())
  writeFileSync(METEOR_PAGE, meteorPage())
}
