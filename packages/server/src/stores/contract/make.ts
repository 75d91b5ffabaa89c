/** Fixtures of the contract: rows with ids of their own, so that tests can share a database and not meet. */
import { createHash, randomBytes } from 'node:crypto'
import { afterAll, beforeAll } from 'vitest'
import type { AuditEvent } from '../../core/audit/events.ts'
import type { Credential, StoredPassword } from '../../core/identity/credential.ts'
import { passwordCredential } from '../../core/identity/credential.ts'
import type { Identifier, NewUser, User } from '../../core/identity/user.ts'
import type { OutboxMail } from '../../core/mail/outbox-mail.ts'
import type { SecretHash } from '../../core/session/secret.ts'
import type { NewSession, SessionAndUser } from '../../core/session/session.ts'
import type { Rotation, Store } from '../../core/store.ts'
import type { OneTimeToken } from '../../core/token/one-time-token.ts'

/** A store that is open and empty. */
export interface OpenStore {
  store: Store
  /** Another instance on the same data, as another process would have it. */
  second?: Store
  /** Closes both and removes the data. */
  close(): Promise<void>
}

/** What each part of the contract is given. */
export interface Setup {
  open: () => Promise<OpenStore>
  /** The store that the tests of the whole contract share. Filled in before the first test. */
  the: { store: Store; second: Store }
  /** How often a race with an uncertain course is run. */
  rounds: number
}

/** Opens the shared store before the tests around this call, and closes it after them. */
export function useStore(open: Setup['open']): Setup['the'] {
  const the: Partial<Setup['the']> = {}
  let opened: OpenStore | undefined
  beforeAll(async () => {
    opened = await open()
    the.store = opened.store
    the.second = opened.second ?? opened.store
  })
  afterAll(() => opened?.close())
  // Tests run after `beforeAll`.
  return the as Setup['the']
}

/** A store of the test's own, for what depends on everything in it. */
export async function withEmpty(open: Setup['open'], test: (store: Store, second: Store) => Promise<void>): Promise<void> {
  const opened = await open()
  try {
    await test(opened.store, opened.second ?? opened.store)
  } finally {
    await opened.close()
  }
}

/** 2026-01-01. */
export const NOW: number = Date.UTC(2026, 0, 1)
export const MINUTE = 60_000
export const HOUR: number = 60 * MINUTE
export const DAY: number = 24 * HOUR

/** 22 random characters, as the core's ids are. */
export const newId = (): string => randomBytes(16).toString('base64url')

/** The hash of a secret nobody has seen before, or of the given one. */
export const newHash = (secret: string = newId()): SecretHash =>
  // The brand is of the core's own making; this is the same value.
  createHash('sha256').update(secret).digest('base64url') as SecretHash

/** Looks like a hash; stores never verify one. */
export const newPassword = (): StoredPassword => ({ form: 'argon2id-sha256', hash: `$argon2id$${newId()}` })

/** A user with one address, a username and, if given, a password. */
export function makeUser(given: Partial<User> & { password?: StoredPassword; identifiers?: Identifier[] } = {}): NewUser {
  const { password, identifiers, ...fields } = given
  const id = fields.id ?? newId()
  const name = newId().toLowerCase()
  const user: User = {
    id,
    username: `U-${name}`,
    emails: [{ address: `${name}@Example.org`, verified: false }],
    createdAt: NOW,
    updatedAt: NOW,
    epoch: 0,
    custom: {},
    ...fields,
  }
  return { user, credentials: password ? [passwordCredential(id, password, NOW)] : [], identifiers: identifiers ?? identifiersOf(user) }
}

/** The unique keys of a user of this file: their names in lower case. */
export function identifiersOf({ username, emails }: User): Identifier[] {
  const names = username === undefined ? [] : [{ kind: 'username' as const, key: username.toLowerCase() }]
  return [...emails.map(({ address }) => ({ kind: 'email' as const, key: address.toLowerCase() })), ...names]
}

/** The key of a user's address, the first unless told otherwise. */
export function emailKeyOf(user: User, index = 0): string {
  return addressOf(user, index).toLowerCase()
}

/** A user's address as typed, the first unless told otherwise. */
export function addressOf({ emails }: User, index = 0): string {
  const email = emails[index]
  if (!email) throw new Error(`this user has no address number ${index}`)
  return email.address
}

/** Inserts a user who is not there yet. */
export async function insertUser(store: Store, given: Parameters<typeof makeUser>[0] = {}): Promise<User> {
  const made = makeUser(given)
  const outcome = await store.users.insert(made)
  if (!outcome.inserted) throw new Error(`a fresh user was refused: ${outcome.taken} is taken`)
  return made.user
}

export function makeSession(userId: string, given: Partial<NewSession> = {}): NewSession {
  return {
    id: newId(),
    userId,
    handle: newId(),
    generation: 0,
    epoch: 0,
    createdAt: NOW,
    activeAt: NOW,
    idle: 7 * DAY,
    expiresAt: NOW + 90 * DAY,
    ip: '192.0.2.1',
    userAgent: 'Mozilla/5.0 (contract)',
    device: 'Firefox on Linux',
    factors: [{ name: 'password', kind: 'knows', at: NOW }],
    extra: {},
    ...given,
  }
}

/** Opens a session and hands back what was written. */
export async function openSession(store: Store, userId: string, given: Partial<NewSession> = {}): Promise<NewSession> {
  const session = makeSession(userId, given)
  await store.sessions.open(session)
  return session
}

/** One turn of a session's refresh secret; everybody is judged live unless told otherwise. */
export function makeRotation(sessionId: string, presented: SecretHash, given: Partial<Rotation> = {}): Rotation {
  return {
    sessionId,
    presented,
    // Derived, as the core does it: all who present one secret name one successor.
    next: newHash(`after ${presented}`),
    now: NOW,
    grace: 30_000,
    judge: ({ session, user }: SessionAndUser) =>
      session.endedAt === undefined && session.epoch === user.epoch && user.deactivatedAt === undefined,
    ip: '192.0.2.1',
    userAgent: 'Mozilla/5.0 (contract)',
    device: 'Firefox on Linux',
    endOnReuse: true,
    ...given,
  }
}

export function makeToken(userId: string | null, given: Partial<OneTimeToken> = {}): OneTimeToken {
  return {
    hash: newHash(),
    purpose: 'reset-password',
    userId,
    address: 'ada@example.org',
    data: {},
    tries: 0,
    createdAt: NOW,
    expiresAt: NOW + HOUR,
    ...given,
  }
}

export function makeMail(userId: string | null, given: Partial<OutboxMail> = {}): OutboxMail {
  return {
    id: newId(),
    template: 'resetPassword',
    to: 'ada@example.org',
    userId,
    data: {},
    createdAt: NOW,
    nextTryAt: NOW,
    tries: 0,
    expiresAt: NOW + DAY,
    ...given,
  }
}

export function makeEvent(userId: string | null, given: Partial<AuditEvent> = {}): AuditEvent {
  return {
    id: newId(),
    at: NOW,
    type: 'login',
    userId,
    ip: '192.0.2.1',
    userAgent: 'Mozilla/5.0 (contract)',
    data: { service: 'password' },
    ...given,
  }
}

export function makeCredential(userId: string, given: Partial<Credential> = {}): Credential {
  return { userId, kind: 'totp', id: '', secret: newId(), data: {}, createdAt: NOW, updatedAt: NOW, ...given }
}
