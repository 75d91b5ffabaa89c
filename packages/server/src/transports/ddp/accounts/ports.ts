/** What accounts and a DDP server have to offer each other. */
import type { FieldSelector } from '@latchkey/common/meteor'
import type { Accounts } from '../../../core/accounts.ts'
import type { User } from '../../../core/identity/user.ts'
import type { Connection } from '../../../wire/connection.ts'
import type { MethodHandler, PublishHandler, RateLimiterPort } from '../types.ts'

/** What a DDP server needs of accounts: `AccountsServer` of any face is one. */
export interface AccountsOnDdp {
  readonly accounts: Accounts
  /** How Meteor's face shapes and publishes. What is absent has the default of a server of another face. */
  readonly ddp?: AccountsDdpFace
}

/** The say of Meteor's face in what is published and configured over DDP. Each is asked anew at every use. */
export interface AccountsDdpFace {
  /** The fields of the signed-in user that are published to them. @default `{ profile: 1, username: 1, emails: 1 }` */
  publishFields?(): FieldSelector
  /** A user as a document, `_id` and all; hashes, tokens and secrets never among it. @default `_id`, `createdAt`, `username`, `emails` and the app's own fields */
  document?(user: User): Record<string, unknown>
  /** Name of the published collection. @default `users` */
  collection?(): string
  /** Judges each call and subscription; throws to refuse one. @default nobody is refused here; the limits of the core stand in any case */
  readonly rateLimiter?: RateLimiterPort
  /** How the app is known at providers. @default nothing is published, and nobody configures anything */
  readonly serviceConfiguration?: ServiceConfigurationPort
  /** Further methods by name: those by which Meteor's clients change users. @default none */
  methods?(): Readonly<Record<string, MethodHandler>>
  /** Handed who holds what over DDP, once. */
  attached?(connections: AttachedConnections): void
}

/** How the app is known at providers. */
export interface ServiceConfigurationPort {
  /** What anybody may see: a document for each service, without its secret. */
  publicDocuments(): Promise<readonly { readonly _id: string; readonly [field: string]: unknown }[]>
  /** Tells when they may have changed. */
  watch(listener: () => void): () => void
  /** Configures a service that has no configuration yet. Throws a `MeteorError` for callers who may not, and whatever else refuses. */
  configure(
    document: unknown,
    caller: { userId: string | null; clientAddress: string | null; httpHeaders: Readonly<Record<string, string>> },
  ): Promise<void>
}

/** Which login token each connection holds. */
export interface AttachedConnections {
  /** SHA-256 of the login token a connection signed in with, in base64 as Meteor's `_hashLoginToken` writes it; undefined when it holds none. */
  hashedLoginToken(connectionId: string): string | undefined
}

/** What accounts need of a DDP server. */
export interface DdpHost {
  methods(named: Readonly<Record<string, MethodHandler>>): void
  publish(name: string | null, handler: PublishHandler): void
}

/** What a DDP server asks of the accounts that are attached to it. */
export interface AccountsGate {
  /** A connection came, with a login cookie that it may use. Answers who is signed in by it; null: nobody. */
  arrive(connection: Connection, loginCookie: string): Promise<string | null>
  /** Meteor's rate rules, asked before each method and subscription of a client. */
  readonly rateLimiter: RateLimiterPort | undefined
  /** Asked after those: is the session behind the connection still good? Closes the connection and throws when it is not. */
  admit(connection: Connection): Promise<void>
  /** After each method, before its writes are said to be visible: what it changed about the user who is signed in there is published. */
  settle(connection: Connection): Promise<void>
  /** With the end of the DDP server. */
  stop(): void
}
