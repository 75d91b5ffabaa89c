/** Sign-in with a code that is mailed (Meteor's passwordless). */
export { AccountsCode } from './accounts-code.ts'
export type { CodeParams } from './params.ts'
export type { AccountsCodeOptions } from './options.ts'
