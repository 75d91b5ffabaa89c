/** What deeds on a user share: its row, its keys. */
import type { Identifier } from '../../../core/identity/user.ts'
import { USER_COLUMNS } from '../rows.ts'
import type { StoredEmail, UserRow } from '../rows.ts'
import { one, statement, write } from '../statement.ts'
import type { Deed } from '../statement.ts'

/** The user's row, held until the deed is done: deeds on one user take turns. */
export function* lockUser(userId: string): Deed<UserRow | undefined> {
  return yield* one(LOCK, [userId])
}

/** Raises the epoch by one. False when the user is gone. */
export function* bumpEpoch(userId: string, now: number): Deed<boolean> {
  return Boolean(yield* one(BUMP_EPOCH, [userId, now]))
}

/** Writes the addresses, in their order. */
export function* writeEmails(userId: string, emails: readonly StoredEmail[], now: number): Deed<void> {
  yield* write(WRITE_EMAILS, [userId, JSON.stringify(emails), now])
}

/** Claims a unique key for a user. False: somebody has it. Of two at once the second waits for what becomes of the first. */
export function* claim({ kind, key }: Identifier, userId: string): Deed<boolean> {
  return Boolean(yield* one(CLAIM, [kind, key, userId]))
}

/** Gives a key back. */
export function* release({ kind, key }: Identifier): Deed<void> {
  yield* write(RELEASE, [kind, key])
}

const LOCK = statement<UserRow>(
  'users_lock',
  ({ t, lock }) => `select ${USER_COLUMNS} from ${t.users} u where u.collection = $1 and u.id = $2${lock}`,
)

const BUMP_EPOCH = statement<{ id: string }>(
  'users_bump_epoch',
  ({ t }) => `update ${t.users} set epoch = epoch + 1, updated_at = $3 where collection = $1 and id = $2 returning id`,
)

const WRITE_EMAILS = statement(
  'users_write_emails',
  ({ t }) => `update ${t.users} set emails = $3, updated_at = $4 where collection = $1 and id = $2`,
)

const CLAIM = statement<{ user_id: string }>(
  'identifiers_claim',
  ({ t }) =>
    `insert into ${t.identifiers} (collection, kind, key, user_id) values ($1, $2, $3, $4) on conflict do nothing returning user_id`,
)

const RELEASE = statement('identifiers_release', ({ t }) => `delete from ${t.identifiers} where collection = $1 and kind = $2 and key = $3`)
