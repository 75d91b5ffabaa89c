/** A request and an answer as this transport sees them: parsed by some edge, free of Fetch objects and of `node:http`. */

import type { HttpRequest } from '../../wire/request.ts'

/** A request. Whatever `node:http` calls `IncomingMessage` fits with a few fields renamed; so does a Fetch `Request`. */
export interface RestCall extends HttpRequest {
  readonly method: string
  /** Path and query as they stood in the request line, not decoded. */
  readonly url: string
  /**
   * Reads the body; called at most once, and only for routes that have one.
   * Rejects with `PayloadTooLarge` when it is longer than `limit` bytes, and with any `AccountsError` when it cannot be read.
   */
  body(limit: number): Promise<Uint8Array>
}

/** An answer. */
export interface RestReply {
  readonly status: number
  /** Names and values in turn, as `node:http` takes them fastest. Complete, `content-length` included. */
  readonly headers: readonly string[]
  /** Empty for 204. An answer to HEAD has the body of GET here; the edge leaves it out. */
  readonly body: string
}

/** Requests that change nothing, and so may come from anywhere (RFC 9110, 9.2.1). */
export const isSafe = (method: string): boolean => method === 'GET' || method === 'HEAD' || method === 'OPTIONS'
