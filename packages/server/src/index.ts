export { AccountsServer, AccountsServer as default } from './accounts-server.ts'
export type { AccountsServices, AccountsServices as AuthenticationServices, DDPServerOfAccounts } from './accounts-server.ts'
export type { AccountsServerOptions, MergedOptions, UsersDatabase } from './accounts-server-options.ts'
export { AccountsJsError } from './compat/accounts-js-error.ts'
export type {
  AccountsJsSession,
  AccountsJsUser,
  AuthenticationService,
  CreateUser,
  CreateUserServicePassword,
  HookListener,
  ImpersonationResult,
  ImpersonationUserIdentity,
  LoginUserIdentity,
  LoginUserMagicLinkService,
  LoginUserPasswordService,
  TokenRecord,
} from './compat/accounts-js-types.ts'
export * from './compat/error-enums.ts'
export { generateRandomToken, getFirstUserEmail } from './compat/helpers.ts'
export { ServerHooks } from './compat/server-hooks.ts'
export type { LoginErrorHookPayload, LoginHookPayload, ServerHookEmitter, ServerHookPayloads } from './compat/server-hooks.ts'
export type { AcceptAccountsJsTokens, AccountsJsSessions } from './compat/accounts-js-tokens.ts'
export type { AccessTokenConfig, TokenConfig, TokenConfigs } from './compat/token-configs.ts'
export * from './core-alone.ts'
