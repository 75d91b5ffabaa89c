/** Sign-in with a password. */
export { AccountsPassword } from './accounts-password.ts'
export type { AccountsPasswordOptions, MessageKey } from './options.ts'
