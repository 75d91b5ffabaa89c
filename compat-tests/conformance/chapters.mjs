// What accounts-js does, chapter by chapter. A row: see row.d.ts. What Meteor does: meteor-chapters.mjs.
import { clients } from './rows/clients.mjs'
import { databases } from './rows/databases.mjs'
import { packageExports } from './rows/exports.mjs'
import { graphql } from './rows/graphql.mjs'
import { hooks } from './rows/hooks.mjs'
import { magicLink } from './rows/magic-link.mjs'
import { mail } from './rows/mail.mjs'
import { mounts } from './rows/mounts.mjs'
import { oauth } from './rows/oauth.mjs'
import { passwordMethods, passwordOptions } from './rows/password.mjs'
import { rest } from './rows/rest.mjs'
import { serverMembers } from './rows/server-members.mjs'
import { serverOptions } from './rows/server-options.mjs'
import { services } from './rows/services.mjs'
import { sessions } from './rows/sessions.mjs'
import { tokens } from './rows/tokens.mjs'
import { twoFactor } from './rows/two-factor.mjs'
import { weaknesses } from './rows/weaknesses.mjs'

/** @type {readonly import('./row.d.ts').Chapter[]} */
export const chapters = [
  packageExports,
  serverOptions,
  serverMembers,
  hooks,
  sessions,
  tokens,
  mail,
  services,
  passwordOptions,
  passwordMethods,
  magicLink,
  twoFactor,
  rest,
  mounts,
  databases,
  graphql,
  oauth,
  clients,
  weaknesses,
]
