/** What this edge can serve: anything that turns a parsed request into a finished answer, such as `restTransport`. */

/** A request, taken from `node:http` with its names kept. */
export interface Call {
  readonly method: string
  readonly url: string
  readonly headers: Readonly<Record<string, string | string[] | undefined>>
  /** Address of the peer; empty when unknown. */
  readonly ip: string
  readonly encrypted: boolean
  /** Rejects with an `AccountsError` when the body is longer than `limit`, late, or broken off. */
  body(limit: number): Promise<Uint8Array>
}

/** A finished answer. */
export interface Reply {
  readonly status: number
  /** Names and values in turn, `content-length` included. */
  readonly headers: readonly string[]
  readonly body: string
}

/** The part of a transport that this edge uses. */
export interface Served {
  /** False: somebody else may answer at this target. */
  knows(target: string): boolean
  /** Must neither throw nor reject. */
  handle(call: Call): Reply | Promise<Reply>
}
