// The table, chapter by chapter. A row: see row.d.ts.
import { clients } from './rows/clients.mjs'
import { graphql } from './rows/graphql.mjs'
import { magicLink } from './rows/magic-link.mjs'
import { mounts } from './rows/mounts.mjs'
import { oauth } from './rows/oauth.mjs'
import { passwordMethods, passwordOptions } from './rows/password.mjs'
import { tokens } from './rows/tokens.mjs'
import { twoFactor } from './rows/two-factor.mjs'

/** @type {readonly import('./row.d.ts').Chapter[]} */
export const chapters = [tokens, passwordOptions, passwordMethods, magicLink, twoFactor, mounts, graphql, oauth, clients]
