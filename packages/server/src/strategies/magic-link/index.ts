/** Sign-in with a link that is mailed. */
export { AccountsMagicLink, AccountsMagicLink as default } from './accounts-magic-link.ts'
export { AuthenticateErrors, errors, MagicLinkAuthenticatorErrors, RequestMagicLinkEmailErrors } from './errors.ts'
export type { AccountsMagicLinkOptions, MagicLinkMessageKey } from './options.ts'
