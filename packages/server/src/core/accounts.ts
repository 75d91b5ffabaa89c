/** The one core API that transports, command line and `AccountsServer` call: each line leads to the flow of that name. */
import { ERRORS, isAccountsError } from '@latchkey/common'
import type {
  CreateUserResult,
  LoginResult,
  PublicSettings,
  PublicUser,
  SessionInfo,
  Stop,
  Tokens,
  TwoFactorSecret,
  TwoFactorStatus,
} from '@latchkey/common'
import { assembleCore } from './assemble.ts'
import type { AccountsParts, AssembledCore } from './assemble.ts'
import type { Core } from './core.ts'
import * as account from './flows/account.ts'
import * as administer from './flows/administer.ts'
import { activateUser, deactivateUser } from './flows/deactivate.ts'
import { changePassword, changePasswordOf } from './flows/change-password.ts'
import { changeFields } from './flows/change-fields.ts'
import type { FieldsChange } from './flows/change-fields.ts'
import { createAccount } from './flows/create-account.ts'
import { createUser } from './flows/create-user.ts'
import type { NewUserInput } from './flows/create-user.ts'
import { createTokens } from './flows/create-tokens.ts'
import type { TokensOf } from './flows/create-tokens.ts'
import { addEmail, addEmailOf, changeEmail, removeEmail, removeEmailOf, replaceEmailOf } from './flows/emails.ts'
import type { NewAddress } from './flows/emails.ts'
import { impersonate } from './flows/impersonate.ts'
import { issueLink } from './flows/issue-link.ts'
import type { LinkOrder } from './flows/issue-link.ts'
import type { Impersonation } from './flows/impersonate.ts'
import * as links from './flows/link.ts'
import { login, loginByAny, loginStamped, loginTrusted, proveOnly } from './flows/login.ts'
import type { StampedSession } from './flows/open-session.ts'
import { endSession, listSessions, logout, logoutByToken } from './flows/logout.ts'
import type { LogoutScope } from './flows/logout.ts'
import { resetPassword, sendEnrollmentEmail, sendResetPasswordEmail } from './flows/recover.ts'
import type { Manner } from './flows/mail-request.ts'
import { refresh } from './flows/refresh.ts'
import { register } from './flows/register.ts'
import { requestLoginCode } from './flows/request-login-code.ts'
import type { CodeRequest, CodeRequested } from './flows/request-login-code.ts'
import { requestMagicLinkEmail } from './flows/request-magic-link.ts'
import type { Registration } from './flows/register.ts'
import { signUp } from './flows/sign-up.ts'
import { setUsername } from './flows/username.ts'
import * as twoFactor from './flows/two-factor.ts'
import * as twoFactorKept from './flows/two-factor-kept.ts'
import { siblingSession } from './flows/sibling-session.ts'
import { sendVerificationEmail, verifyEmail, verifyEmailAndLogin } from './flows/verify-email.ts'
import type { ProviderAccount } from './identity/linked-account.ts'
import { toPublicUser } from './identity/public-user.ts'
import type { Identifier, User } from './identity/user.ts'
import { APP } from './origin.ts'
import type { Mail, PasswordInput } from './ports.ts'
import { check, checkAgain, checkAllAgain, checkCached, checkResume, checkStateless, findByAccessToken } from './session/check.ts'
import type { Secret } from './session/secret.ts'
import type { Session, SessionAndUser } from './session/session.ts'
import { ServiceConfigurations } from './service-configurations.ts'
import type { GivenSettings } from './settings.ts'
import type { Origin, Strategy, Vouched } from './strategy.ts'
import type { PublicJwk } from './token-key.ts'

/** How the client wants to keep its session. `cookie` and `resume` get a resume secret, `bearer` a pair of tokens. */
export type SessionMode = 'bearer' | 'cookie' | 'resume'

/** What opening a session hands to a transport. */
export interface Login {
  /** How it was proven: the service, as hooks know it, or the deed that signed in, for example `reset-link`. */
  readonly service: string
  /** What a custom login handler answers beside the session. */
  readonly options?: Readonly<Record<string, unknown>>
  user: User
  session: Session
  /** In bearer mode. */
  tokens: Tokens | null
  /** In cookie and resume mode: shown once, kept as a hash. */
  resumeSecret: Secret | null
  /** The mark a browser keeps to be known as a device of this user. */
  readonly device: string
}

/** A confirmation for sensitive deeds: the password, and a code where the user has a second factor; or null when the session is recent enough. */
export type Confirmation = { password?: PasswordInput | undefined; code?: string | undefined } | null

/** Accounts, without any wire: what a transport is built on. Construction is synchronous and opens nothing. */
export class Accounts {
  readonly core: Core
  /** How the app is known at providers. */
  readonly serviceConfigurations: ServiceConfigurations
  readonly #assembled: AssembledCore

  constructor(parts: AccountsParts) {
    this.#assembled = assembleCore(parts)
    this.core = this.#assembled.core
    this.serviceConfigurations = new ServiceConfigurations(this.core, () => this.ready())
    for (const part of [...this.core.strategies.values(), ...this.core.factors.values()]) part.join?.(this)
  }

  /** Opens and migrates the store, starts outbox, bus and sweeper. Idempotent. */
  ready = (): Promise<void> => this.#assembled.ready()
  /** Finishes what is under way and closes everything. Idempotent. */
  stop = (): Promise<void> => this.#assembled.stop()

  /** Deletes what is over, now. Done by itself from time to time. */
  sweep = (): Promise<void> => this.#use(() => this.#assembled.sweep())
  /** Changes settings; in force from the next request on. @throws AccountsError `InvalidSettings`, and then nothing has changed */
  configure = (changes: Partial<GivenSettings>): void => this.#assembled.configure(changes)
  /** Adds a way to sign in after the others. @throws AccountsError `InvalidSettings` when there is one of that name */
  addStrategy(name: string, strategy: Strategy): void {
    this.#assembled.addStrategy(name, strategy)
    strategy.join?.(this)
  }

  /** The store opens on `ready()` or, as here, on first use. */
  #use<T>(deed: (core: Core) => Promise<T>): Promise<T> {
    const done = this.#assembled.isReady() ? deed(this.core) : this.ready().then(() => deed(this.core))
    const { messages } = this.core
    return messages ? done.catch((error: unknown) => Promise.reject(inWordsOf(messages, error))) : done
  }

  // Who is it?
  /** The live session of an access token. Throws `InvalidToken`, `TokenVerificationFailed`, `SessionNotFound`, `InvalidSession`, `UserNotFound`. */
  check = (accessToken: unknown): Promise<SessionAndUser> => this.#use(core => check(core, accessToken))
  /** The same without waiting, when the answer is in the cache; undefined: ask {@link check}. */
  checkCached = (accessToken: string): SessionAndUser | undefined => checkCached(this.core, accessToken)
  /**
   * The user of an access token, as the settings want it asked: by its live session as {@link check} does, without it (`useStatelessSession`), or by the
   * token alone (`micro`), and then nothing but the id is known. For whatever changes something, {@link check}.
   */
  async resume(accessToken: unknown): Promise<PublicUser> {
    const user = await this.resumeStored(accessToken)
    // Of the fields of a user this one is all there is; the option says so.
    return this.core.settings.micro ? ({ id: user.id } as PublicUser) : this.publicUser(user)
  }
  /** The same user as the store has them: for the app itself, never to be sent out. */
  async resumeStored(accessToken: unknown): Promise<User> {
    const { micro, useStatelessSession } = this.core.settings
    // As above.
    if (micro) return { id: this.core.accessTokens.verify(accessToken).data.userId } as User
    if (useStatelessSession) return this.#use(core => checkStateless(core, accessToken))
    const cached = typeof accessToken === 'string' ? this.checkCached(accessToken) : undefined
    return (cached ?? (await this.check(accessToken))).user
  }
  /** The live session of a resume secret (cookie). Throws `InvalidSession`. */
  checkResume = (secret: string): Promise<SessionAndUser> => this.#use(core => checkResume(core, secret))
  /** The session an access token names, live or not; the token must be genuine and unexpired. */
  findByAccessToken = (accessToken: unknown): Promise<SessionAndUser> => this.#use(core => findByAccessToken(core, accessToken))
  /**
   * The same session and its user as they are now, for a transport that holds it: a connection that stays open asks before each thing it does. Throws
   * `InvalidSession`.
   */
  checkAgain = (session: Session): Promise<SessionAndUser> => this.#use(core => checkAgain(core, session))
  /** The same for many sessions of one user, read together; each is settled as {@link checkAgain} would be. */
  checkAllAgain = (userId: string, sessions: readonly Session[]): Promise<PromiseSettledResult<SessionAndUser>[]> =>
    this.#use(core => checkAllAgain(core, userId, sessions))
  /**
   * Tells at once when a user or their sessions changed: by this process, or by any other that the store hears of. `null`: anything may have. Who is told looks
   * for themselves; it may be more than what happened.
   */
  watch = (listener: (userId: string | null) => void): Stop => this.core.watchers.add(listener)
  /** What may leave of a user. */
  publicUser = (user: User): PublicUser => toPublicUser(this.core.settings, user)
  /** A login as accounts-js's clients expect it. */
  loginResult = (login: Login): LoginResult<Tokens | null> => ({
    sessionId: login.session.id,
    tokens: login.tokens,
    user: this.publicUser(login.user),
  })

  // Signing in and out
  login = (service: string, params: unknown, origin: Origin, mode: SessionMode = 'bearer'): Promise<Login> =>
    this.#use(core => login(core, service, params, origin, mode))
  /**
   * Signs in by whichever way recognises the options, in the order of registration; custom login handlers are asked too. Throws what {@link login} throws, and
   * `UnrecognizedOptionsForLogin` when none does.
   */
  loginByAny = (options: unknown, origin: Origin, mode: SessionMode = 'resume'): Promise<Login> =>
    this.#use(core => loginByAny(core, options, origin, mode))
  /** A twin of a session, with a secret of its own: proven as that was, and over when that would be. Throws `InvalidSession`, `UserDeactivated`. */
  siblingSession = (who: SessionAndUser, origin: Origin): Promise<Login> => this.#use(core => siblingSession(core, who, origin))
  /** Runs the strategy and every check of a login, but opens no session. */
  prove = (service: string, params: unknown, origin: Origin): Promise<Proven> => this.#use(core => proveOnly(core, service, params, origin))
  /** For code that already knows who it is. Skips limits, second factor and `validateLogin`; still refuses deactivated users, is audited. */
  loginTrusted = (userId: string, origin: Origin = APP, mode: SessionMode = 'bearer', reason?: string): Promise<Login> =>
    this.#use(core => loginTrusted(core, userId, origin, mode, reason))
  /** A session for a login token that the app's own code made, and hands to its owner by itself. Throws `UserNotFound`, `UserDeactivated`. */
  loginStamped = (userId: string, stamped: StampedSession, origin: Origin = APP): Promise<Login> =>
    this.#use(core => loginStamped(core, userId, stamped, origin))
  /**
   * Acts as another user, in a session of its own, for whoever holds a live access token and whom `impersonationAuthorize` lets. Throws `InvalidInput`,
   * `InvalidToken`, `TokenVerificationFailed`, `SessionNotFound`, `InvalidSession`, `Forbidden`, `ImpersonatedUserNotFound`, `UserDeactivated`.
   */
  impersonate = (accessToken: unknown, identity: unknown, origin: Origin): Promise<Impersonation> =>
    this.#use(core => impersonate(core, accessToken, identity, origin))
  /** Public keys that verify access tokens, retired and coming ones among them; none when they are signed with a secret. */
  publicKeys = (): PublicJwk[] => this.core.keys.publicKeys
  /** accounts-js's deed of that name: a pair of tokens for a live session. Throws `SessionNotFound`, `InvalidSession`, `InvalidInput`. */
  createTokens = (of: TokensOf): Promise<Tokens> => this.#use(core => createTokens(core, of))
  refresh = (accessToken: unknown, refreshToken: unknown, origin: Origin): Promise<Login> =>
    this.#use(core => refresh(core, accessToken, refreshToken, origin))
  logout = (who: SessionAndUser, scope: LogoutScope, origin: Origin): Promise<void> => this.#use(core => logout(core, who, scope, origin))
  /** Accepts an expired access token whose signature is good. */
  logoutByToken = (accessToken: unknown, origin: Origin): Promise<void> => this.#use(core => logoutByToken(core, accessToken, origin))
  /** Live sessions of the user, the asking one marked. */
  sessions = (who: SessionAndUser): Promise<SessionInfo[]> => this.#use(core => listSessions(core, who))
  /** Ends one session of one's own. False: there is no such live session. */
  endSession = (who: SessionAndUser, sessionId: string, origin: Origin): Promise<boolean> =>
    this.#use(core => endSession(core, who, sessionId, origin))

  // Becoming and being a user
  register = (
    input: Registration,
    origin: Origin,
    mode: SessionMode = 'bearer',
  ): Promise<{ result: CreateUserResult; login: Login | null }> => this.#use(core => register(core, input, origin, mode))
  /** Meteor's `createUser`: whoever signs up is signed in. Throws what {@link register} throws, and what a `validateLogin` hook refuses with. */
  signUp = (input: Registration, origin: Origin, mode: SessionMode = 'resume'): Promise<Login> =>
    this.#use(core => signUp(core, input, origin, mode))
  sendVerificationEmail = (address: unknown, origin: Origin, manner?: Manner): Promise<void> =>
    this.#use(core => sendVerificationEmail(core, address, origin, manner))
  verifyEmail = (token: unknown, origin: Origin): Promise<void> => this.#use(core => verifyEmail(core, token, origin))
  /** Redeems a verification link and signs in; a second factor is asked for, and the address is verified all the same. Throws what both throw. */
  verifyEmailAndLogin = (token: unknown, origin: Origin, mode: SessionMode = 'resume'): Promise<Login> =>
    this.#use(core => verifyEmailAndLogin(core, token, origin, mode))
  sendResetPasswordEmail = (address: unknown, origin: Origin, manner?: Manner): Promise<void> =>
    this.#use(core => sendResetPasswordEmail(core, address, origin, manner))
  sendEnrollmentEmail = (address: unknown, origin: Origin = APP, manner?: Manner): Promise<void> =>
    this.#use(core => sendEnrollmentEmail(core, address, origin, manner))
  requestMagicLinkEmail = (address: unknown, origin: Origin = APP, manner?: Manner): Promise<void> =>
    this.#use(core => requestMagicLinkEmail(core, address, origin, manner))
  /** Mails a code to sign in. Throws `ServiceNotFound`, `MatchFailed`, `UserNotFound`, `NoEmailSet`, `TooManyAttempts`, and what making a user throws. */
  requestLoginCode = (request: CodeRequest, origin: Origin = APP): Promise<CodeRequested> =>
    this.#use(core => requestLoginCode(core, request, origin))
  /** Null unless `returnTokensAfterResetPassword`, which is on where the face is Meteor's. */
  resetPassword = (token: unknown, newPassword: unknown, origin: Origin, mode: SessionMode = 'bearer'): Promise<Login | null> =>
    this.#use(core => resetPassword(core, token, newPassword, origin, mode))
  /** `code`: of the second factor, where the user has one and the session is older than ten minutes. */
  changePassword = (who: SessionAndUser, oldPassword: unknown, newPassword: unknown, origin: Origin, code?: unknown): Promise<void> =>
    this.#use(core => changePassword(core, who, oldPassword, newPassword, origin, code))
  addEmail = (who: SessionAndUser, address: unknown, origin: Origin, confirmation: Confirmation = null): Promise<void> =>
    this.#use(core => addEmail(core, who, address, confirmation, origin))
  removeEmail = (who: SessionAndUser, address: unknown, confirmation: Confirmation, origin: Origin): Promise<void> =>
    this.#use(core => removeEmail(core, who, address, confirmation, origin))
  changeEmail = (who: SessionAndUser, from: unknown, to: unknown, confirmation: Confirmation, origin: Origin): Promise<void> =>
    this.#use(core => changeEmail(core, who, from, to, confirmation, origin))
  /** Offers a secret for an authenticator app. Nothing is set up yet. */
  twoFactorSecret = (who: SessionAndUser | null, origin: Origin = APP): Promise<TwoFactorSecret> =>
    this.#use(core => twoFactor.twoFactorSecret(core, who, origin))
  /** Sets up the second factor with an offered secret. The recovery codes are shown this once. */
  twoFactorSet = (
    who: SessionAndUser,
    secret: unknown,
    code: unknown,
    origin: Origin,
    confirmation: Confirmation = null,
  ): Promise<{ recoveryCodes: string[] }> => this.#use(core => twoFactor.twoFactorSet(core, who, secret, code, confirmation, origin))
  /** Offers a secret and keeps it, for clients that send only a code afterwards (Meteor's). Throws `TwoFactorAlreadySet`, `TooManyAttempts`, `Forbidden`. */
  twoFactorOffer = (who: SessionAndUser, origin: Origin): Promise<TwoFactorSecret> =>
    this.#use(core => twoFactorKept.twoFactorOffer(core, who, origin))
  /** Sets up what {@link twoFactorOffer} offered. Throws `TwoFactorNotOffered`, and what {@link twoFactorSet} throws. */
  twoFactorEnable = (who: SessionAndUser, code: unknown, origin: Origin): Promise<{ recoveryCodes: string[] }> =>
    this.#use(core => twoFactorKept.twoFactorEnable(core, who, code, origin))
  /** Gives it up for a code, or without one soon after a sign-in. Throws `RecentLoginRequired`, and what {@link twoFactorUnset} throws. */
  twoFactorDisable = (who: SessionAndUser, code: unknown, origin: Origin): Promise<void> =>
    this.#use(core => twoFactorKept.twoFactorDisable(core, who, code, origin))
  /** Gives it up, for a current code or a recovery code. */
  twoFactorUnset = (who: SessionAndUser, code: unknown, origin: Origin): Promise<void> =>
    this.#use(core => twoFactor.twoFactorUnset(core, who, code, origin))
  /** New recovery codes in the place of the old ones, for a code. */
  twoFactorRecoveryCodes = (who: SessionAndUser, code: unknown, origin: Origin): Promise<string[]> =>
    this.#use(core => twoFactor.twoFactorRecoveryCodes(core, who, code, origin))
  twoFactorStatus = (who: SessionAndUser): Promise<TwoFactorStatus> => this.#use(core => twoFactor.twoFactorStatus(core, who))
  /** Links an account elsewhere to one's own; `params` are those of a login with `service`. Throws `AccountAlreadyLinked`, and what proving and confirming throw. */
  link = (who: SessionAndUser, params: unknown, confirmation: Confirmation, origin: Origin, service: string = 'oauth'): Promise<void> =>
    this.#use(core => links.linkAccount(core, who, service, params, confirmation, origin))
  /** Unlinks one's own account at a provider. Throws `InvalidProvider`, `LastSignInMethod`, and what confirming throws. */
  unlink = (who: SessionAndUser, provider: unknown, confirmation: Confirmation, origin: Origin): Promise<void> =>
    this.#use(core => links.unlinkAccount(core, who, provider, confirmation, origin))
  /** Where one has linked accounts. */
  linkedProviders = (who: SessionAndUser): Promise<{ provider: string; linkedAt: string }[]> =>
    this.#use(core => links.linkedProviders(core, who))
  deleteAccount = (who: SessionAndUser, confirmation: Confirmation, origin: Origin): Promise<void> =>
    this.#use(core => account.deleteAccount(core, who, confirmation, origin))
  /** Everything kept about the user, without secrets, as plain JSON. */
  exportData = (who: SessionAndUser, origin: Origin): Promise<Record<string, unknown>> =>
    this.#use(core => account.exportData(core, who, origin))
  publicSettings = (): PublicSettings => account.publicSettings(this.core)

  // For the app and for administrators
  findUser = (identifier: Identifier): Promise<User | null> => this.#use(core => core.store.users.find(identifier))
  /** By id, else e-mail, else username, as an operator would type it. */
  lookUp = (typed: string): Promise<User | null> => this.#use(core => administer.lookUp(core, typed))
  /** Creates without limits and without hiding anything. Throws `UsernameAlreadyExists`, `EmailAlreadyExists`, `Invalid…`, and what hooks refuse with. */
  createUser = (input: NewUserInput, origin: Origin = APP): Promise<User> => this.#use(core => createUser(core, input, origin))
  listUsers = (page: { after?: string; limit?: number; search?: string }): Promise<User[]> =>
    this.#use(core => administer.listUsers(core, page))
  /** A user's accounts elsewhere, with the tokens the providers gave. Never send them out. */
  providerAccounts = (userId: string): Promise<ProviderAccount[]> => this.#use(core => links.providerAccounts(core, userId))
  /**
   * The user behind an account elsewhere, for which the app's own code vouches: who is linked, else whom the app's hooks name, else somebody new. Opens no session.
   * Throws what signing in through a provider throws.
   */
  userVouchedFor = (vouched: Vouched, origin: Origin = APP): Promise<User> => this.#use(core => links.userVouchedFor(core, vouched, origin))
  /** Nothing happens when no account of that provider is linked. Throws `UserNotFound`, `LastSignInMethod`. */
  unlinkUser = (userId: string, provider: string, origin: Origin = APP): Promise<void> =>
    this.#use(core => links.unlinkUser(core, userId, provider, origin))
  /** Ends every session at once and refuses further logins. False: no such user. */
  deactivateUser = (userId: string, origin: Origin = APP): Promise<boolean> => this.#use(core => deactivateUser(core, userId, origin))
  activateUser = (userId: string, origin: Origin = APP): Promise<boolean> => this.#use(core => activateUser(core, userId, origin))
  /** Signs somebody up by the rules and hooks of {@link register}, with nothing hidden. The password may be left out. */
  createAccount = (input: Registration, origin: Origin = APP): Promise<User> => this.#use(core => createAccount(core, input, origin))
  /** Takes the second factor from a user who has lost app and recovery codes. False: there was none. */
  removeTwoFactor = (userId: string, origin: Origin = APP): Promise<boolean> =>
    this.#use(core => twoFactor.removeTwoFactor(core, userId, origin))
  /** Sets a password and ends all sessions. `asItIs`: whatever the rules for passwords. */
  setPassword = (userId: string, password: unknown, origin: Origin = APP, manner?: administer.SetPasswordManner): Promise<void> =>
    this.#use(core => administer.setPassword(core, userId, password, origin, manner))
  /** Gives a user another name to sign in with. Throws `UserNotFound`, `InvalidUsername`, `UsernameAlreadyExists`. */
  setUsername = (userId: string, username: unknown, origin: Origin = APP): Promise<void> =>
    this.#use(core => setUsername(core, userId, username, origin))
  /** Changes a user's own fields by what they are at that moment. False: no such user. What `change` throws is thrown, and nothing is written. */
  changeFields = (userId: string, change: FieldsChange): Promise<boolean> => this.#use(core => changeFields(core, userId, change))
  /** Notes a secret that was offered by the app's own code, so that it can be set up. */
  twoFactorOffered = (secret: TwoFactorSecret): Promise<void> =>
    this.#use(core => core.store.tokens.issue(twoFactor.offerOf(core, secret, null)))
  twoFactorSetOf = (userId: string, secret: unknown, code: unknown, origin: Origin = APP): Promise<{ recoveryCodes: string[] }> =>
    this.#use(core => twoFactor.twoFactorSetOf(core, userId, secret, code, origin))
  twoFactorUnsetOf = (userId: string, code: unknown, origin: Origin = APP): Promise<void> =>
    this.#use(core => twoFactor.twoFactorUnsetOf(core, userId, code, origin))
  /** Spends a code. The login flow does so by itself. */
  twoFactorProve = (userId: string, code: unknown, origin: Origin = APP): Promise<void> =>
    this.#use(core => twoFactor.twoFactorProve(core, userId, code, origin))
  /** Changes a password, once the old one is proven, and ends all sessions: there is none to keep. */
  changePasswordOf = (userId: string, oldPassword: unknown, newPassword: unknown, origin: Origin = APP): Promise<void> =>
    this.#use(core => changePasswordOf(core, userId, oldPassword, newPassword, origin))
  addEmailOf = (userId: string, address: unknown, verified: boolean, origin: Origin = APP): Promise<void> =>
    this.#use(core => addEmailOf(core, userId, address, verified, origin))
  /** False: the user has no such address. Throws `UserNotFound`, `InvalidEmail`, `EmailAlreadyExists`. */
  replaceEmailOf = (userId: string, from: unknown, to: NewAddress, origin: Origin = APP): Promise<boolean> =>
    this.#use(core => replaceEmailOf(core, userId, from, to, origin))
  removeEmailOf = (userId: string, address: unknown, origin: Origin = APP): Promise<void> =>
    this.#use(core => removeEmailOf(core, userId, address, origin))
  /** Makes a link for somebody, and mails it in the app's words when it has any. Counts against no limit. */
  issueLink = (order: LinkOrder, origin: Origin = APP): Promise<Secret> => this.#use(core => issueLink(core, order, origin))
  /** Mails somebody what the app has worded itself; `secret` is what in it no log may show. */
  sendWritten = (mail: Mail, user: { id: string }, secret: string = ''): Promise<void> =>
    this.#use(async core => {
      await core.store.outbox.add([core.outbox.enclose(mail, user, { token: secret })])
      core.outbox.kick()
    })
  userSessions = (userId: string): Promise<SessionInfo[]> => this.#use(core => administer.userSessions(core, userId))
  /** Ends one session, or all of a user. Returns how many ended. */
  revoke = (target: { sessionId: string } | { userId: string }, origin: Origin = APP): Promise<number> =>
    this.#use(core => administer.revoke(core, target, origin))
  deleteUser = (userId: string, origin: Origin = APP): Promise<boolean> => this.#use(core => administer.deleteUser(core, userId, origin))
}

/** The app's text for an error that still has ours; everything else about it stays. */
function inWordsOf(messages: NonNullable<Core['messages']>, error: unknown): unknown {
  if (!isAccountsError(error) || error.message !== ERRORS[error.code].message) return error
  const message = messages[error.code]
  return message === undefined ? error : Object.assign(error, { message })
}

/** Whom a proof is about, when no session was opened. */
export interface Proven {
  user: User
}
