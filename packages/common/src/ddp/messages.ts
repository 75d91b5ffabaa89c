/** The messages of DDP, version 1, one JSON object each. `fields`, `params` and `result` are EJSON. */
import type { MeteorErrorFields } from '../meteor/meteor-error.ts'

/** Versions of the protocol we speak, best first. */
export const DDP_VERSIONS = ['1', 'pre2', 'pre1'] as const
/** One of {@link DDP_VERSIONS}. */
export type DdpVersion = (typeof DDP_VERSIONS)[number]

/** The first message of a client. */
export interface ConnectMessage {
  msg: 'connect'
  version: string
  /** In the order of its liking. */
  support: readonly string[]
  /** The session to take up again; servers that cannot ignore it. */
  session?: string
  /** How many messages arrived so far, `ping` and `pong` left out. Sent with 0 from the start, it asks for a session that can be taken up again. */
  receivedCount?: number
  /** What `connected` handed out to take the session up with. */
  resume?: string
}
/** Calls a method. Answered with both `result` and `updated`. */
export interface MethodMessage {
  msg: 'method'
  id: string
  method: string
  params?: readonly unknown[]
  randomSeed?: string
}
/** Subscribes to a publication. Answered with `ready` or `nosub`, sooner or later. */
export interface SubMessage {
  msg: 'sub'
  id: string
  name: string
  params?: readonly unknown[]
}
/** Ends a subscription. Answered with `nosub`. */
export interface UnsubMessage {
  msg: 'unsub'
  id: string
}
/** Asks for a `pong`, from either side. */
export interface PingMessage {
  msg: 'ping'
  id?: string
}
/** The answer to `ping`, with its id. */
export interface PongMessage {
  msg: 'pong'
  id?: string
}
/** A client's goodbye: its session need not be kept. */
export interface DisconnectMessage {
  msg: 'disconnect'
}
/** All that clients send. */
export type ClientMessage = ConnectMessage | MethodMessage | SubMessage | UnsubMessage | PingMessage | PongMessage | DisconnectMessage

/** The handshake is done. */
export interface ConnectedMessage {
  msg: 'connected'
  session: string
  /** For a client that asked: the secret to take the session up with, good once. */
  resume?: string
}
/** The handshake failed; the server closes the socket. */
export interface FailedMessage {
  msg: 'failed'
  /** The version to try instead. */
  version: string
}
/** A document the client did not have. */
export interface AddedMessage {
  msg: 'added'
  collection: string
  id: string
  fields?: Record<string, unknown>
}
/** Members of a document that changed, and those that are gone. */
export interface ChangedMessage {
  msg: 'changed'
  collection: string
  id: string
  fields?: Record<string, unknown>
  cleared?: string[]
}
/** A document the client has no longer. */
export interface RemovedMessage {
  msg: 'removed'
  collection: string
  id: string
}
/** All that these subscriptions had to tell at first was sent. */
export interface ReadyMessage {
  msg: 'ready'
  subs: string[]
}
/** A subscription is over; with an error, it failed. */
export interface NosubMessage {
  msg: 'nosub'
  id: string
  error?: MeteorErrorFields
}
/** What a method returned, or why it failed. Neither: it returned nothing. */
export interface ResultMessage {
  msg: 'result'
  id: string
  error?: MeteorErrorFields
  result?: unknown
}
/** What these methods changed was sent. */
export interface UpdatedMessage {
  msg: 'updated'
  methods: string[]
}
/** A message was not understood. */
export interface ErrorMessage {
  msg: 'error'
  reason: string
  offendingMessage?: unknown
}
/** All that servers send. */
export type ServerMessage =
  | ConnectedMessage
  | FailedMessage
  | AddedMessage
  | ChangedMessage
  | RemovedMessage
  | ReadyMessage
  | NosubMessage
  | ResultMessage
  | UpdatedMessage
  | ErrorMessage
  | PingMessage
  | PongMessage
