// What Meteor's own tests state, chapter by chapter, 216 behaviours. A row: see row.d.ts.
import { argon2 } from './meteor/argon2.mjs'
import { clientState } from './meteor/client-state.mjs'
import { configuration } from './meteor/configuration.mjs'
import { ddpServer } from './meteor/ddp-server.mjs'
import { external } from './meteor/external.mjs'
import { hooks } from './meteor/hooks.mjs'
import { mail } from './meteor/mail.mjs'
import { oauthEncryption } from './meteor/oauth-encryption.mjs'
import { oauth } from './meteor/oauth.mjs'
import { passwordless } from './meteor/passwordless.mjs'
import { passwordsServer } from './meteor/passwords-server.mjs'
import { passwordsWire } from './meteor/passwords-wire.mjs'
import { rateLimiting } from './meteor/rate-limiting.mjs'
import { reconnect } from './meteor/reconnect.mjs'
import { tokens } from './meteor/tokens.mjs'
import { twoFactor } from './meteor/two-factor.mjs'
import { uiAndEmail } from './meteor/ui-and-email.mjs'
import { urlHashes } from './meteor/url-hashes.mjs'
import { userCreation } from './meteor/user-creation.mjs'
import { user } from './meteor/user.mjs'

/** @type {readonly import('./row.d.ts').MeteorChapter[]} */
export const meteorChapters = [
  configuration,
  userCreation,
  tokens,
  hooks,
  user,
  external,
  clientState,
  reconnect,
  urlHashes,
  passwordsWire,
  passwordsServer,
  mail,
  passwordless,
  twoFactor,
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
