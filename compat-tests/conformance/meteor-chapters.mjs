// What Meteor's own tests state, chapter by chapter, 216 behaviours. A row: see row.d.ts.
import { argon2 } from './meteor/argon2.mjs'
import { clientState } from './meteor/client-state.mjs'
import { ddpServer } from './meteor/ddp-server.mjs'
import { external } from './meteor/external.mjs'
import { oauthEncryption } from './meteor/oauth-encryption.mjs'
import { oauth } from './meteor/oauth.mjs'
import { rateLimiting } from './meteor/rate-limiting.mjs'
import { reconnect } from './meteor/reconnect.mjs'
import { uiAndEmail } from './meteor/ui-and-email.mjs'
import { urlHashes } from './meteor/url-hashes.mjs'

/** @type {readonly import('./row.d.ts').MeteorChapter[]} */
export const meteorChapters = [
  external,
  clientState,
  reconnect,
  urlHashes,
  oauth,
  oauthEncryption,
  rateLimiting,
  uiAndEmail,
  ddpServer,
  argon2,
]

/** @type {(row: import('./row.d.ts').MeteorRow | import('./row.d.ts').MeteorGap) => row is import('./row.d.ts').MeteorRow} */
export const isProven = row => 'proof' in row

/** The rows that have a test, as the chapters of the other table are. */
export const provenChapters = meteorChapters.map(({ title, rows }) => ({
  title: `Meteor: ${title}`,
  rows: rows.filter(isProven).flatMap(row => [row, ...(row.also ?? [])]),
}))
