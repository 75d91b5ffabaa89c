import type { AccountsError, ErrorCode } from '@latchkey/common'
import type { Accounts } from './accounts.ts'
import type { Core } from './core.ts'
import type { Identifier } from './identity/user.ts'
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
  /** A strategy that redeems links to sign in says how they are made. */
  readonly loginLinks?: LoginLinks
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
  /** Whom the caller says they are. The login flow then counts the attempt and looks them up in one round trip. */
  claim?(params: Params): Identifier | null
  /** Who it is, or undefined when nobody was proven. `candidate` answers `claim`. */
  authenticate(params: Params, origin: Origin, candidate: LoginCandidate): Promise<Proof | undefined>
}

/** Links that sign in, as their strategy wants them. */
export interface LoginLinks {
  /** Milliseconds a link is good for. */
  readonly lifetime: number
  /** The app's own texts for what asking for a link can be refused with. */
  readonly messages: Readonly<Partial<Record<ErrorCode, string>>>
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
  /** The user's epoch when those were proven: a proof from before a change of password is worth nothing after it. */
  epoch?: number
}

/** A second thing to prove after the first. Enrolled means: the user has a credential of `kind`. */
export interface SecondFactor {
  /** Kind of the credential, for example `totp`. */
  readonly kind: string
  attach?(core: Core): void
  /** True when the answer is right; must consume it, so that the same answer is wrong the second time. */
  verify(userId: string, answer: string, origin: Origin): Promise<Factor | null>
}
