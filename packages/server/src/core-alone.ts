/** The core alone, for transports of one's own: `Accounts` and what it is made of, without the API of either parent. */
export { Accounts } from './core/accounts.ts'
export type { Confirmation, Login, Proven, SessionMode } from './core/accounts.ts'
export type { AccountsParts } from './core/assemble.ts'
export type { NewUserInput } from './core/flows/create-user.ts'
export type { TokensOf } from './core/flows/create-tokens.ts'
export type { Impersonation } from './core/flows/impersonate.ts'
export type { LogoutScope } from './core/flows/logout.ts'
export type { Registration } from './core/flows/register.ts'
export type { Asked, LoginAttempt, Told } from './core/hooks.ts'
export { originOf } from './core/origin.ts'
export type { Credential, LinkedAccount, PasswordForm, StoredPassword } from './core/identity/credential.ts'
export { emailKey, parseEmail } from './core/identity/email.ts'
export type { ParsedEmail } from './core/identity/email.ts'
export { linkedAccount } from './core/identity/linked-account.ts'
export type { ProviderAccount } from './core/identity/linked-account.ts'
export { sealTotpSecret } from './core/identity/totp.ts'
export { parseUsername, usernameKey } from './core/identity/username.ts'
export type { ParsedUsername } from './core/identity/username.ts'
export { keyRing, seal } from './core/seal.ts'
export type { Identifier, NewUser, User, UserEmail } from './core/identity/user.ts'
export type { EmailTemplate, EmailTemplates, GivenEmailTemplates } from './core/mail/templates.ts'
export type { Chance, Clock, Log, Mail, PasswordHasher, PasswordInput, Ports, Timers } from './core/ports.ts'
export type { AccessTokenData } from './core/session/access-token.ts'
export type { EarlierSession, EarlierToken, EarlierTokens } from './core/session/earlier-token.ts'
export type { Secret, SecretHash } from './core/session/secret.ts'
export type { EndReason, Factor, NewSession, Session, SessionAndUser } from './core/session/session.ts'
export { isStrongSecret } from './core/settings.ts'
export type { Face, GivenSettings, ImpersonationAuthorize, Limit, Limits, Lockout, PasswordSettings, Settings } from './core/settings.ts'
export type { Bus, Store } from './core/store.ts'
export { publicJwk } from './core/token-key.ts'
export type { KeyMaterial, PublicJwk, RetiredKey, SigningAlgorithm, TokenKeyPair } from './core/token-key.ts'
export type { Origin, Proof, SecondFactor, Strategy, Vouched } from './core/strategy.ts'
export { processLog, silentLog, systemPorts } from './system.ts'
export { AccountsError, ERRORS, isAccountsError } from '@latchkey/common'
export type {
  ConnectionInformations,
  CreateUserResult,
  EmailRecord,
  ErrorCode,
  LoginResult,
  PublicUser,
  RefreshResult,
  Stop,
  Tokens,
} from '@latchkey/common'
