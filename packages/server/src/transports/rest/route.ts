import type { AccountsError, ErrorCode } from '@latchkey/common'
import type { Login } from '../../core/accounts.ts'
import type { SessionAndUser } from '../../core/session/session.ts'
import type { Origin } from '../../core/strategy.ts'
import type { WireMode } from '../../wire/caller.ts'
import type { Credential } from '../../wire/credential.ts'
import type { RestCall, RestReply } from './call.ts'
import type { Schema } from './schemas.ts'

/**
 * Who may call a route. It belongs to the route object that was matched and is asked before its `run`; nothing is ever decided by the text of
 * a URL.
 *
 * `anyone`: nobody is asked who they are. `known`: told who calls, or null. `holder`: gets the credential as it came. `session`: only with
 * a live session, else 401.
 */
export type Guard = 'anyone' | 'known' | 'holder' | 'session'

/** A request once it passed the guard, for `run`. */
export interface Visit<Body = unknown> {
  /** The request itself: for what the wire says beside the body. */
  readonly call: RestCall
  readonly body: Body
  /** Decoded values of `:name` in the pattern. */
  readonly params: Readonly<Record<string, string>>
  readonly origin: Origin
  readonly who: SessionAndUser | null
  readonly credential: Credential
  /** How the caller wants to keep a session that this call opens. */
  readonly mode: WireMode
}

/** What `run` found. Status 200 unless said otherwise. */
export interface Outcome {
  readonly value: unknown
  readonly status?: number
  /** A session was opened: the browser gets its cookies. */
  readonly opened?: Login | null
  /** The asking session is over: the browser's cookie goes. */
  readonly ended?: boolean
  /** How `opened` is kept, when it was settled before this request. @default the mode of the visit */
  readonly mode?: WireMode
  /** Sends the browser there (303) in place of an answer. */
  readonly redirect?: string
  /** Further `Set-Cookie` values. */
  readonly cookies?: readonly string[]
  /** Answers with this error all the same. */
  readonly refused?: AccountsError
}

/** One route. Made once, when the transport is. */
export interface Route {
  readonly method: 'GET' | 'POST'
  /** Below the transport's path, with `:name` for a part that varies. */
  readonly pattern: string
  readonly guard: Guard
  /** For OpenAPI, a sentence without a full stop. */
  readonly summary: string
  /** What the body must look like; without one the body is not even looked at. */
  readonly body?: Schema
  /** accounts-js's code for a field that is missing or of the wrong type. */
  readonly codes: Readonly<Record<string, ErrorCode>>
  readonly reply: Schema
  /** A session may begin here: the header that asks for a cookie counts. */
  readonly opensSession: boolean
  /** Called all the time and of no interest to an operator: logged at debug level. */
  readonly quiet: boolean
  /** Seconds for which anybody may keep a good answer. Without, it stays in no cache, as nothing of an account may. */
  readonly cachedFor?: number
  /** The answer without waiting, when it is at hand. */
  readonly instant?: (call: RestCall) => RestReply | undefined
  readonly run: (visit: Visit) => Promise<Outcome> | Outcome
}

/** What is written down for a route; the rest has defaults. */
export interface RouteDraft<Body, G extends Guard> {
  method?: Route['method']
  pattern: string
  guard: G
  summary: string
  body?: Schema<Body>
  codes?: Route['codes']
  reply: Schema
  opensSession?: boolean
  quiet?: boolean
  cachedFor?: number
  instant?: NonNullable<Route['instant']>
  run: (visit: Visit<Body> & (G extends 'session' ? { readonly who: SessionAndUser } : object)) => Promise<Outcome> | Outcome
}

/** Completes a draft. */
export function route<Body, G extends Guard>(draft: RouteDraft<Body, G>): Route {
  const { run, ...written } = draft
  return {
    method: 'POST',
    codes: {},
    opensSession: false,
    quiet: false,
    ...written,
    // The guard has seen to `who`, and `body` is what the schema made of it, before `run` is called.
    run: run as Route['run'],
  }
}

/** An outcome without more. */
export const ok = (value: unknown): Outcome => ({ value })

/** accounts-js answers `null` after a deed that has nothing to tell. */
export async function done(deed: Promise<void>): Promise<Outcome> {
  await deed
  return ok(null)
}
