/** A world that is served over HTTP, and a caller that is no browser: it sends what it is told, byte for byte. */
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

/** An answer, read to its end. */
export interface Received {
  status: number
  headers: Headers
  /** Parsed JSON; any shape, for tests look into it freely. */
  body: any // oxlint-disable-line typescript/no-explicit-any
  text: string
  cookies: string[]
}

/** A world with a server in front. */
export interface RestWorld extends World {
  url: string
  /** Where the server listens, as a page of its own would name it. */
  siteOrigin: string
  rest: RestTransport
  send(method: string, path: string, sending?: Sending): Promise<Received>
  /** POST with a JSON body. */
  post(path: string, json: unknown, headers?: Record<string, string>): Promise<Received>
  get(path: string, headers?: Record<string, string>): Promise<Received>
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

  const send = async (method: string, path: string, { json, raw, headers = {} }: Sending = {}): Promise<Received> => {
    const type = json === undefined ? {} : { 'content-type': 'application/json' }
    const body = json === undefined ? raw : JSON.stringify(json)
    const answer = await fetch(`${running.url}${path}`, {
      method,
      headers: { ...type, ...headers },
      ...(body === undefined ? {} : { body }),
    })
    const text = await answer.text()
    return { status: answer.status, headers: answer.headers, body: parse(text), text, cookies: answer.headers.getSetCookie() }
  }
  const post = (path: string, json: unknown, headers?: Record<string, string>): Promise<Received> =>
    send('POST', path, { json, ...(headers ? { headers } : {}) })
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
