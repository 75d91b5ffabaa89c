/** How messages stand in the frames of a WebSocket: bare, or wrapped as SockJS wraps them. */

/** One way to wrap. */
export interface Framing {
  /** Sent when the socket opens. */
  readonly hello: string | null
  /** Sent now and then over a socket that has nothing to say. */
  readonly heartbeat: string | null
  wrap(message: string): string
  /** The messages of a frame, or null when it is malformed. */
  unwrap(frame: string): string[] | null
  /** The last frame before the socket closes. */
  farewell(code: number, reason: string): string | null
}

/** One message to a frame: `/websocket`. */
export const BARE: Framing = {
  hello: null,
  heartbeat: null,
  wrap: message => message,
  unwrap: frame => [frame],
  farewell: () => null,
}

/** SockJS protocol 0.3.3: `o`, `h`, `a[…]` and `c[…]` from us; one text or an array of texts, as JSON, from the client. */
export const SOCKJS: Framing = {
  hello: 'o',
  heartbeat: 'h',
  wrap: message => `a${JSON.stringify([message])}`,
  unwrap: unwrapSockJs,
  farewell: (code, reason) => `c${JSON.stringify([code, reason])}`,
}

function unwrapSockJs(frame: string): string[] | null {
  // Its clients may send nothing, and mean it.
  if (frame === '') return []
  try {
    const parsed: unknown = JSON.parse(frame)
    const messages: unknown[] = Array.isArray(parsed) ? parsed : [parsed]
    return messages.every(message => typeof message === 'string') ? messages : null
  } catch {
    return null
  }
}
