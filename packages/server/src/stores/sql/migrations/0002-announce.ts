import type { Dialect } from '../dialect.ts'
import type { SqlMigration } from './migrate.ts'

/**
 * Triggers that tell every process whose sessions to read anew, in the transaction that changed them: so a row changed by hand revokes at
 * once, too. They fire on revocation and on changes of users alone; opening, touching and refreshing a session, which is what happens all
 * day, costs nothing. SQLite's processes see each other's commits by `data_version` and need none.
 */
export const announce: SqlMigration = {
  name: '0002-announce',
  statements: dialect => (dialect.channel === undefined ? [] : triggers(dialect, dialect.channel)),
}

const triggers = ({ t, own }: Dialect, channel: string): string[] => [
  `create function ${own('announce_user')}() returns trigger language plpgsql as $$
begin
  perform pg_notify('${channel.replaceAll("'", "''")}', old.collection || ' ' || old.id);
  return null;
end $$`,

  `create function ${own('announce_session')}() returns trigger language plpgsql as $$
begin
  perform pg_notify('${channel.replaceAll("'", "''")}', old.collection || ' ' || old.user_id);
  return null;
end $$`,

  `create trigger announce after update or delete on ${t.users} for each row execute function ${own('announce_user')}()`,

  // What a cached session shows: is it over, which epoch, which handle, whose.
  `create trigger announce_update after update on ${t.sessions} for each row
  when (old.ended_at is distinct from new.ended_at or old.epoch <> new.epoch or old.generation <> new.generation or old.handle <> new.handle
    or old.user_id <> new.user_id or old.expires_at <> new.expires_at or old.idle is distinct from new.idle)
  execute function ${own('announce_session')}()`,

  // Deleting what had ended before tells nobody anything.
  `create trigger announce_delete after delete on ${t.sessions} for each row when (old.ended_at is null)
  execute function ${own('announce_session')}()`,
]
