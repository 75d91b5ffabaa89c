/** What a socket and the DDP that is spoken over it know of each other. */

/** One client's socket, whatever it is made of: a frame is the text of one DDP message. */
export interface DdpWire {
  send(frame: string): void
  /** Closes in good order; what was sent before still goes out, unless the reader is too slow for that. */
  close(): void
  /** Bytes that were sent and have not left this machine yet. */
  readonly buffered: number
}

/** What is known of whoever opened a socket. */
export interface DdpFacts {
  /** Of proxies only what trusted ones said. Null when unknown. */
  clientAddress: string | null
  /** Those that tell something about the client and prove nothing: no cookies, no authorization. Names in lower case. */
  httpHeaders: Record<string, string>
  /** The resume secret in the browser's cookie; only when a page that may use it opened the socket. */
  loginCookie?: string
}

/** The other end: takes what the socket receives. */
export interface DdpReceiver {
  receive(frame: string): void
  /** The socket is closed, by whomever. Called once. */
  gone(): void
}
