import { SERVICES_CHANGED } from '../../../core/store.ts'
import type { Dialect } from '../dialect.ts'
import type { SqlMigration } from './migrate.ts'

/** How the app is known at providers. Changes are announced to other processes as those of users are, under the id that no user has. */
export const services: SqlMigration = {
  name: '0003-services',
  statements: dialect => [table(dialect), ...(dialect.channel === undefined ? [] : triggers(dialect, dialect.channel))],
}

const table = ({ t, types: { key, text, json }, clustered }: Dialect): string => `create table ${t.services} (
  collection ${key} not null,
  name ${key} not null,
  data ${json} not null,
  secret ${text},
  primary key (collection, name)
)${clustered}`

const triggers = ({ t, own }: Dialect, channel: string): string[] => [
  `create function ${own('announce_service')}() returns trigger language plpgsql as $$
begin
  if tg_op = 'DELETE' then
    perform pg_notify('${channel.replaceAll("'", "''")}', old.collection || ' ${SERVICES_CHANGED}');
  else
    perform pg_notify('${channel.replaceAll("'", "''")}', new.collection || ' ${SERVICES_CHANGED}');
  end if;
  return null;
end $$`,

  `create trigger announce after insert or update or delete on ${t.services} for each row execute function ${own('announce_service')}()`,
]
