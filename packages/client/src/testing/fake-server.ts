/** A small accounts server for the client's tests: real HTTP, sessions in memory, and a way to misbehave on demand. */
import { createServer } from 'node:http'
import type { IncomingMessage, ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { text } from 'node:stream/consumers'
import type { PublicUser } from '@latchkey/common'

/** One request as it arrived. */
export interface Seen {
  method: string
  route: string
  body: Record<string, unknown>
  headers: IncomingMessage['headers']
}

interface Reply {
  status?: number
  body?: unknown
  /** Sent in place of `body`, as it is. */
  raw?: string
  headers?: Record<string, string>
}

/** What a route answers once. A function runs when the request is there. */
type Scripted = Reply | 'hang up' | (() => Reply)

interface FakeSession {
  id: string
  user: PublicUser
  access: Set<string>
  refresh: string
  live: boolean
}

/** A token shaped like a JWT. Times in seconds. */
export const makeToken = (name: string, { iat = Date.now() / 1000, life = 5400 } = {}): string => {
  const part = (value: unknown): string => Buffer.from(JSON.stringify(value)).toString('base64url')
  return `${part({ alg: 'none' })}.${part({ iat: Math.floor(iat), exp: Math.floor(iat + life), jti: name, data: { userId: 'ü1' } })}.`
}

export class FakeServer {
  readonly seen: Seen[] = []
  readonly sessions: FakeSession[] = []
  readonly user: PublicUser = { id: 'u1', emails: [{ address: 'ada@example.com', verified: false }], deactivated: false }
  /** Life of an access token in seconds. */
  accessLife = 5400
  /** Seconds this server's clock is ahead. */
  ahead = 0
  #count = 0
  #scripted = new Map<string, Scripted[]>()
  readonly #server = createServer((request, response) => void this.#answer(request, response))

  async start(): Promise<this> {
    await new Promise<void>(resolve => this.#server.listen(0, '127.0.0.1', resolve))
    return this
  }

  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#server.closeAllConnections()
    await new Promise(resolve => this.#server.close(resolve))
  }

  /** The next requests to a route get these answers. */
  next(route: string, ...replies: Scripted[]): void {
    this.#scripted.set(route, [...(this.#scripted.get(route) ?? []), ...replies])
  }

  /** How often a route was asked. */
  asked(route: string): number {
    return this.seen.filter(one => one.route === route).length
  }

  /** Access tokens handed out so far are refused from now on; the sessions live. */
  distrustAccessTokens(): void {
    for (const session of this.sessions) session.access.clear()
  }

  endAll(): void {
    for (const session of this.sessions) session.live = false
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const route = (request.url ?? '').replace(/^\/accounts\//, '')
    const body = JSON.parse((await text(request)) || '{}') as Record<string, unknown>
    this.seen.push({ method: request.method ?? '', route, body, headers: request.headers })
    const scripted = this.#scripted.get(route)?.shift()
    if (scripted === 'hang up') return void request.socket.destroy()
    const reply = (typeof scripted === 'function' ? scripted() : scripted) ?? this.#reply(route, body, request)
    response.writeHead(reply.status ?? 200, { 'content-type': 'application/json', ...reply.headers })
    response.end(reply.raw ?? JSON.stringify(reply.body ?? null))
  }

  #reply(route: string, body: Record<string, unknown>, { headers }: IncomingMessage): Reply {
    const token = headers.authorization?.replace('Bearer ', '') ?? ''
    const inCookie = headers['x-latchkey-session'] === 'cookie'
    const cookie = /sid=(\w+)/.exec(headers.cookie ?? '')?.[1]
    const session = this.sessions.find(one => one.live && (one.access.has(token) || one.id === cookie))
    if (route === 'password/authenticate') {
      if (body['password'] !== 'correct horse') return refusal('InvalidCredentials', 'Invalid credentials')
      return this.open(inCookie)
    }
    if (route === 'password/register') return { body: { userId: 'u1' } }
    if (route === 'password/resetPassword') return this.open(inCookie)
    if (route === 'password/verifyAuthentication') return { body: true }
    if (route === 'user') return { body: session?.user ?? null }
    if (route === 'refreshTokens') return this.#refresh(body)
    if (route === 'logout') return this.#logout(session)
    if (route === 'impersonate') return { body: { authorized: true, ...this.#openSession({ ...this.user, id: 'u2' }) } }
    if (!session && /^sessions|^account|addEmail|removeEmail|changeEmail|changePassword/.test(route)) {
      return { status: 401, body: { message: 'Unauthorized' } }
    }
    if (route === 'account/delete') this.endAll()
    if (route === 'sessions') return { body: this.sessions.filter(one => one.live).map(one => ({ id: one.id, current: one === session })) }
    if (route === 'account/export') return { body: { user: session?.user } }
    if (route === 'settings')
      return { body: { signUpAllowed: true, passwordMinLength: 8, verificationMail: true, twoFactor: false, strategies: ['password'] } }
    return {}
  }

  open(inCookie = false): Reply {
    const { sessionId, tokens, user } = this.#openSession(this.user)
    if (!inCookie) return { body: { sessionId, tokens, user } }
    return { body: { sessionId, tokens: null, user }, headers: { 'set-cookie': `sid=${sessionId}; HttpOnly; Path=/` } }
  }

  #openSession(user: PublicUser): { sessionId: string; user: PublicUser; tokens: { accessToken: string; refreshToken: string } } {
    const session: FakeSession = { id: `s${++this.#count}`, user, access: new Set(), refresh: '', live: true }
    this.sessions.push(session)
    return { sessionId: session.id, user, tokens: this.#pair(session) }
  }

  #refresh(body: Record<string, unknown>): Reply {
    const session = this.sessions.find(one => one.refresh === body['refreshToken'])
    if (!session?.live) return refusal('InvalidSession', 'Session is no longer valid')
    return { body: { sessionId: session.id, tokens: this.#pair(session), user: session.user, infos: { ip: '', userAgent: '' } } }
  }

  #logout(session: FakeSession | undefined): Reply {
    if (!session) return refusal('InvalidSession', 'Session is no longer valid')
    session.live = false
    return {}
  }

  #pair(session: FakeSession): { accessToken: string; refreshToken: string } {
    const iat = Date.now() / 1000 + this.ahead
    const accessToken = makeToken(`a${++this.#count}`, { iat, life: this.accessLife })
    session.access.add(accessToken)
    session.refresh = makeToken(`r${this.#count}`, { iat, life: 604_800 })
    return { accessToken, refreshToken: session.refresh }
  }
}

export const refusal = (code: string, message: string): Reply => ({ status: 400, body: { message, code } })
