/**
 * What a good engineer writes by hand with `node:http` and `pg`, and nothing more: the floor. `cache`: sessions in the process, invalidated by
 * LISTEN/NOTIFY, which gives Latchkey's guarantee; without it one prepared, joined SELECT for each check. Passwords are not hashed.
 */
import { createHash, createHmac, createSecretKey, randomBytes, timingSafeEqual } from 'node:crypto'
import { createServer } from 'node:http'
import type { IncomingMessage, ServerResponse } from 'node:http'
import pg from 'pg'
import { listen, setting } from './child.ts'

const cached = process.env['BENCH_CACHE'] !== 'off'
const url = setting('BENCH_DATABASE')
const pool = new pg.Pool({ connectionString: url, max: 10 })
const key = createSecretKey(Buffer.from('a secret for measuring, 0123456789 abcdefghijkl'))
const sessions = new Map<string, string>()

await pool.query(`
  create table if not exists users (id bigserial primary key, email text unique not null, password text not null, failures int not null default 0);
  create table if not exists sessions (hash text primary key, user_id bigint not null references users on delete cascade, expires_at timestamptz not null);
  create table if not exists audit (id bigserial primary key, user_id bigint, what text not null, at timestamptz not null default now())`)
const listener = new pg.Client({ connectionString: url })
await listener.connect()
await listener.query('listen ended')
listener.on('notification', ({ payload = '' }) => sessions.delete(payload))

const sha256 = (text: string): string => createHash('sha256').update(text).digest('base64url')

const SESSION = {
  name: 'session',
  text: 'select u.id, u.email from sessions s join users u on u.id = s.user_id where s.hash = $1 and s.expires_at > now()',
}
const USER = { name: 'user', text: 'select id, email, password from users where email = $1 and failures < 100' }
const OPEN = {
  name: 'open',
  text: `with opened as (insert into sessions values ($1, $2, now() + interval '90 days')) insert into audit (user_id, what) values ($2, 'login')`,
}
const ROTATE = { name: 'rotate', text: 'update sessions set hash = $2 where hash = $1 returning user_id' }
const ADD = {
  name: 'add',
  text: `with added as (insert into users (email, password) values ($1, $2) returning id) insert into audit (user_id, what) select id, 'sign-up' from added`,
}
const END = {
  name: 'end',
  text: `with ended as (delete from sessions where hash = $1 returning hash) select pg_notify('ended', hash) from ended`,
}

/** A token that carries its own signature, as Latchkey's access tokens do: checked before anything is looked up. */
const sign = (token: string): string => `${token}.${createHmac('sha256', key).update(token).digest('base64url')}`

function tokenOf(request: IncomingMessage): string | undefined {
  const [token = '', signature = ''] = (request.headers.authorization ?? '').slice(7).split('.')
  const given = Buffer.from(signature, 'base64url')
  const expected = createHmac('sha256', key).update(token).digest()
  return given.length === expected.length && timingSafeEqual(given, expected) ? sha256(token) : undefined
}

async function check(request: IncomingMessage, response: ServerResponse): Promise<void> {
  const hash = tokenOf(request)
  const known = hash === undefined ? 'null' : sessions.get(hash)
  if (known !== undefined) return answer(response, known)
  const { rows } = await pool.query({ ...SESSION, values: [hash] })
  const text = JSON.stringify(rows[0] ?? null)
  if (cached && hash !== undefined && rows.length > 0) sessions.set(hash, text)
  answer(response, text)
}

async function signIn(request: IncomingMessage, response: ServerResponse): Promise<void> {
  const { email, password } = await bodyOf(request)
  const { rows } = await pool.query<{ id: string; password: string }>({ ...USER, values: [email] })
  const [user] = rows
  if (user?.password !== sha256(password ?? '')) return answer(response, '{"message":"no"}', 401)
  const token = randomBytes(32).toString('base64url')
  await pool.query({ ...OPEN, values: [sha256(token), user.id] })
  answer(response, JSON.stringify({ token: sign(token), user: { id: user.id, email } }))
}

async function signUp(request: IncomingMessage, response: ServerResponse): Promise<void> {
  const { email, password } = await bodyOf(request)
  await pool.query({ ...ADD, values: [email, sha256(password ?? '')] })
  answer(response, '{}')
}

async function refresh(request: IncomingMessage, response: ServerResponse): Promise<void> {
  const token = randomBytes(32).toString('base64url')
  const { rows } = await pool.query({ ...ROTATE, values: [tokenOf(request), sha256(token)] })
  answer(response, JSON.stringify({ token: sign(token) }), rows.length > 0 ? 200 : 401)
}

async function logout(request: IncomingMessage, response: ServerResponse): Promise<void> {
  const { rows } = await pool.query({ ...END, values: [tokenOf(request)] })
  answer(response, 'null', rows.length > 0 ? 200 : 401)
}

const ROUTES: Record<string, (request: IncomingMessage, response: ServerResponse) => Promise<void>> = {
  '/session': check,
  '/sign-in': signIn,
  '/sign-up': signUp,
  '/refresh': refresh,
  '/logout': logout,
}

function answer(response: ServerResponse, text: string, status = 200): void {
  response.writeHead(status, { 'content-type': 'application/json', 'content-length': Buffer.byteLength(text) }).end(text)
}

async function bodyOf(request: IncomingMessage): Promise<Record<string, string>> {
  let text = ''
  for await (const chunk of request) text += chunk
  return JSON.parse(text) as Record<string, string>
}

const nothing = async (_request: IncomingMessage, response: ServerResponse): Promise<void> => answer(response, 'null')
listen(createServer((request, response) => void (ROUTES[request.url ?? ''] ?? nothing)(request, response)))
