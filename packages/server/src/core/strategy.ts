import type { AccountsError, ErrorCode, TwoFactorSecret } from '@latchkey/common'
import type { Accounts } from './accounts.ts'
import type { Core } from './core.ts'
import type { Credential } from './identity/credential.ts'
import type { Identifier, User } from './identity/user.ts'
import type { PasswordHasher } from './ports.ts'
import type { Factor, Session } from './session/session.ts'
import type { GivenSettings } from './settings.ts'
import type { LoginCandidate } from './store.ts'

/** Where a request came from: all a strategy learns about the wire. */
export interface Origin {
  /** The client's address; empty when unknown. Behind proxies only what a trusted one said. */
  ip: string
  userAgent: string
  /** A DDP connection, or empty. */
  connectionId: string
  transport: string
  /** A proof that this device has signed in before (the known-device cookie), if it sent one. */
  device?: string
  /** The live session this request came with, if any. */
  session?: Session
  extra: Record<string, unknown>
}

/**
 * A way to prove who you are. accounts-js called it a service, Meteor a login handler. A strategy never opens a session: it contributes a
 * proof, and the login flow decides.
 */
export interface Strategy<Params = unknown> {
  /** The name on the wire, for example `password`. The key it is registered under wins. */
  readonly name: string
  /** Further names it answers to on the wire. Hooks and the audit trail know it by the key it is registered under. */
  readonly aliases?: readonly string[]
  /** A `code` among its params is its own (a provider's, one that came by SMS) and answers no second factor: that is asked for afterwards. */
  readonly ownCode?: boolean
  /** Its options look like anything, or like another's: it is asked where it is named, and nowhere else. */
  readonly byName?: boolean
  /**
   * It opens no session: it goes on with one whose secret the caller holds. Offered where that is what a login answers, as over DDP, and unknown where a login
   * answers with tokens or a cookie, of which there would be none.
   */
  readonly continues?: boolean
  /** A strategy that redeems links to sign in says how they are made. */
  readonly loginLinks?: LoginLinks
  /** A strategy that takes codes which were mailed says how they are made. */
  readonly loginCodes?: LoginCodes
  /** A strategy that brings passwords also brings the hasher that sign-up, recovery and change use, and its own settings. */
  readonly hasher?: PasswordHasher
  /** The app's own texts for errors, in place of ours. */
  readonly messages?: Readonly<Partial<Record<ErrorCode, string>>>
  readonly passwordSettings?: NonNullable<GivenSettings['password']>
  /** Handed the core once, before first use. */
  attach?(core: Core): void
  /** Handed the accounts once, after `attach`: for a service with methods of its own. */
  join?(accounts: Accounts): void
  /** Your params if the request is yours, undefined if not. Throw if it is yours but malformed. */
  parse(options: unknown): Params | undefined
  /**
   * Asked in the place of `parse` where no service was named, for ways that must do their work to know whether they are meant: Meteor's login handlers. The
   * attempt was counted before.
   */
  recognize?(options: unknown, origin: Origin): Promise<Params | undefined>
  /** Whom the caller says they are. The login flow then counts the attempt and looks them up in one round trip. */
  claim?(params: Params): Identifier | null
  /** Who it is, or undefined when nobody was proven. `candidate` answers `claim`. */
  authenticate(params: Params, origin: Origin, candidate: LoginCandidate): Promise<Proof | undefined>
  /** For providers: whom they vouch for, before any user of ours is looked for. What is vouched for can be linked to an account. */
  vouch?(params: Params): Promise<Vouched>
  /** For providers that a browser is sent to: makes the address, with the state that shall come back. Undefined: no browser is sent to that one. */
  begin?(provider: string): ((state: string) => Promise<string> | string) | undefined
  /** Can this user sign in this way? Asked of what would be left before a way to sign in is removed. */
  serves?(user: User, credentials: readonly Credential[]): boolean
}

/** Somebody as a provider knows them. */
export interface Vouched {
  provider: string
  /** The provider's own, unchanging name for them. Never an address: those change hands. */
  subject: string
  /** Their address, and whether the provider asserts that it is theirs. */
  email: { address: string; key: string; verified: boolean } | null
  /** Everything the provider said. What looks like a secret in it is sealed before it is kept. */
  account: Readonly<Record<string, unknown>>
  /** What a new user begins with: `username`, `email`, and the app's own fields. */
  registration(): Promise<Record<string, unknown>>
  /** The same account for one user of ours, where what is kept of it depends on whose it is. */
  pinned?(account: Readonly<Record<string, unknown>>, userId: string): Readonly<Record<string, unknown>>
  /** The app's own code vouches: it may make users while sign-up is closed, and is not limited. */
  readonly byApp?: boolean
}

/** Links that sign in, as their strategy wants them. */
export interface LoginLinks {
  /** Milliseconds a link is good for. */
  readonly lifetime: number
  /** The app's own texts for what asking for a link can be refused with. */
  readonly messages: Readonly<Partial<Record<ErrorCode, string>>>
}

/** Codes that sign in, as their strategy wants them. */
export interface LoginCodes {
  /** Milliseconds a code is good for. */
  readonly lifetime: number
  /** How many characters a code has. */
  readonly length: number
  /** What it is made of: `digits`, or upper-case `hex` digits as in Meteor. */
  readonly alphabet: 'digits' | 'hex'
  /** A code is good only together with the request that asked for it: on the device that did, that is. */
  readonly bound: boolean
  /** Asking for a code for somebody unknown makes them a user, as in Meteor. */
  readonly createUsers: boolean
  /** Told of the code that belongs to the user and to no address (Meteor's `onCreateLoginToken`). False: nothing is mailed. */
  deliver?(code: string, userId: string): Promise<boolean>
}

/** The strategy that answers to a name, and the key it is registered under. A key goes before an alias. */
export function strategyNamed(strategies: ReadonlyMap<string, Strategy>, name: string): { key: string; strategy: Strategy } | null {
  const own = strategies.get(name)
  if (own) return { key: name, strategy: own }
  for (const [key, strategy] of strategies) if (strategy.aliases?.includes(name)) return { key, strategy }
  return null
}

/** What a strategy found out. With `error` the login fails, but hooks and audit learn whose it was. */
export interface Proof {
  userId: string
  factor: Factor
  error?: AccountsError
  /** Continue this session instead of opening one (resume). */
  session?: Session
  /** Factors proven earlier in the same login (a pending login that is completed now). */
  earlier?: Factor[]
  /** The service it began with, whose name hooks decide by. */
  began?: string
  /**
   * What proves it can be used once, and is used up by this: called when every other step of the login has let it pass. Answers the user as they are then; null
   * when it was used up in between, or is good no more.
   */
  spend?(): Promise<User | null>
  /** What the caller is told beside the session, by transports that have a place for it (Meteor's `options` of a login handler's result). */
  options?: Readonly<Record<string, unknown>>
  /** The user's epoch when those were proven: a proof from before a change of password is worth nothing after it. */
  epoch?: number
}

/** A second thing to prove after the first. Enrolled means: the user has a credential of `kind`. */
export interface SecondFactor {
  /** Kind of the credential, for example `totp`. */
  readonly kind: string
  /** The app's own texts for errors, in place of ours. */
  readonly messages?: Readonly<Partial<Record<ErrorCode, string>>>
  attach?(core: Core): void
  /** Handed what the app calls, once: for a factor whose methods are deeds of the app's own. */
  join?(accounts: Accounts): void
  /** True when the answer is right; must consume it, so that the same answer is wrong the second time. */
  verify(userId: string, answer: string, origin: Origin): Promise<Factor | null>
}

/** A second factor that users set up themselves: a secret is offered, and kept once a code proves that it arrived. */
export interface OwnFactor extends SecondFactor {
  /** A new secret, kept nowhere. `account` is what an authenticator app shows beside the name of the site. */
  offer(account?: string): TwoFactorSecret
  /** What to keep of an offered secret, when the code proves that it arrived; null when it does not. */
  enrol(userId: string, base32: string, code: string): Enrolment | null
  /** The same credential with fresh recovery codes; the earlier ones are worth nothing any more. */
  renew(credential: Credential): Enrolment
  /** How many recovery codes of a credential were not used yet. */
  codesLeft(credential: Credential): number
}

/** A second factor as it is kept, and the codes that are shown once. */
export interface Enrolment {
  credential: Credential
  recoveryCodes: string[]
}

/** True for a factor that users can set up themselves. */
export const isOwnFactor = (factor: SecondFactor): factor is OwnFactor => 'enrol' in factor && 'offer' in factor
