export { AccountsOauth } from './accounts-oauth.ts'
export type { OAuthProvider, OAuthProviders, OAuthUser } from './provider.ts'
export { AccountsOAuthTwitter } from './twitter.ts'
export type { AccountsOAuthTwitterOptions, TwitterUser } from './twitter.ts'
