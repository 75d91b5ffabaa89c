/** The requests of many servers, in plain words. */
import type { PlainRequest } from './context.ts'

/** The part of a `node:http` request that matters here; Express, Fastify (`raw`) and `extra.request` of graphql-ws have it. */
export interface NodeRequestLike {
  headers: Readonly<Record<string, unknown>>
  socket?: { remoteAddress?: string | undefined; encrypted?: boolean } | null
}

/** The part of a `node:http` response that matters here. */
export interface NodeResponseLike {
  appendHeader(name: string, value: string): unknown
}

/** The part of a Fetch request that matters here. */
export interface FetchRequestLike {
  url: string
  headers: { forEach(callback: (value: string, name: string) => void): void }
}

/**
 * What a context can be made from: plain headers, what Apollo Server hands over (`{ req, res }`), what Yoga hands over (`{ request, req, res }`),
 * or nothing, for calls that come from no request. Where there is both, `req` is asked: a Fetch request does not know the peer's address.
 */
export type ContextSource =
  | PlainRequest
  | { req: NodeRequestLike; res?: unknown; request?: unknown }
  | { request: FetchRequestLike | NodeRequestLike; req?: undefined }
  | FetchRequestLike
  | undefined

/** Reads a source. What is no request at all has no headers. */
export function readSource(source: ContextSource): PlainRequest {
  const given: { req?: unknown; res?: unknown; request?: unknown; headers?: unknown } = source ?? {}
  const request = [given.req, given.request, given].find(one => isObject(one) && isObject(one['headers']))
  if (!isObject(request)) return { headers: {} }
  const setCookie = cookieSetter(given.res)
  if (isFetchRequest(request)) return { ...fromFetch(request), ...setCookie }
  if (request !== given) return { ...fromNode(request as unknown as NodeRequestLike), ...setCookie }
  // Of the kinds above only the plain one is left.
  return source as PlainRequest
}

function fromNode({ headers, socket }: NodeRequestLike): PlainRequest {
  return { headers, ip: socket?.remoteAddress ?? '', encrypted: socket?.encrypted === true }
}

function fromFetch(request: FetchRequestLike): PlainRequest {
  const { protocol, host } = URL.canParse(request.url) ? new URL(request.url) : { protocol: '', host: '' }
  // Requests that were made by a program rather than parsed from a connection have no `Host`; their address says the same.
  const headers: Record<string, string> = { host }
  request.headers.forEach((value, name) => {
    headers[name] = value
  })
  return { headers, encrypted: protocol === 'https:' }
}

function cookieSetter(res: unknown): Pick<PlainRequest, 'setCookie'> {
  if (!isObject(res) || typeof res['appendHeader'] !== 'function') return {}
  const response = res as unknown as NodeResponseLike
  return { setCookie: value => void response.appendHeader('set-cookie', value) }
}

const isObject = (value: unknown): value is Record<string, unknown> => typeof value === 'object' && value !== null

const isFetchRequest = (request: object): request is FetchRequestLike =>
  'headers' in request && isObject(request.headers) && typeof request.headers['forEach'] === 'function' && 'url' in request
