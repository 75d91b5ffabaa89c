/** Databases as accounts-js's SQL adapters make them, to be imported. */
import pg from 'pg'
import { freshDatabase } from '../../../tools/test/postgres.ts'

/** A database of a test's own. */
export interface OldDatabase {
  url: string
  query: <R extends object = Record<string, unknown>>(text: string, values?: unknown[]) => Promise<R[]>
  close: () => Promise<void>
}

/** The tables as `@accounts/typeorm` has TypeORM make them, with two columns of an app's own. */
export const typeormDatabase = (more = ''): Promise<OldDatabase> =>
  databaseOf(`
    create table "user" (id uuid primary key default gen_random_uuid(), username varchar, deactivated boolean not null default false,
      "createdAt" timestamp not null default now(), "updatedAt" timestamp not null default now());
    create table user_email (id uuid primary key default gen_random_uuid(), address varchar not null unique, verified boolean not null default false,
      "userId" uuid references "user" on delete cascade);
    create table user_service (id uuid primary key default gen_random_uuid(), name varchar not null, token varchar, options jsonb, "serviceId" varchar,
      "userId" uuid references "user" on delete cascade);
    create table user_session (id uuid primary key default gen_random_uuid(), token varchar not null, valid boolean not null, "userAgent" text, ip text,
      extra jsonb, "createdAt" timestamp not null default now(), "updatedAt" timestamp not null default now(), "userId" uuid references "user" on delete cascade);
    ${more}`)

/** The tables as `@accounts/mikro-orm` has MikroORM make them. */
export const mikroOrmDatabase = (): Promise<OldDatabase> =>
  databaseOf(`
    create table "user" (id serial primary key, created_at timestamptz, updated_at timestamptz, username varchar(255), deactivated boolean default false);
    create table email (id serial primary key, user_id int not null references "user", address varchar(255) not null, verified boolean not null default false);
    create table service (id serial primary key, user_id int not null references "user", name varchar(255) not null, token varchar(255), options jsonb);
    create table session (id serial primary key, created_at timestamptz, updated_at timestamptz, user_id int not null references "user",
      token varchar(255) not null, valid boolean not null, user_agent varchar(255), ip varchar(255), extra jsonb)`)

async function databaseOf(schema: string): Promise<OldDatabase> {
  const database = await freshDatabase()
  const pool = new pg.Pool({ connectionString: database.url, max: 2 })
  // Dropping the database ends connections that are about to end by themselves.
  pool.on('error', () => {})
  await pool.query(schema)
  return {
    url: database.url,
    // The caller writes the statement and the type of its rows side by side.
    query: async <R extends object>(text: string, values: unknown[] = []) => (await pool.query<R>(text, values)).rows,
    close: async () => {
      await pool.end()
      await database.drop()
    },
  }
}

/** A user of the TypeORM layout, as the old app would have written them. */
export interface OldUser {
  username?: string
  emails?: { address: string; verified?: boolean }[]
  bcrypt?: string
  createdAt?: string
  deactivated?: boolean
  services?: { name: string; serviceId?: string; token?: string; options?: object }[]
}

/** Adds a user and returns the id. */
export async function addOldUser({ query }: OldDatabase, user: OldUser): Promise<string> {
  const { username = null, emails = [], bcrypt, createdAt = '2024-05-06 07:08:09.123', deactivated = false, services = [] } = user
  const [row] = await query<{ id: string }>(
    'insert into "user" (username, deactivated, "createdAt", "updatedAt") values ($1, $2, $3, $3) returning id',
    [username, deactivated, createdAt],
  )
  const id = row?.id ?? ''
  for (const { address, verified = false } of emails)
    await query('insert into user_email (address, verified, "userId") values ($1, $2, $3)', [address, verified, id])
  const password = bcrypt === undefined ? [] : [{ name: 'password', options: { bcrypt } }]
  for (const { name, serviceId = null, token = null, options = {} } of [...password, ...services].map(service => ({
    serviceId: null,
    token: null,
    ...service,
  })))
    await query('insert into user_service (name, token, options, "serviceId", "userId") values ($1, $2, $3, $4, $5)', [
      name,
      token,
      JSON.stringify(options),
      serviceId,
      id,
    ])
  return id
}

/** Password → its hash as accounts-js makes it, at a cost that tests can afford. */
export const OLD_HASHES = {
  'the password of old': '$2a$04$8ZxAtKHFeM9B.t3SCY3kseGOOv3qxvHJxx3CLYYHFAso31geVsjxm',
  'another one of old': '$2a$04$qaZbBmbT7cPID7nAKnGjOumV0lU9co.gEys8Vcb/dhWtlZFHjDBpa',
  /** What a client sends that hashes passwords first. */
  '1f8c2b1d4e5a69788796a5b4c3d2e1f01f8c2b1d4e5a69788796a5b4c3d2e1f0': '$2a$04$nIe12LdSFnKDu5v3g0SncuP1/bO3GvVoG.k04AO0HJ0biFzLERZoq',
} as const
