/** `@latchkey/client/magic-link`: what `@accounts/client-magic-link` exported. */
export { AccountsClientMagicLink } from '../client-magic-link.ts'
export type { MagicLinkLogin } from '../client-magic-link.ts'
