// What Meteor's own tests state, chapter by chapter, 216 behaviours. A row: see row.d.ts.

/** @type {readonly import('./row.d.ts').MeteorChapter[]} */
export const meteorChapters = []

/** @type {(row: import('./row.d.ts').MeteorRow | import('./row.d.ts').MeteorGap) => row is import('./row.d.ts').MeteorRow} */
export const isProven = row => 'proof' in row

/** The rows that have a test, as the chapters of the other table are. */
export const provenChapters = meteorChapters.map(({ title, rows }) => ({
  title: `Meteor: ${title}`,
  rows: rows.filter(isProven).flatMap(row => [row, ...(row.also ?? [])]),
}))
