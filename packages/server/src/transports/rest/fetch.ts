/** The edge for hosts that speak Fetch. `Request` and `Response` stay in this file. */
import { AccountsError } from '@latchkey/common'
import type { RestCall, RestReply } from './call.ts'

/** What a Fetch request does not tell. */
export interface Peer {
  /** Address on the other end of the connection. */
  ip?: string
}

interface Handler {
  handle(call: RestCall): RestReply | Promise<RestReply>
}

/** Answers a Fetch request with what the handler says. */
export async function answerFetch(handler: Handler, request: Request, peer: Peer = {}): Promise<Response> {
  const { status, headers, body } = await handler.handle(callOfRequest(request, peer))
  const pairs = new Headers()
  for (let at = 0; at < headers.length; at += 2) pairs.append(headers[at] ?? '', headers[at + 1] ?? '')
  return new Response(request.method === 'HEAD' || status === 204 ? null : body, { status, headers: pairs })
}

/** A Fetch request as REST sees it. */
export function callOfRequest(request: Request, peer: Peer = {}): RestCall {
  const { protocol, pathname, search, host } = new URL(request.url)
  return {
    method: request.method,
    url: `${pathname}${search}`,
    // Requests that were made by a program rather than parsed from a connection have no `Host`; their address says the same.
    headers: { host, ...Object.fromEntries(request.headers) },
    // Some hosts pass something else of their own as the second argument.
    ip: typeof peer.ip === 'string' ? peer.ip : '',
    encrypted: protocol === 'https:',
    body: limit => readStream(request.body, limit),
  }
}

async function readStream(stream: ReadableStream<Uint8Array> | null, limit: number): Promise<Uint8Array> {
  const chunks: Uint8Array[] = []
  let length = 0
  try {
    for await (const chunk of stream ?? []) {
      length += chunk.length
      if (length > limit) break
      chunks.push(chunk)
    }
  } catch (cause) {
    throw new AccountsError('InvalidInput', { message: 'The body could not be read', details: { field: 'body' }, cause })
  }
  if (length > limit) throw new AccountsError('PayloadTooLarge')
  return Buffer.concat(chunks)
}
