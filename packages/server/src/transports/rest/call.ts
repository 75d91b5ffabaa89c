/** A request and an answer as this transport sees them: parsed by some edge, free of Fetch objects and of `node:http`. */

/** A request. Whatever `node:http` calls `IncomingMessage` fits with a few fields renamed; so does a Fetch `Request`. */
export interface RestCall {
  readonly method: string
  /** Path and query as they stood in the request line, not decoded. */
  readonly url: string
  /** Names in lower case. */
  readonly headers: Readonly<Record<string, string | string[] | undefined>>
  /** Address of the peer on the other end of the connection; empty when unknown. */
  readonly ip: string
  /** The connection itself is TLS. */
  readonly encrypted: boolean
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

/** A header that may stand only once. Of several the first counts. */
export function headerOf(call: RestCall, name: string): string | undefined {
  const value = call.headers[name]
  return typeof value === 'string' ? value : value?.[0]
}

/** Requests that change nothing, and so may come from anywhere (RFC 9110, 9.2.1). */
export const isSafe = (method: string): boolean => method === 'GET' || method === 'HEAD' || method === 'OPTIONS'
