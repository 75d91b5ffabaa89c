import { accountWeaknesses } from './weaknesses-accounts.mjs'
import { sessionWeaknesses } from './weaknesses-sessions.mjs'

/** What accounts-js was found to do wrong. Each item says the wrong; switched off is what stands in its way. @type {import('../row.d.ts').Chapter} */
export const weaknesses = { title: 'Weaknesses that were not inherited', rows: [...sessionWeaknesses, ...accountWeaknesses] }
