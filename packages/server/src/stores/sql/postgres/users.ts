/** Signing up and beginning a login, in one statement each. */
import type { NewUser } from '../../../core/identity/user.ts'
import type { Along, Failures, LoginCandidate, LoginLookup, UserStore } from '../../../core/store.ts'
import { userFailureKey } from '../../../core/store.ts'
import { CREDENTIAL_FIELDS, CREDENTIAL_NAMES, credentialValues } from '../deeds/credentials.ts'
import { deviceSeenText } from '../deeds/sessions.ts'
import { insertUser as insertSlowly, userValues } from '../deeds/users.ts'
import type { Dialect } from '../dialect.ts'
import { toCredential, toUser, USER_COLUMNS } from '../rows.ts'
import type { CredentialRow, UserRow } from '../rows.ts'
import { recordList, statement } from '../statement.ts'
import { ridden } from './compound.ts'
import type { Compound } from './compound.ts'
import { countedText, countRecords, toTallies } from './counters.ts'
import type { TallyRow } from './counters.ts'
import { isUniqueViolation } from './driver.ts'
import type { PostgresEngine } from './engine.ts'

export async function insertUser(engine: PostgresEngine, made: NewUser, along?: Along): ReturnType<UserStore['insert']> {
  const identifiers = made.identifiers.filter(({ kind }) => kind !== 'id').map(({ kind, key }) => ({ kind, key }))
  const credentials = made.credentials.map(credential =>
    Object.fromEntries(CREDENTIAL_NAMES.map((column, index) => [column, credentialValues(credential)[index] ?? null])),
  )
  try {
    await engine.pooled(...ridden(INSERT, [...userValues(made), recordList(identifiers), recordList(credentials)], along))
    return { inserted: true }
  } catch (error) {
    if (!isUniqueViolation(error)) throw error
    // Somebody has one of the keys. The long way round finds out which, or inserts after all if they have just given it up.
    return engine.transact(() => insertSlowly(made, along))
  }
}

export async function beginLogin(engine: PostgresEngine, lookup: LoginLookup): Promise<LoginCandidate> {
  const { identifier, counts, failureKey, device, now } = lookup
  const values = [countRecords(counts, now), now, failureKey ?? '', device, userFailureKey(''), identifier?.key ?? '']
  const [row] =
    identifier?.kind === 'id' ? await engine.count(BEGIN_BY_ID, values) : await engine.count(BEGIN, [...values, identifier?.kind ?? ''])
  if (!row) throw new Error('a statement that always answers a row did not')
  return {
    user: isFound(row) ? toUser(row) : null,
    credentials: parsed<CredentialRow[]>(row.credentials, []).map(toCredential),
    tallies: toTallies(counts, parsed<TallyRow[]>(row.tallies, [])),
    failures: { identifier: parsed<Failures | null>(row.by_identifier, null), user: parsed<Failures | null>(row.by_user, null) },
    deviceSeen: row.device_seen === 1,
  }
}

interface BeginRow {
  tallies: string | null
  credentials: string | null
  by_identifier: string | null
  by_user: string | null
  device_seen: number
}

const isFound = (row: BeginRow & (UserRow | { user_id: null })): row is BeginRow & UserRow => row.user_id !== null

/** JSON that the statement itself built. */
const parsed = <T>(text: string | null, otherwise: T): T => (text === null ? otherwise : (JSON.parse(text) as T))

const INSERT: Compound<unknown> = {
  name: 'users_insert_all',
  parameters: 11,
  parts: ({ t, records }) => ({
    with: [
      `created as (
  insert into ${t.users} (collection, id, username, emails, created_at, updated_at, deactivated_at, epoch, custom)
  values ($1, $2, $3, $4, $5, $6, $7, $8, $9)
)`,
      `claimed as (
  insert into ${t.identifiers} (collection, kind, key, user_id)
  select $1, r.kind, r.key, $2 from ${records('$10', { kind: 'text', key: 'text' })}
)`,
      `proven as (
  insert into ${t.credentials} (collection, ${CREDENTIAL_NAMES.join(', ')})
  select $1, r.user_id, r.kind, r.id, r.form, r.secret, r.data::json, r.created_at, r.updated_at
  from ${records('$11', CREDENTIAL_FIELDS)}
)`,
    ],
    select: 'select 1',
    condition: 'true',
  }),
}

const beginText = (d: Dialect, user: string): string => {
  const { t } = d
  // Time is no condition of the search, lest the planner take the index by time for it.
  const failures = (key: string): string =>
    `(select case when f.forget_at > $3 then json_build_object('count', f.count, 'lastAt', f.last_at) end
    from ${t.failures} f where f.collection = $1 and f.key = ${key})`
  return `with ${countedText(d, '$2', '$3')}
select ${USER_COLUMNS},
  (select json_agg(counted) from counted) as tallies,
  (select json_agg(c) from (
    select ${CREDENTIAL_NAMES.map(column => (column === 'data' ? 'k.data::text as data' : `k.${column}`)).join(', ')}
    from ${t.credentials} k where k.collection = $1 and k.user_id = u.id
  ) as c) as credentials,
  ${failures('$4')} as by_identifier,
  ${failures('$6::text || u.id')} as by_user,
  case when u.id is null or ${deviceSeenText(t.sessions, 'u.id', '$5')} then 1 else 0 end as device_seen
from (select 1) as always left join (${user}) as u on true`
}

const BEGIN_BY_ID = statement<BeginRow & UserRow>('login_begin_by_id', d =>
  beginText(d, `select * from ${d.t.users} where collection = $1 and id = $7`),
)

const BEGIN = statement<BeginRow & UserRow>('login_begin', d =>
  beginText(
    d,
    `select v.* from ${d.t.identifiers} i join ${d.t.users} v on v.collection = i.collection and v.id = i.user_id
    where i.collection = $1 and i.kind = $8 and i.key = $7`,
  ),
)
