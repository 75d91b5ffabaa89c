/** Many users in one transaction: a handful of statements when all of them are new, one by one when somebody's id or key is taken. */
import type { NewUser } from '../../../core/identity/user.ts'
import type { Insertion } from '../../../core/store.ts'
import { fromEmails } from '../rows.ts'
import { all, one, recordList, statement, Undo, write } from '../statement.ts'
import type { Deed, Engine } from '../statement.ts'
import { CREDENTIAL_FIELDS, CREDENTIAL_NAMES, credentialValues, putCredentialRow } from './credentials.ts'
import { claim, release } from './user-row.ts'
import { DELETE_USER, INSERT, userValues } from './users.ts'

export async function insertMany(engine: Engine, made: readonly NewUser[]): Promise<Insertion[]> {
  if (made.length === 0) return []
  return (await engine.transact(() => insertAll(made))) ?? engine.transact(() => insertEach(made))
}

/** All of them, or nothing at all: null when not everything was free. */
function* insertAll(made: readonly NewUser[]): Deed<Insertion[] | null> {
  const identifiers = made.flatMap(keysOf)
  const credentials = made.flatMap(user => user.credentials)
  const written = [
    (yield* all(INSERT_USERS, [recordList(made.map(userRecord))])).length === made.length,
    (yield* all(INSERT_IDENTIFIERS, [recordList(identifiers)])).length === identifiers.length,
    (yield* all(INSERT_CREDENTIALS, [recordList(credentials.map(credentialRecord))])).length === credentials.length,
  ]
  if (!written.every(Boolean)) throw new Undo(null)
  return made.map(() => ({ inserted: true }))
}

function* insertEach(made: readonly NewUser[]): Deed<Insertion[]> {
  const insertions: Insertion[] = []
  for (const user of made) insertions.push(yield* insertOne(user))
  return insertions
}

/** One among others: what is not to be is taken back row by row, because the transaction is not theirs alone. */
function* insertOne(made: NewUser): Deed<Insertion> {
  const { id } = made.user
  if (!(yield* one(INSERT, userValues(made)))) return { inserted: false, taken: 'id' }
  const claimed: KeyRecord[] = []
  for (const key of keysOf(made)) {
    if (yield* claim(key, id)) {
      claimed.push(key)
      continue
    }
    for (const own of claimed) yield* release(own)
    yield* write(DELETE_USER, [id])
    return { inserted: false, taken: key.kind }
  }
  for (const credential of made.credentials) yield* write(putCredentialRow, credentialValues(credential))
  return { inserted: true }
}

type KeyRecord = NewUser['identifiers'][number] & { user_id: string }

// The id is claimed by the user's own row.
const keysOf = ({ user, identifiers }: NewUser): KeyRecord[] =>
  identifiers.filter(({ kind }) => kind !== 'id').map(({ kind, key }) => ({ kind, key, user_id: user.id }))

const userRecord = (made: NewUser): Record<(typeof USER)[number], string | number | null> => ({
  id: made.user.id,
  username: made.user.username ?? null,
  emails: fromEmails(made),
  created_at: made.user.createdAt,
  updated_at: made.user.updatedAt,
  deactivated_at: made.user.deactivatedAt ?? null,
  epoch: made.user.epoch,
  custom: JSON.stringify(made.user.custom),
})

const credentialRecord = (credential: NewUser['credentials'][number]): object =>
  Object.fromEntries(CREDENTIAL_NAMES.map((column, index) => [column, credentialValues(credential)[index] ?? null]))

const USER = ['id', 'username', 'emails', 'created_at', 'updated_at', 'deactivated_at', 'epoch', 'custom'] as const

// `where true` keeps SQLite from reading `on conflict` as the condition of a join.
const INSERT_USERS = statement<{ id: string }>(
  'users_insert_many',
  ({ t, json, records }) => `insert into ${t.users} (collection, ${USER.join(', ')})
  select $1, r.id, r.username, ${json('r.emails')}, r.created_at, r.updated_at, r.deactivated_at, r.epoch, ${json('r.custom')}
  from ${records('$2', {
    id: 'text',
    username: 'text',
    emails: 'text',
    created_at: 'number',
    updated_at: 'number',
    deactivated_at: 'number',
    epoch: 'number',
    custom: 'text',
  })} where true on conflict do nothing returning id`,
)

const INSERT_IDENTIFIERS = statement<{ user_id: string }>(
  'identifiers_claim_many',
  ({ t, records }) => `insert into ${t.identifiers} (collection, kind, key, user_id) select $1, r.kind, r.key, r.user_id
  from ${records('$2', { kind: 'text', key: 'text', user_id: 'text' })} where true on conflict do nothing returning user_id`,
)

const INSERT_CREDENTIALS = statement<{ user_id: string }>(
  'credentials_insert_many',
  ({ t, json, records }) => `insert into ${t.credentials} (collection, ${CREDENTIAL_NAMES.join(', ')})
  select $1, r.user_id, r.kind, r.id, r.form, r.secret, ${json('r.data')}, r.created_at, r.updated_at
  from ${records('$2', CREDENTIAL_FIELDS)} where true on conflict do nothing returning user_id`,
)
