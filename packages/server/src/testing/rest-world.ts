/** A world that is served over HTTP, and a caller that is no browser: it sends what it is told, byte for byte. */
import type { CreateUserResult, LoginResult, PublicUser, RefreshResult } from '@latchkey/common'
import { restTransport } from '../transports/rest/index.ts'
import type { RestOptions, RestTransport } from '../transports/rest/index.ts'
import { serve } from '../transports/node/index.ts'
import type { ServeOptions } from '../transports/node/index.ts'
import { newWorld, PASSWORD } from './index.ts'
import type { World, WorldOptions } from './index.ts'

/** How a world over HTTP is made. */
export interface RestWorldOptions extends WorldOptions {
  rest?: RestOptions
  serve?: ServeOptions
}

/** What to send beside method and path. */
export interface Sending {
  /** Sent as JSON, with its type. */
  json?: unknown
  /** Sent as it is, without a type. */
  raw?: string | Uint8Array<ArrayBuffer>
  headers?: Record<string, string>
}

/** Fields of our answers, all together. A test knows which of them it asked for, and fails on `undefined` where it was mistaken. */
export type Fields = LoginResult &
  RefreshResult &
  PublicUser &
  Required<CreateUserResult> & { message: string; code: string | undefined; details: Record<string, unknown>; loginResult: LoginResult }

/** An answer, read to its end. */
export interface Received<Body = Fields> {
  status: number
  headers: Headers
  /** Parsed JSON, taken for what the test expects. */
  body: Body
  text: string
  cookies: string[]
}

/** A world with a server in front. */
export interface RestWorld extends World {
  url: string
  /** Where the server listens, as a page of its own would name it. */
  siteOrigin: string
  rest: RestTransport
  /** Every answer so far. */
  received: Received<unknown>[]
  send<Body = Fields>(method: string, path: string, sending?: Sending): Promise<Received<Body>>
  /** POST with a JSON body. */
  post<Body = Fields>(path: string, json: unknown, headers?: Record<string, string>): Promise<Received<Body>>
  get<Body = Fields>(path: string, headers?: Record<string, string>): Promise<Received<Body>>
  /** Headers of a user who signed in with tokens; created when needed. */
  bearer(name: string): Promise<{ authorization: string }>
  /** Headers of a browser in which a user signed in; created when needed. */
  browser(name: string): Promise<{ cookie: string; origin: string }>
}

/** Serves a fresh world on a free port of loopback. */
export async function restWorld({
  rest: restOptions = {},
  serve: serveOptions = {},
  ...options
}: RestWorldOptions = {}): Promise<RestWorld> {
  const world = await newWorld(options)
  const rest = restTransport(world.server.accounts, restOptions)
  const running = await serve(rest, { port: 0, ...serveOptions })
  const received: Received<unknown>[] = []

  async function send<Body = Fields>(method: string, path: string, { json, raw, headers = {} }: Sending = {}): Promise<Received<Body>> {
    const type = json === undefined ? {} : { 'content-type': 'application/json' }
    const body = json === undefined ? raw : JSON.stringify(json)
    const answer = await fetch(`${running.url}${path}`, {
      method,
      headers: { ...type, ...headers },
      ...(body === undefined ? {} : { body }),
    })
    const text = await answer.text()
    const all: Received<unknown> = {
      status: answer.status,
      headers: answer.headers,
      body: parse(text),
      text,
      cookies: answer.headers.getSetCookie(),
    }
    received.push(all)
    // What the test says it is.
    return all as Received<Body>
  }
  const post = <Body = Fields>(path: string, json: unknown, headers?: Record<string, string>): Promise<Received<Body>> =>
    send<Body>('POST', path, { json, ...(headers ? { headers } : {}) })
  const credentials = async (name: string): Promise<object> => {
    if (!(await world.server.accounts.lookUp(name))) await world.createUser(name)
    return { user: { username: name }, password: PASSWORD }
  }
  const close = async (): Promise<void> => {
    await running.close()
    await world.close()
  }
  return {
    ...world,
    url: running.url,
    siteOrigin: running.url,
    rest,
    received,
    send,
    post,
    get: (path, headers) => send('GET', path, headers ? { headers } : {}),
    async bearer(name) {
      const { tokens } = await world.loginAs(name)
      return { authorization: `Bearer ${tokens.accessToken}` }
    },
    async browser(name) {
      const page = { origin: running.url, 'x-latchkey-session': 'cookie' }
      const { cookies, text } = await post('/accounts/password/authenticate', await credentials(name), page)
      if (cookies.length === 0) throw new Error(`no cookie: ${text}`)
      return { cookie: cookies.map(cookie => cookie.slice(0, cookie.indexOf(';'))).join('; '), origin: running.url }
    },
    close,
    [Symbol.asyncDispose]: close,
  }
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}
