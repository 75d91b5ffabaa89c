/** Deeds on credentials, and the password among them. */
import { isDeepStrictEqual } from 'node:util'
import { passwordCredential } from '../../../core/identity/credential.ts'
import type { Credential, StoredPassword } from '../../../core/identity/credential.ts'
import type { Along, CredentialSwap, PasswordChange } from '../../../core/store.ts'
import { toCredential, toEmails } from '../rows.ts'
import type { CredentialRow } from '../rows.ts'
import { all, one, statement, Undo, write } from '../statement.ts'
import type { Deed, Value } from '../statement.ts'
import { writeAlong } from './along.ts'
import { endOwn } from './end-sessions.ts'
import { dropTokens, takeToken } from './tokens.ts'
import { bumpEpoch, lockUser, writeEmails } from './user-row.ts'

/** What a credential is sent as when several go in at once; the columns are those of the table. */
export const CREDENTIAL_FIELDS = {
  user_id: 'text',
  kind: 'text',
  id: 'text',
  form: 'text',
  secret: 'text',
  data: 'text',
  created_at: 'number',
  updated_at: 'number',
} as const

/** Their names, in the order of `credentialValues`. */
export const CREDENTIAL_NAMES: readonly string[] = Object.keys(CREDENTIAL_FIELDS)

export function* listCredentials(userId: string): Deed<Credential[]> {
  return (yield* all(LIST, [userId])).map(toCredential)
}

export function* putCredential(credential: Credential, along?: Along): Deed<void> {
  if (!(yield* lockUser(credential.userId))) return
  yield* write(putCredentialRow, credentialValues(credential))
  yield* writeAlong(along)
}

export function* removeCredential(userId: string, kind: string, id: string, along?: Along): Deed<boolean> {
  if (!(yield* one(REMOVE, [userId, kind, id]))) return false
  yield* writeAlong(along)
  return true
}

export function* swapCredential({ expected, next }: CredentialSwap, along?: Along): Deed<boolean> {
  const { userId, kind, id } = expected ?? next
  if (!(yield* lockUser(userId))) return false
  const row = yield* one(ONE, [userId, kind, id])
  if (!isDeepStrictEqual(row ? toCredential(row) : null, expected)) return false
  if (next) yield* write(putCredentialRow, credentialValues(next))
  else yield* write(REMOVE, [userId, kind, id])
  yield* writeAlong(along)
  return true
}

export function* upgradePassword(userId: string, expected: StoredPassword, next: StoredPassword, now: number): Deed<boolean> {
  return Boolean(yield* one(UPGRADE, [userId, expected.form, expected.hash, next.form, next.hash, now]))
}

export function* passwordForms(): Deed<Partial<Record<string, number>>> {
  return Object.fromEntries((yield* all(FORMS, [])).map(({ form, count }) => [form, count]))
}

export function* changePassword(change: PasswordChange, along?: Along): Deed<'changed' | 'gone' | 'stale'> {
  const { userId, password, now } = change
  const user = yield* lockUser(userId)
  if (!user) return 'gone'
  if (change.consume) {
    const token = yield* takeToken(change.consume.hash, change.consume.purpose, now)
    if (token?.userId !== userId) throw new Undo('gone')
  }
  if (change.expected !== undefined && !isSame(yield* one(PASSWORD, [userId]), change.expected)) throw new Undo('stale')

  yield* write(putCredentialRow, credentialValues(passwordCredential(userId, password, now)))
  if (!change.keepLinks) yield* dropTokens(userId, ['reset-password', 'enroll-account'])
  const emails = toEmails(user.emails)
  const proven = emails.find(email => email.key === change.verifyEmailKey)
  if (proven) proven.verified = true
  yield* writeEmails(userId, emails, now)
  if (change.endSessionsExcept !== undefined) yield* startEpoch(user.user_epoch, change.endSessionsExcept, change)
  yield* writeAlong(along)
  return 'changed'
}

/** Ends the sessions of the old epoch. The one that is kept moves along. */
function* startEpoch(from: number, kept: string | null, { userId, now }: PasswordChange): Deed<void> {
  yield* bumpEpoch(userId, now)
  const keep = kept === null ? undefined : { sessionId: kept, epoch: { from, to: from + 1 } }
  yield* endOwn(userId, 'password-changed', now, keep)
}

const isSame = (kept: { form: string | null; secret: string | null } | undefined, expected: StoredPassword | null): boolean =>
  expected === null ? !kept : kept?.form === expected.form && kept.secret === expected.hash

export const credentialValues = (credential: Credential): Value[] => [
  credential.userId,
  credential.kind,
  credential.id,
  credential.form,
  credential.secret,
  JSON.stringify(credential.data),
  credential.createdAt,
  credential.updatedAt,
]

/** Columns of a credential, of a table called `c`. */
export const CREDENTIAL_COLUMNS = 'c.user_id, c.kind, c.id, c.form, c.secret, c.data, c.created_at, c.updated_at'

/** Adds a credential, or puts it in the place of the one there was. */
export const putCredentialRow = statement(
  'credentials_put',
  ({ t }) => `insert into ${t.credentials} (collection, user_id, kind, id, form, secret, data, created_at, updated_at)
  values ($1, $2, $3, $4, $5, $6, $7, $8, $9)
  on conflict (collection, user_id, kind, id) do update set form = excluded.form, secret = excluded.secret, data = excluded.data,
    created_at = excluded.created_at, updated_at = excluded.updated_at`,
)

const LIST = statement<CredentialRow>(
  'credentials_list',
  ({ t }) => `select ${CREDENTIAL_COLUMNS} from ${t.credentials} c where c.collection = $1 and c.user_id = $2 order by c.kind, c.id`,
)

const ONE = statement<CredentialRow>(
  'credentials_one',
  ({ t }) =>
    `select ${CREDENTIAL_COLUMNS} from ${t.credentials} c where c.collection = $1 and c.user_id = $2 and c.kind = $3 and c.id = $4`,
)

const PASSWORD = statement<{ form: string | null; secret: string | null }>(
  'credentials_password',
  ({ t }) => `select form, secret from ${t.credentials} where collection = $1 and user_id = $2 and kind = 'password' and id = ''`,
)

const REMOVE = statement<{ id: string }>(
  'credentials_remove',
  ({ t }) => `delete from ${t.credentials} where collection = $1 and user_id = $2 and kind = $3 and id = $4 returning id`,
)

const UPGRADE = statement<{ id: string }>(
  'credentials_upgrade',
  ({ t }) => `update ${t.credentials} set form = $5, secret = $6, updated_at = $7
  where collection = $1 and user_id = $2 and kind = 'password' and id = '' and form = $3 and secret = $4 returning id`,
)

/** A sample is enough to draw decoys from: in the order of ids, which are random, and from both ends, for databases where they are not. */
const FORMS = statement<{ form: string; count: number }>('credentials_forms', ({ t }) => {
  const sample = (direction: string): string => `select * from (
    select user_id, form from ${t.credentials} where collection = $1 and kind = 'password' and form is not null order by user_id ${direction} limit 2500
  ) as ${direction}ending`
  return `select form, count(*) as count from (${sample('asc')} union ${sample('desc')}) as sample group by form`
})
