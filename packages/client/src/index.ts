export { AccountsClient } from './accounts-client.ts'
export type { AccountsClientOptions, ClientState } from './accounts-client.ts'
export { AccountsClientCode } from './client-code.ts'
export type { CodeLogin } from './client-code.ts'
export { AccountsClientMagicLink } from './client-magic-link.ts'
export type { MagicLinkLogin } from './client-magic-link.ts'
export { AccountsClientPassword } from './client-password.ts'
export type { AccountsClientPasswordOptions, PasswordLogin } from './client-password.ts'
export { AccountsClientError, AccountsClientError as AccountsJsError, isSessionOver } from './error.ts'
export type { ErrorInfo } from './error.ts'
export { authFetch, RestClient } from './rest-client.ts'
export type { RestClientOptions } from './rest-client.ts'
export type { Source } from './source.ts'
export type { TokenStorage } from './token-storage.ts'
export type { Headers, ImpersonationIdentity, ImpersonationResult, NewUser, TransportInterface } from './transport.ts'
export type {
  CreateUserResult,
  EmailRecord,
  LinkedAccount,
  LoginResult,
  PublicSettings,
  PublicUser,
  RefreshResult,
  SessionInfo,
  Stop,
  Tokens,
  TwoFactorSecret,
  TwoFactorStatus,
} from '@latchkey/common'
