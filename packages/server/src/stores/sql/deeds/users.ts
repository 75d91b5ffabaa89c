/** Deeds on users: sign-up, lookup, state, removal. */
import type { Identifier, NewUser, User } from '../../../core/identity/user.ts'
import type { Along, Insertion } from '../../../core/store.ts'
import { fromEmails, toUser, USER_COLUMNS } from '../rows.ts'
import type { UserRow } from '../rows.ts'
import { all, one, statement, Undo, write } from '../statement.ts'
import type { Deed, Statement } from '../statement.ts'
import { writeAlong } from './along.ts'
import { credentialValues, putCredentialRow } from './credentials.ts'
import { endAllImpersonatedBy, endOwn } from './end-sessions.ts'
import { claim, lockUser } from './user-row.ts'

export function* insertUser(made: NewUser, along?: Along): Deed<Insertion> {
  if (!(yield* one(INSERT, userValues(made)))) throw new Undo({ inserted: false, taken: 'id' } satisfies Insertion)
  for (const { kind, key } of made.identifiers) {
    // The id is claimed by the user's own row.
    if (kind === 'id') continue
    if (!(yield* claim({ kind, key }, made.user.id))) throw new Undo({ inserted: false, taken: kind } satisfies Insertion)
  }
  for (const credential of made.credentials) yield* write(putCredentialRow, credentialValues(credential))
  yield* writeAlong(along)
  return { inserted: true }
}

export function* findUser(identifier: Identifier): Deed<User | null> {
  const row = identifier.kind === 'id' ? yield* one(FIND_BY_ID, [identifier.key]) : yield* one(FIND, [identifier.kind, identifier.key])
  return row ? toUser(row) : null
}

export function* setCustom(userId: string, custom: Record<string, unknown>, now: number): Deed<boolean> {
  return Boolean(yield* one(SET_CUSTOM, [userId, JSON.stringify(custom), now]))
}

export function* changeCustom(
  userId: string,
  change: (kept: Record<string, unknown>) => Record<string, unknown>,
  now: number,
): Deed<boolean> {
  const row = yield* lockUser(userId)
  return row !== undefined && (yield* setCustom(userId, change(toUser(row).custom), now))
}

export function* setDeactivated(userId: string, deactivated: boolean, now: number, along?: Along): Deed<boolean> {
  const row = yield* one(deactivated ? DEACTIVATE : ACTIVATE, [userId, now])
  if (!row) return false
  if (deactivated) yield* endOwn(userId, 'deactivated', now)
  yield* writeAlong(along)
  return true
}

export function* removeUser(userId: string, now: number, along?: Along): Deed<boolean> {
  if (!(yield* lockUser(userId))) return false
  for (const table of OWNED) yield* write(table, [userId])
  yield* forgetSessions(userId, now)
  yield* write(DELETE_USER, [userId])
  yield* writeAlong(along)
  return true
}

/** Deletes a user's sessions, ends those they impersonate, takes what tells of a person from their audit lines. */
export function* forgetSessions(userId: string, now: number): Deed<void> {
  yield* write(DELETE_SESSIONS, [userId])
  yield* endAllImpersonatedBy(userId, now)
  yield* write(PSEUDONYMISE, [userId])
}

export function* listUsers({ after, limit, search }: { after?: string; limit: number; search?: string }): Deed<User[]> {
  const rows =
    search === undefined || search === ''
      ? yield* all(LIST, [after ?? '', limit])
      : // U+10FFFF sorts behind everything that can follow the prefix.
        yield* all(SEARCH, [after ?? '', limit, search, `${search}\u{10FFFF}`])
  return rows.map(toUser)
}

export function* countUsers(): Deed<number> {
  return (yield* one(COUNT, []))?.count ?? 0
}

export const userValues = (made: NewUser): (string | number | null)[] => [
  made.user.id,
  made.user.username ?? null,
  fromEmails(made),
  made.user.createdAt,
  made.user.updatedAt,
  made.user.deactivatedAt ?? null,
  made.user.epoch,
  JSON.stringify(made.user.custom),
]

/** Adds a user, unless there is one of that id. */
export const INSERT: Statement<{ id: string }> = statement<{ id: string }>(
  'users_insert',
  ({ t }) => `insert into ${t.users} (collection, id, username, emails, created_at, updated_at, deactivated_at, epoch, custom)
  values ($1, $2, $3, $4, $5, $6, $7, $8, $9) on conflict do nothing returning id`,
)

const FIND_BY_ID = statement<UserRow>(
  'users_find_by_id',
  ({ t }) => `select ${USER_COLUMNS} from ${t.users} u where u.collection = $1 and u.id = $2`,
)

const FIND = statement<UserRow>(
  'users_find',
  ({ t }) => `select ${USER_COLUMNS} from ${t.identifiers} i join ${t.users} u on u.collection = i.collection and u.id = i.user_id
  where i.collection = $1 and i.kind = $2 and i.key = $3`,
)

const SET_CUSTOM = statement<{ id: string }>(
  'users_set_custom',
  ({ t }) => `update ${t.users} set custom = $3, updated_at = $4 where collection = $1 and id = $2 returning id`,
)

const DEACTIVATE = statement<{ id: string }>(
  'users_deactivate',
  ({ t }) => `update ${t.users} set deactivated_at = coalesce(deactivated_at, $3), updated_at = $3, epoch = epoch + 1
  where collection = $1 and id = $2 returning id`,
)

const ACTIVATE = statement<{ id: string }>(
  'users_activate',
  ({ t }) => `update ${t.users} set deactivated_at = null, updated_at = $3 where collection = $1 and id = $2 returning id`,
)

const OWNED = (['identifiers', 'credentials', 'tokens', 'outbox'] as const).map(table =>
  statement(`users_remove_${table}`, ({ t }) => `delete from ${t[table]} where collection = $1 and user_id = $2`),
)

const DELETE_SESSIONS = statement('users_remove_sessions', ({ t }) => `delete from ${t.sessions} where collection = $1 and user_id = $2`)

const PSEUDONYMISE = statement(
  'users_remove_audit',
  ({ t }) => `update ${t.audit} set ip = null, user_agent = null, data = '{}' where collection = $1 and user_id = $2`,
)

/** Deletes the row alone. */
export const DELETE_USER: Statement = statement('users_remove', ({ t }) => `delete from ${t.users} where collection = $1 and id = $2`)

const LIST = statement<UserRow>(
  'users_list',
  ({ t }) => `select ${USER_COLUMNS} from ${t.users} u where u.collection = $1 and u.id > $2 order by u.id limit $3`,
)

const SEARCH = statement<UserRow>(
  'users_search',
  ({ t }) => `select ${USER_COLUMNS} from ${t.users} u where u.collection = $1 and u.id > $2 and u.id in (
    select i.user_id from ${t.identifiers} i where i.collection = $1 and i.kind in ('email', 'username') and i.key >= $4 and i.key < $5
  ) order by u.id limit $3`,
)

const COUNT = statement<{ count: number }>('users_count', ({ t }) => `select count(*) as count from ${t.users} where collection = $1`)
