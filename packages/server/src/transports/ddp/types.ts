/** The shapes around a DDP server: what an app's methods and publications are given, and what a socket has to offer. */
import type { Connection } from '../../wire/connection.ts'

/** What `this` is inside of a method. */
export interface MethodInvocation {
  /** Who is signed in on the connection. */
  readonly userId: string | null
  /**
   * Signs the connection in as that user, or out: every publication is run anew, and the client is sent the differences before the promise is kept.
   * Rejects after {@link MethodInvocation.unblock} and where the server itself made the call.
   */
  setUserId(id: string | null): Promise<void>
  /** Null where the server itself made the call. */
  readonly connection: Connection | null
  /** Lets the client's next message begin before this method has ended. */
  unblock(): void
  readonly isSimulation: false
  /** What the client seeded its ids with, if it did. */
  readonly randomSeed?: string
}

/** What `this` is inside of a publication. */
export interface Publication {
  readonly userId: string | null
  readonly connection: Connection
  /** Tells the client that all it asked for has arrived. May be handed on as it is. */
  readonly ready: () => void
  /** A document came into the set. `fields` are its top-level members. */
  added(collection: string, id: unknown, fields: Readonly<Record<string, unknown>>): void
  /** Members of a document changed; those that are undefined are gone. */
  changed(collection: string, id: unknown, fields: Readonly<Record<string, unknown>>): void
  /** A document left the set. */
  removed(collection: string, id: unknown): void
  /** Ends the subscription; the client is told why. */
  error(error: unknown): void
  /** Ends the subscription; its documents leave the client. */
  stop(): void
  /** Calls the listener when the subscription ends, whatever ends it; at once when it has ended. */
  onStop(listener: () => unknown): void
  /** Lets the client's next message begin before this handler has ended. */
  unblock(): void
}

/** A query that publishes itself, as Meteor's cursors do: tells all it has, then what changes until the publication stops. */
export interface PublishedCursor {
  _publishCursor(publication: Publication): unknown
  /** The collection it is of; two of the same cannot be published together. */
  _getCollectionName?(): string
}

// Parameters come from a client and may be anything; a handler that declares types for them has to check them, or the compiler would be asked for a lie.
// oxlint-disable-next-line typescript/no-explicit-any
type Params = any[]
/** An app's method. What it returns, or what its promise becomes, is the result. */
export type MethodHandler = (this: MethodInvocation, ...params: Params) => unknown
/** An app's publication. Returns a cursor, several of different collections, or nothing when it tells its documents by itself. */
export type PublishHandler = (this: Publication, ...params: Params) => unknown

/** Asked before each method and each subscription of a client; never before calls of the server itself. */
export interface RateLimiterPort {
  /** @throws MeteorError `too-many-requests` to refuse */
  check(input: {
    type: 'method' | 'subscription'
    name: string
    userId: string | null
    connectionId: string
    clientAddress: string | null
  }): Promise<void> | void
}
