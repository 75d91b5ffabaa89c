import type { SqlMigration } from './migrate.ts'

/**
 * The first schema. Every table begins with the collection: a store opened on one collection neither sees nor touches the rows of another.
 * No foreign keys: sessions may live in another database than their users, and deeds lock the user's row where it matters.
 */
export const first: SqlMigration = {
  name: '0001-first',
  statements: ({ t, index, types: { key, text, number, json }, clustered }) => [
    `create table ${t.users} (
  collection ${key} not null,
  id ${key} not null,
  username ${text},
  emails ${json} not null,
  created_at ${number} not null,
  updated_at ${number} not null,
  deactivated_at ${number},
  epoch ${number} not null,
  custom ${json} not null,
  primary key (collection, id)
)`,

    `create table ${t.identifiers} (
  collection ${key} not null,
  kind ${key} not null,
  key ${key} not null,
  user_id ${key} not null,
  primary key (collection, kind, key)
)${clustered}`,
    `create index ${index('identifiers_user')} on ${t.identifiers} (collection, user_id)`,

    `create table ${t.credentials} (
  collection ${key} not null,
  user_id ${key} not null,
  kind ${key} not null,
  id ${key} not null,
  form ${text},
  secret ${text},
  data ${json} not null,
  created_at ${number} not null,
  updated_at ${number} not null,
  primary key (collection, user_id, kind, id)
)${clustered}`,

    // over_at: no later than the moment it is over. Noting activity leaves it alone, so that a touch rewrites no index; the sweep corrects it.
    `create table ${t.sessions} (
  collection ${key} not null,
  id ${key} not null,
  user_id ${key} not null,
  handle ${text} not null,
  generation ${number} not null,
  epoch ${number} not null,
  created_at ${number} not null,
  active_at ${number} not null,
  idle ${number},
  expires_at ${number} not null,
  ended_at ${number},
  end_reason ${text},
  ip ${text},
  user_agent ${text},
  device ${text} not null,
  factors ${json} not null,
  impersonator_id ${key},
  impersonator_session_id ${key},
  extra ${json} not null,
  resume_hash ${key},
  refresh ${json},
  version ${number} not null,
  over_at ${number} not null,
  primary key (collection, id)
)`,
    `create unique index ${index('sessions_resume')} on ${t.sessions} (collection, resume_hash) where resume_hash is not null`,
    `create index ${index('sessions_user')} on ${t.sessions} (collection, user_id, device)`,
    `create index ${index('sessions_impersonator')} on ${t.sessions} (collection, impersonator_id) where impersonator_id is not null`,
    `create index ${index('sessions_impersonated')} on ${t.sessions} (collection, impersonator_session_id) where impersonator_session_id is not null`,
    `create index ${index('sessions_over')} on ${t.sessions} (collection, over_at)`,

    `create table ${t.tokens} (
  collection ${key} not null,
  hash ${key} not null,
  purpose ${key} not null,
  user_id ${key} not null,
  address ${key} not null,
  data ${json} not null,
  tries ${number} not null,
  created_at ${number} not null,
  expires_at ${number} not null,
  primary key (collection, hash)
)${clustered}`,
    `create unique index ${index('tokens_user')} on ${t.tokens} (collection, user_id, purpose, address)`,
    `create index ${index('tokens_expiry')} on ${t.tokens} (collection, expires_at)`,

    `create table ${t.attempts} (
  collection ${key} not null,
  key ${key} not null,
  count ${number} not null,
  resets_at ${number} not null,
  primary key (collection, key)
)${clustered}`,
    `create index ${index('attempts_end')} on ${t.attempts} (collection, resets_at)`,

    `create table ${t.failures} (
  collection ${key} not null,
  key ${key} not null,
  count ${number} not null,
  last_at ${number} not null,
  forget_at ${number} not null,
  primary key (collection, key)
)${clustered}`,
    `create index ${index('failures_end')} on ${t.failures} (collection, forget_at)`,

    `create table ${t.outbox} (
  collection ${key} not null,
  id ${key} not null,
  template ${text} not null,
  recipient ${text} not null,
  user_id ${key},
  data ${json} not null,
  sealed ${text},
  created_at ${number} not null,
  next_try_at ${number} not null,
  tries ${number} not null,
  expires_at ${number} not null,
  primary key (collection, id)
)`,
    `create index ${index('outbox_due')} on ${t.outbox} (collection, next_try_at)`,

    `create table ${t.audit} (
  collection ${key} not null,
  id ${key} not null,
  at ${number} not null,
  type ${text} not null,
  user_id ${key},
  actor_id ${text},
  session_id ${text},
  ip ${text},
  user_agent ${text},
  data ${json} not null,
  primary key (collection, at, id)
)`,
    `create index ${index('audit_user')} on ${t.audit} (collection, user_id, at)`,
  ],
}
