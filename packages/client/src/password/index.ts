/** `@latchkey/client/password`: what `@accounts/client-password` exported. */
export { AccountsClientPassword } from '../client-password.ts'
export type { AccountsClientPasswordOptions, PasswordLogin } from '../client-password.ts'
export type { NewUser } from '../transport.ts'
