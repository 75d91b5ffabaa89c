/** The systems as the load sees them: how each is started, and what its requests look like. */
import { fork } from 'node:child_process'
import type { ChildProcess } from 'node:child_process'
import { once as event } from 'node:events'
import { fileURLToPath } from 'node:url'
import { once, request } from './load.ts'
import type { Reply, Script } from './load.ts'
import type { Usage } from './systems/child.ts'

/** What the four kinds of server have in common, as bytes to send and answers to read. */
export interface Dialect {
  session(token: string): Buffer
  signIn(email: string): Buffer
  signUp(email: string): Buffer
  logout(token: string): Buffer
  /** Undefined where there is nothing like it. */
  refresh?(token: string): Buffer
  /** The token in the answer of a sign-in or a refresh; opaque to the load. */
  tokenIn(reply: Reply): string
}

/** How to start one. */
export interface Recipe {
  name: string
  program: 'hand' | 'latchkey' | 'better-auth'
  hash: 'real' | 'cheap'
  cache?: 'off'
  engine?: 'sqlite'
}

const PASSWORD = 'correct horse battery staple'
const bearer = (token: string): Record<string, string> => ({ authorization: `Bearer ${token}` })

const hand: Dialect = {
  session: token => request('GET', '/session', { headers: bearer(token) }),
  signIn: email => request('POST', '/sign-in', { body: { email, password: PASSWORD } }),
  signUp: email => request('POST', '/sign-up', { body: { email, password: PASSWORD } }),
  logout: token => request('POST', '/logout', { headers: bearer(token), body: {} }),
  refresh: token => request('POST', '/refresh', { headers: bearer(token), body: {} }),
  tokenIn: reply => read(reply.body).token ?? '',
}

const latchkey: Dialect = {
  session: pair => request('GET', '/accounts/user', { headers: bearer(accessOf(pair)) }),
  signIn: email => request('POST', '/accounts/password/authenticate', { body: { user: { email }, password: PASSWORD } }),
  signUp: email => request('POST', '/accounts/password/register', { body: { user: { email, password: PASSWORD } } }),
  logout: pair => request('POST', '/accounts/logout', { headers: bearer(accessOf(pair)), body: {} }),
  refresh: pair => request('POST', '/accounts/refreshTokens', { body: JSON.parse(pair) }),
  tokenIn: reply => JSON.stringify(read(reply.body).tokens),
}

const betterAuth: Dialect = {
  session: cookie => request('GET', '/api/auth/get-session', { headers: { cookie } }),
  signIn: email => request('POST', '/api/auth/sign-in/email', { headers: ORIGIN, body: { email, password: PASSWORD } }),
  signUp: email => request('POST', '/api/auth/sign-up/email', { headers: ORIGIN, body: { email, password: PASSWORD, name: 'Somebody' } }),
  logout: cookie => request('POST', '/api/auth/sign-out', { headers: { ...ORIGIN, cookie }, body: {} }),
  tokenIn: reply => /set-cookie: (better-auth\.session_token=[^;\r]+)/i.exec(reply.headers)?.[1] ?? '',
}

const ORIGIN = { origin: 'http://127.0.0.1' }

const accessOf = (pair: string): string => read(pair).accessToken ?? ''

/** The servers under test say what they are known to say. */
function read(json: string): { token?: string; tokens?: object; accessToken?: string } {
  return JSON.parse(json) as { token?: string; tokens?: object; accessToken?: string }
}

export const DIALECTS = { hand, latchkey, 'better-auth': betterAuth } as const

/** A started server. */
export interface Subject {
  recipe: Recipe
  dialect: Dialect
  port: number
  /** Milliseconds from starting the process to its first answer. */
  startedIn: number
  usage(): Promise<Usage>
  stop(): Promise<void>
}

export async function start(recipe: Recipe, database: string): Promise<Subject> {
  const began = performance.now()
  const running = await run(recipe.program, {
    BENCH_DATABASE: database,
    BENCH_HASH: recipe.hash,
    BENCH_CACHE: recipe.cache ?? '',
  })
  await once(running.port, request('GET', '/'))
  return {
    recipe,
    dialect: DIALECTS[recipe.program],
    port: running.port,
    startedIn: performance.now() - began,
    usage: () => running.ask<Usage>('usage'),
    stop: () => running.stop(),
  }
}

/** A measured program that listens. */
export interface Running {
  port: number
  /** Questions that `systems/child.ts` answers. */
  ask<T>(question: 'usage' | 'settle' | 'heard'): Promise<T>
  stop(): Promise<void>
}

/** Starts one of `systems/`, with these settings. */
export async function run(program: string, settings: Readonly<Record<string, string>>, execArgv: string[] = []): Promise<Running> {
  const child = fork(fileURLToPath(new URL(`./systems/${program}.js`, import.meta.url)), {
    env: { ...process.env, NODE_ENV: '', ...settings },
    execArgv,
    stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
  })
  const { port } = await message<{ port: number }>(child)
  return {
    port,
    async ask<T>(question: string) {
      const answer = message<T>(child)
      child.send(question)
      return answer
    },
    async stop() {
      if (child.connected) child.disconnect()
      if (child.exitCode === null) await event(child, 'exit')
    },
  }
}

/** The next thing the child says. */
async function message<T>(child: ChildProcess): Promise<T> {
  const either = new AbortController()
  const gone = event(child, 'exit', either).then(([code]) => {
    throw new Error(`a measured server ended with ${code}`)
  })
  try {
    const heard: unknown[] = await Promise.race([event(child, 'message', either), gone])
    return heard[0] as T
  } finally {
    gone.catch(() => {})
    either.abort()
  }
}

/** Sends one request over and over. */
export const repeat = (bytes: Buffer): Script => ({ next: () => bytes })
