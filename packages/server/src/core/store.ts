/**
 * What a store promises. It speaks in whole deeds, each atomic, never in generic create-read-update-delete: two callers that do the
 * same deed at once are the store's business, and the contract suite (`stores/contract`) tries them in races.
 */
import type { Stop } from '@latchkey/common'
import type { AuditEvent } from './audit/events.ts'
import type { Credential, LinkedAccount, StoredPassword } from './identity/credential.ts'
import type { Identifier, NewUser, User, UserEmail } from './identity/user.ts'
import type { KeptService } from './identity/kept-service.ts'
import type { OutboxMail } from './mail/outbox-mail.ts'
import type { RefreshChain, RefreshTurn } from './session/refresh-chain.ts'
import type { SecretHash } from './session/secret.ts'
import type { EndReason, NewSession, Session, SessionAndUser } from './session/session.ts'
import type { SessionsAlone, UsersAlone } from './store-halves.ts'
import type { OneTimeToken, TokenPurpose } from './token/one-time-token.ts'

export type { KeptSession, SessionsAlone, UsersAlone } from './store-halves.ts'

/** A store. Construction is synchronous and opens nothing. */
export interface Store {
  /** For logs and `doctor`: `memory`, `sqlite`, `postgresql`, … */
  readonly name: string
  /** The one form of password its database keeps, when it is shared with an app that reads no other. */
  readonly passwordForm?: 'bcrypt'
  /** Connects, and migrates unless told otherwise. Idempotent. */
  open(): Promise<void>
  close(): Promise<void>
  readonly users: UserStore
  readonly sessions: SessionStore
  readonly tokens: TokenStore
  readonly attempts: AttemptStore
  readonly outbox: OutboxStore
  readonly audit: AuditStore
  readonly services: ServiceStore
  /** Tells other processes what changed. Without one, session checks are not cached. */
  readonly bus?: Bus
  /** One cheap question to the database; throws when it does not answer. For `/readyz`. */
  ping(): Promise<void>
  /** What this store can do for sessions kept elsewhere, and for users kept elsewhere. `splitStore` needs the one of each part. */
  readonly usersAlone?: UsersAlone
  readonly sessionsAlone?: SessionsAlone
  /**
   * Another name space of the same database: its users, sessions and tokens, and those of this store, never meet. The same store each time it is asked for
   * one name; opened and closed on its own.
   */
  inCollection?(name: string): Store
}

/** Written in the same transaction as the deed it rides with, or not at all. */
export interface Along {
  audit?: AuditEvent[]
  mail?: OutboxMail[]
  /** Drops earlier tokens of the same purpose, user and address (decoys: of nobody), then adds this one. */
  token?: OneTimeToken
}

// ---------------------------------------------------------------------------------------------------------------- users

export interface UserStore {
  /**
   * Where the database makes the ids of its users: claims the names, creates the user there, and hands back the id. The same user is then inserted under that id,
   * with whatever names it. Absent where an id can be chosen.
   */
  prepare?(user: NewUser): Promise<{ id: string } | { taken: Identifier['kind'] }>
  /** Of callers that claim one identifier at once exactly one inserts. On `taken` nothing was written, not even `along`. */
  insert(user: NewUser, along?: Along): Promise<Insertion>
  /**
   * Inserts many in one transaction, for users who come from another system. Tells of each, in their order, what became of them: one whose id or key
   * somebody has, or somebody earlier in the list, is left out whole; all others are inserted.
   */
  insertMany(users: readonly NewUser[]): Promise<Insertion[]>

  find(identifier: Identifier): Promise<User | null>

  /** Everything a login needs to know before it does work, in one round trip, counting this attempt on the way. */
  beginLogin(lookup: LoginLookup): Promise<LoginCandidate>

  credentials(userId: string): Promise<Credential[]>
  /** Adds or replaces one credential. Writes nothing for a user who is gone. */
  putCredential(credential: Credential, along?: Along): Promise<void>
  removeCredential(userId: string, kind: string, id: string, along?: Along): Promise<boolean>
  /**
   * Puts `next` in the place of `expected`, or nothing (`next: null`), while what is kept is still exactly `expected` (null: while nothing is). Of callers that
   * read the same one at once exactly one wins. False: nothing was written, not even `along`.
   */
  swapCredential(swap: CredentialSwap, along?: Along): Promise<boolean>
  /**
   * Gives a user an account elsewhere: claims its kind and id as an identifier and keeps the credential, in one transaction; replaces what is kept when it
   * is theirs already. Of callers that link one account to several users at once exactly one succeeds, the others find it `taken`. `judge` is the core's
   * rule, asked first inside the atomic deed with what the user has; on all but `linked` nothing was written, not even `along`.
   */
  link(
    account: LinkedAccount,
    judge: (kept: readonly Credential[]) => boolean,
    along?: Along,
  ): Promise<'linked' | 'taken' | 'gone' | 'refused'>
  /**
   * Removes all of a user's accounts of one kind with their identifiers. `judge` is the core's rule, asked inside the atomic deed with the credentials that
   * would be left; on `refused` and `missing` nothing was written, not even `along`.
   */
  unlink(
    userId: string,
    kind: LinkedAccount['kind'],
    judge: (left: readonly Credential[]) => boolean,
    along?: Along,
  ): Promise<'unlinked' | 'missing' | 'refused'>
  /** Strengthens a hash after a good login: only if the kept one is still `expected`. */
  upgradePassword(userId: string, expected: StoredPassword, next: StoredPassword, now: number): Promise<boolean>
  /** How many passwords there are of each form; may be an estimate. Decoys for unknown users are drawn from it. */
  passwordForms(): Promise<Partial<Record<string, number>>>

  /**
   * Sets the password; ends sessions; drops `reset-password` and `enroll-account` tokens of the user; optionally consumes the token that allows
   * it and marks its address verified; all or nothing.
   */
  changePassword(change: PasswordChange, along?: Along): Promise<'changed' | 'gone' | 'stale'>

  /**
   * Consumes a `verify-email` token and marks its address verified. `unknown-address`: the user no longer has an address spelt like the
   * token's; the token is consumed all the same, `along` is not written.
   */
  verifyEmail(hash: SecretHash, now: number, along?: (userId: string, address: string) => Along): Promise<VerifyOutcome>

  addEmail(userId: string, email: UserEmail, key: string, now: number, along?: Along): Promise<'added' | 'taken' | 'gone'>
  /** Removes an address and the tokens sent to it. Refuses (`last`) when the user would be left without any username and e-mail. */
  removeEmail(userId: string, key: string, now: number, along?: Along): Promise<'removed' | 'missing' | 'last'>
  /** Swaps an address for another in its place; drops the tokens sent to the old one. The new key may be the old one, spelt anew. */
  replaceEmail(
    userId: string,
    oldKey: string,
    email: UserEmail,
    key: string,
    now: number,
    along?: Along,
  ): Promise<'replaced' | 'taken' | 'missing'>
  setUsername(userId: string, username: string, key: string, now: number, along?: Along): Promise<'set' | 'taken' | 'gone'>
  setCustom(userId: string, custom: Record<string, unknown>, now: number): Promise<boolean>
  /**
   * Changes the app's own fields. `change` is asked inside the atomic deed with what is kept, so that of two changes at once none is lost; it changes nothing
   * it is handed. What it throws is thrown, and nothing was written. False: the user is gone.
   */
  changeCustom(userId: string, change: (kept: Record<string, unknown>) => Record<string, unknown>, now: number): Promise<boolean>
  /** Deactivating bumps the epoch and ends every session in the same transaction. */
  setDeactivated(userId: string, deactivated: boolean, now: number, along?: Along): Promise<boolean>
  /** Removes the user, credentials, identifiers, sessions, tokens and waiting mail; audit lines stay, without ip, agent and data. */
  remove(userId: string, now: number, along?: Along): Promise<boolean>
  /** Ascending by id, after `after`. `search` matches the start of a username or e-mail key. */
  list(page: { after?: string; limit: number; search?: string }): Promise<User[]>
  count(): Promise<number>
}

/** What became of a user who was to be inserted; `taken` says what somebody else has. */
export type Insertion = { inserted: true } | { inserted: false; taken: Identifier['kind'] }

/** Both are of one user, kind and id. */
export type CredentialSwap = { expected: Credential; next: Credential | null } | { expected: null; next: Credential }

export interface LoginLookup {
  identifier: Identifier | null
  /** Attempt counters to raise by one. */
  counts: Count[]
  /** Key of the failure counter of the identifier as typed, whether or not anybody has it. */
  failureKey: string | null
  /** Label of the asking device, to tell whether this user was seen on it. */
  device: string
  now: number
}

export interface LoginCandidate {
  user: User | null
  credentials: Credential[]
  tallies: Tally[]
  /** Failures by the identifier as typed, and by the user it leads to (`userFailureKey`). */
  failures: { identifier: Failures | null; user: Failures | null }
  /** This user has had a session on a device with this label. True when they never had any session. Impersonated ones are not theirs. */
  deviceSeen: boolean
}

/** The failure counter of a user. */
export const userFailureKey = (userId: string): string => `failures:user:${userId}`

export interface PasswordChange {
  userId: string
  password: StoredPassword
  now: number
  /**
   * Ends all sessions but this one and bumps the epoch; this one moves to the new epoch, if it was good in the old. Null ends all; undefined ends
   * none and leaves the epoch.
   */
  endSessionsExcept?: string | null
  /** Only if the kept password is still this one (null: none is kept): of two changes at once one is `stale`. */
  expected?: StoredPassword | null
  /** The token that allows the change: consumed in the same transaction, else `gone`. */
  consume?: { hash: SecretHash; purpose: TokenPurpose }
  /** Key of an address that the consumed token proves. */
  verifyEmailKey?: string
  /** Leaves the user's other links to set a password good. */
  keepLinks?: boolean
}

export type VerifyOutcome =
  | { outcome: 'verified'; userId: string; address: string }
  | { outcome: 'expired' }
  | { outcome: 'unknown-address' }

// ------------------------------------------------------------------------------------------------------------- sessions

/** What a session is opened with. */
export interface OpeningAlong extends Along {
  /** Failure counters that a good login forgets. */
  clear?: string[]
  /** Id of the session that it is a twin of: opened only while that is live, and in the same epoch. */
  twinOf?: string
}

export interface SessionStore {
  /**
   * Called by the login flow alone. Session, `along`, and `clear`ed counters are one transaction. False: its user is gone, or the session that it is a twin of is
   * over; then nothing was written. Once a deed that ends that session has answered, no twin of it is opened any more; a deed that ends more than one session
   * of a user ends each of them with the twins that were being opened.
   */
  open(session: NewSession, along?: OpeningAlong): Promise<boolean>
  /** One round trip. Ended and expired sessions are returned too (the core judges); null when the row or the user is gone. */
  find(sessionId: string): Promise<SessionAndUser | null>
  findByResume(hash: SecretHash): Promise<SessionAndUser | null>
  /** Atomic with every other deed on the session: a session that was ended is never brought back. */
  rotate(rotation: Rotation): Promise<RotateOutcome>
  /** What is kept of a session's refresh secrets; null when it has none, or is not there. */
  refreshChain(sessionId: string): Promise<RefreshChain | null>
  /** True for the one caller that ended it. Ends sessions impersonated from it too (`impersonator-ended`), as every deed that ends a session does. */
  end(sessionId: string, reason: EndReason, now: number, along?: Along): Promise<boolean>
  /**
   * Ends the live sessions of a user and returns their ids; with `except`, all but that one. Without `except` the user's epoch goes up. Here, and
   * wherever a user's sessions are ended or deleted, all they impersonate ends too, but for what comes from the one session that is kept: an
   * impersonated session may have outlived the one it was made from.
   */
  endAll(userId: string, reason: EndReason, now: number, except?: string, along?: Along): Promise<string[]>
  /** Not ended and not past their deadline, most recently active first. */
  list(userId: string, now: number): Promise<Session[]>
  /** Notes activity, in a batch, outside any request. Never moves `activeAt` back and never touches an ended session. */
  touch(activity: { sessionId: string; activeAt: number }[]): Promise<void>
  /** Deletes what has been over for longer than `keep` milliseconds, at most `limit` rows; returns how many. */
  sweep(now: number, keep: number, limit: number): Promise<number>
}

export interface Rotation {
  sessionId: string
  presented: SecretHash
  next: SecretHash
  now: number
  /** Milliseconds a predecessor stays good after its successor was first used. */
  grace: number
  /** The core's rule, run inside the atomic update on what is stored at that moment. Not live: nothing is written. */
  judge(found: SessionAndUser): boolean
  /** Connection facts to note. */
  ip: string | null
  userAgent: string | null
  device: string
  /** A new handle (and generation + 1), when the app asked for one at each refresh. Not applied to a repeated turn. */
  handle?: string
  /** Written when the turn is `reused`; the session is then ended (`reused-refresh`), unless `endOnReuse` is false. */
  alongReuse?: (userId: string) => Along
  /** False: a mismatch may be a forgery, so it must not end the session. */
  endOnReuse: boolean
}

/**
 * `over`: unknown, ended, expired or of a user who may not. The state after the deed comes with the first two, and which successor they lead to: of a
 * repeated turn that of the first, whatever `next` was.
 */
export type RotateOutcome =
  | { outcome: Exclude<RefreshTurn['outcome'], 'reused'>; found: SessionAndUser; next: SecretHash }
  | { outcome: 'reused'; found: SessionAndUser }
  | { outcome: 'over' }

// --------------------------------------------------------------------------------------------------------------- tokens

export interface TokenStore {
  /** Drops earlier tokens of the same purpose, user and address, then adds this one. */
  issue(token: OneTimeToken, along?: Along): Promise<void>
  /** Looks without consuming. Expired tokens are not found. */
  find(hash: SecretHash, purpose: TokenPurpose, now: number): Promise<OneTimeToken | null>
  /** Deletes and returns the token, or null. Of callers at once exactly one receives it. */
  consume(hash: SecretHash, purpose: TokenPurpose, now: number, along?: Along): Promise<OneTimeToken | null>
  /** Counts a wrong try; the token is deleted when `tries` reaches `most`. */
  miss(hash: SecretHash, purpose: TokenPurpose, most: number): Promise<void>
  /** Deletes a user's tokens of these purposes; with `issuedBefore` (epoch milliseconds) only those that are older. */
  drop(userId: string, purposes: readonly TokenPurpose[], issuedBefore?: number): Promise<void>
  /** Deletes expired tokens, at most `limit`; returns how many. */
  sweep(now: number, limit: number): Promise<number>
}

// ------------------------------------------------------------------------------------------------------------- attempts

/** One counter to raise: fixed windows that begin with their first attempt. */
export interface Count {
  key: string
  /** Milliseconds. */
  window: number
}

export interface Tally {
  key: string
  count: number
  /** When the window ends and the counter starts again. */
  resetsAt: number
}

/** Consecutive failures, forgotten after a success or a long quiet. */
export interface Failures {
  count: number
  lastAt: number
}

export interface AttemptStore {
  /** Raises all counters at once and returns them in the same order. Need not survive a power cut. */
  count(counts: Count[], now: number): Promise<Tally[]>
  /** Raises failure counters; one untouched for `memory` milliseconds is forgotten and starts again at one. Returns the counters in the same order. */
  fail(keys: string[], now: number, memory: number, along?: Along): Promise<Failures[]>
  /** In the same order; null where there are none, or they were forgotten. */
  failures(keys: string[], now: number): Promise<(Failures | null)[]>
  /** Forgets failure counters. Windows run on. */
  clear(keys: string[]): Promise<void>
  /** Deletes windows that ended and failures that were forgotten, at most `limit`; returns how many. */
  sweep(now: number, limit: number): Promise<number>
}

// --------------------------------------------------------------------------------------------------------- outbox, audit

export interface OutboxStore {
  add(mail: OutboxMail[]): Promise<void>
  /** Hands out mails that are due and not past their `expiresAt`, longest due first, and hides them from other workers for `lease` milliseconds. */
  claim(now: number, limit: number, lease: number): Promise<OutboxMail[]>
  done(id: string): Promise<void>
  /** Counts a try that failed and hands the mail out again from `nextTryAt` on, lease or not. */
  retry(id: string, nextTryAt: number): Promise<void>
  /** Deletes mails past their `expiresAt`. */
  sweep(now: number): Promise<number>
  size(): Promise<number>
}

export interface AuditStore {
  add(events: AuditEvent[]): Promise<void>
  /** Newest first, older than `before`. */
  list(page: { userId?: string; before?: number; limit: number }): Promise<AuditEvent[]>
  /** Deletes events older than `before`, at most `limit`. */
  sweep(before: number, limit: number): Promise<number>
}

// ------------------------------------------------------------------------------------------------------------- services

/** How the app is known at providers: one configuration for each service. */
export interface ServiceStore {
  /** All of them, by name. There are few. */
  list(): Promise<KeptService[]>
  /** Adds one. False: the service has one already, and nothing was written. Of callers that add the same one at once exactly one does. */
  insert(service: KeptService): Promise<boolean>
  /** Puts `next` in the place of `expected`, while what is kept is still exactly that. False: it is not, and nothing was written. */
  swap(expected: KeptService, next: KeptService): Promise<boolean>
  /** False: there was none. */
  remove(name: string): Promise<boolean>
}

// ------------------------------------------------------------------------------------------------------------------ bus

/** What the bus says in the place of a user when the configuration of a service changed: no user has an empty id. */
export const SERVICES_CHANGED = ''

/** Tells every process which users' sessions to read anew. A port apart from the store. */
export interface Bus {
  open(): Promise<void>
  close(): Promise<void>
  /**
   * May cached sessions be believed at this moment? Asked at every cached check, so synchronous and cheap. False while the bus cannot be sure that it
   * would have heard of a change.
   */
  trusted(): boolean
  /**
   * `null`: anything may have changed; {@link SERVICES_CHANGED}: the configuration of a service, and no user. Users whose impersonated sessions ended with an administrator's are told of too, though nobody publishes them:
   * the deed alone knows who they are.
   */
  listen(listener: (userId: string | null) => void): Stop
  /** Called after every revocation and user change that was written by this process; a no-op where the store's own writes announce themselves. */
  publish(userId: string): Promise<void>
}
