/** `@latchkey/server/fastify`: accounts inside a Fastify app. */
import type { AccountsServer } from '../accounts-server.ts'
import { headOf, readBody } from '../transports/node/index.ts'
import type { NodeHandler } from '../transports/node/index.ts'
import type { RestReply } from '../transports/rest/index.ts'
import { loaderOf, mountedRest } from './mount.ts'
import type { LoadedUser, MountOptions } from './mount.ts'

export type { LoadedUser, MountOptions } from './mount.ts'

/** What is used of Fastify's request. */
export interface FastifyRequestLike {
  readonly raw: Parameters<NodeHandler>[0]
}

/** What is used of Fastify's reply. */
export interface FastifyReplyLike {
  code(status: number): unknown
  header(name: string, value: unknown): unknown
  send(body: unknown): unknown
  callNotFound(): unknown
}

/** What is used of a Fastify instance. */
export interface FastifyLike {
  readonly prefix: string
  removeAllContentTypeParsers(): unknown
  addContentTypeParser(type: string, parser: (request: unknown, payload: unknown, done: (error: Error | null) => void) => void): unknown
  all(path: string, handler: (request: FastifyRequestLike, reply: FastifyReplyLike) => Promise<unknown>): unknown
}

/** A plugin. Fastify's own types accept it; none of them is needed here. */
export type FastifyPlugin = (fastify: FastifyLike, options: unknown, done: (error?: Error) => void) => void

/** Milliseconds a body may take to arrive. */
const BODY_TIMEOUT = 10_000

/**
 * All REST routes as a plugin: `app.register(accountsFastify(accountsServer))`, with a `prefix` if you like. Answers pass through Fastify's reply, so
 * its hooks and logs see them. What is below our path and no route of ours is Fastify's 404.
 * @throws AccountsError `InvalidSettings` for unknown and malformed options
 * @example
 * import Fastify from 'fastify'
 * import { AccountsServer } from '@latchkey/server'
 * import { accountsFastify, userLoader } from '@latchkey/server/fastify'
 * import type { LoadedUser } from '@latchkey/server/fastify'
 *
 * export function appOf(accountsServer: AccountsServer) {
 *   const app = Fastify()
 *   app.register(accountsFastify(accountsServer))
 *   app.get('/me', { preHandler: userLoader(accountsServer) }, async request => (request as LoadedUser & typeof request).user ?? null)
 *   return app
 * }
 */
export function accountsFastify(accountsServer: AccountsServer, options: MountOptions = {}): FastifyPlugin {
  const rest = mountedRest(accountsServer, options)
  return (fastify, _options, done) => {
    const { prefix } = fastify
    // Only inside this plugin: bodies are left unread, for REST reads them with its own limits and refusals.
    fastify.removeAllContentTypeParsers()
    fastify.addContentTypeParser('*', (_request, _payload, parsed) => parsed(null))
    fastify.all(`${rest.path}/*`, async ({ raw }, reply) => {
      const target = (raw.url ?? '/').slice(prefix.length)
      if (!rest.has(target)) return reply.callNotFound()
      const call = { ...headOf(raw, target), body: (limit: number) => readBody(raw, limit, BODY_TIMEOUT, () => {}) }
      return send(reply, await rest.handle(call))
    })
    done()
  }
}

/**
 * A hook (`preHandler`, `onRequest`) that puts `user`, `userId`, `authToken`, `sessionId`, `isImpersonated` and `infos` on the request; see
 * {@link LoadedUser}. Refuses nobody.
 */
export function userLoader(accountsServer: AccountsServer, options: MountOptions = {}): (request: FastifyRequestLike) => Promise<void> {
  const load = loaderOf(accountsServer, options)
  return async request => {
    const loaded: LoadedUser = await load(headOf(request.raw))
    Object.assign(request, loaded)
  }
}

function send(reply: FastifyReplyLike, { status, headers, body }: RestReply): unknown {
  reply.code(status)
  for (let at = 0; at < headers.length; at += 2) {
    // Fastify counts the bytes itself, and gathers repeated cookies.
    if (headers[at] !== 'content-length') reply.header(headers[at] ?? '', headers[at + 1])
  }
  return reply.send(body)
}
