/** Deeds on the names a user goes by: addresses and the username. */
import type { UserEmail } from '../../../core/identity/user.ts'
import type { SecretHash } from '../../../core/session/secret.ts'
import type { Along, VerifyOutcome } from '../../../core/store.ts'
import { toEmails } from '../rows.ts'
import { all, statement, write } from '../statement.ts'
import type { Deed } from '../statement.ts'
import { writeAlong } from './along.ts'
import { dropTokensTo, takeToken } from './tokens.ts'
import { claim, lockUser, release, writeEmails } from './user-row.ts'

export function* addEmail(userId: string, email: UserEmail, key: string, now: number, along?: Along): Deed<'added' | 'taken' | 'gone'> {
  const user = yield* lockUser(userId)
  if (!user) return 'gone'
  if (!(yield* claim({ kind: 'email', key }, userId))) return 'taken'
  yield* writeEmails(userId, [...toEmails(user.emails), { address: email.address, verified: email.verified, key }], now)
  yield* writeAlong(along)
  return 'added'
}

export function* removeEmail(userId: string, key: string, now: number, along?: Along): Deed<'removed' | 'missing' | 'last'> {
  const user = yield* lockUser(userId)
  const emails = toEmails(user?.emails ?? '[]')
  const email = emails.find(each => each.key === key)
  if (!user || !email) return 'missing'
  if (emails.length === 1 && user.username === null) return 'last'
  yield* release({ kind: 'email', key })
  yield* dropTokensTo(userId, email.address)
  yield* writeEmails(
    userId,
    emails.filter(each => each !== email),
    now,
  )
  yield* writeAlong(along)
  return 'removed'
}

export function* replaceEmail(
  userId: string,
  oldKey: string,
  { address, verified }: UserEmail,
  key: string,
  now: number,
  along?: Along,
): Deed<'replaced' | 'taken' | 'missing'> {
  const user = yield* lockUser(userId)
  const emails = toEmails(user?.emails ?? '[]')
  const old = emails.find(each => each.key === oldKey)
  if (!old) return 'missing'
  if (key !== oldKey) {
    if (!(yield* claim({ kind: 'email', key }, userId))) return 'taken'
    yield* release({ kind: 'email', key: oldKey })
  }
  yield* dropTokensTo(userId, old.address)
  yield* writeEmails(
    userId,
    emails.map(each => (each === old ? { address, verified, key } : each)),
    now,
  )
  yield* writeAlong(along)
  return 'replaced'
}

export function* verifyEmail(hash: SecretHash, now: number, along?: (userId: string, address: string) => Along): Deed<VerifyOutcome> {
  const token = yield* takeToken(hash, 'verify-email', now)
  if (!token) return { outcome: 'expired' }
  const user = token.userId === null ? undefined : yield* lockUser(token.userId)
  const emails = toEmails(user?.emails ?? '[]')
  const email = emails.find(each => each.address === token.address)
  if (!user || !email) return { outcome: 'unknown-address' }
  email.verified = true
  yield* writeEmails(user.user_id, emails, now)
  yield* writeAlong(along?.(user.user_id, email.address))
  return { outcome: 'verified', userId: user.user_id, address: email.address }
}

export function* setUsername(userId: string, username: string, key: string, now: number, along?: Along): Deed<'set' | 'taken' | 'gone'> {
  if (!(yield* lockUser(userId))) return 'gone'
  const kept = yield* all(USERNAME_KEYS, [userId])
  if (!kept.some(old => old.key === key) && !(yield* claim({ kind: 'username', key }, userId))) return 'taken'
  for (const old of kept) if (old.key !== key) yield* release({ kind: 'username', key: old.key })
  yield* write(SET_USERNAME, [userId, username, now])
  yield* writeAlong(along)
  return 'set'
}

const USERNAME_KEYS = statement<{ key: string }>(
  'identifiers_username',
  ({ t }) => `select key from ${t.identifiers} where collection = $1 and user_id = $2 and kind = 'username'`,
)

const SET_USERNAME = statement(
  'users_set_username',
  ({ t }) => `update ${t.users} set username = $3, updated_at = $4 where collection = $1 and id = $2`,
)
