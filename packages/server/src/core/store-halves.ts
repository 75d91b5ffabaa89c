/** What the two halves of a store have to offer each other, when users and sessions are kept in different databases. */
import type { User } from './identity/user.ts'
import type { SecretHash } from './session/secret.ts'
import type { EndReason, NewSession, Session } from './session/session.ts'
import type { Along, OpeningAlong, RotateOutcome, Rotation } from './store.ts'

/** The users' half of a deed whose sessions are kept in another database. */
export interface UsersAlone {
  /** Raises the epoch by one, so that no earlier session is good any more. False when the user is gone. */
  bumpEpoch(userId: string, now: number): Promise<boolean>
}

/**
 * The sessions' half of deeds whose users are kept in another database. Nothing here, and none of `end`, `list`, `touch` and `sweep` of
 * `SessionStore`, asks whether the user exists.
 */
export interface SessionsAlone {
  /** As `SessionStore.open`. */
  open(session: NewSession, along?: OpeningAlong): Promise<boolean>
  find(by: { id: string } | { resume: SecretHash }): Promise<Session | null>
  /** As in {@link LoginCandidate}. */
  deviceSeen(userId: string, device: string): Promise<boolean>
  /** As `SessionStore.rotate`; `user` was read a moment ago. Had they changed since, the epoch would tell at the next check. */
  rotate(rotation: Rotation, user: User): Promise<RotateOutcome>
  /** As `SessionStore.endAll`. The session that is kept moves from one epoch to the other, if that is where it is. */
  endAll(userId: string, reason: EndReason, now: number, keep?: KeptSession, along?: Along): Promise<string[]>
  /**
   * Ends all that a user impersonates, but for what comes from the session that is kept. `endAll` and `forget` do so too; this is done before the
   * users' half, because no epoch reaches into the accounts of others.
   */
  endImpersonated(userId: string, now: number, keptSessionId?: string): Promise<void>
  /** For a user who was removed: deletes their sessions, ends those impersonated from them, takes ip, agent and data from their audit lines. */
  forget(userId: string, now: number): Promise<void>
}

/** The one session that outlives the others. */
export interface KeptSession {
  sessionId: string
  epoch?: { from: number; to: number }
}
