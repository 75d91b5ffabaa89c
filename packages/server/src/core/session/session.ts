import type { User } from '../identity/user.ts'
import type { RefreshChain } from './refresh-chain.ts'
import type { SecretHash } from './secret.ts'

/** One way a user proved themselves when the session was opened, and when. */
export interface Factor {
  /** For example `password`, `totp`, `reset-link`. */
  name: string
  /** Two factors count as two only when their kinds differ. `trusted`: somebody vouched: the app, an administrator, an OAuth provider. */
  kind: 'knows' | 'holds' | 'is' | 'receives' | 'trusted'
  at: number
}

/** A signed-in device. `id` and `handle` name it and prove nothing. */
export interface Session {
  id: string
  userId: string
  /** accounts-js's session token, `data.token` of the access token. A handle, never accepted as proof. */
  handle: string
  /** Goes up when `createNewSessionTokenOnRefresh` changes the handle, so that older access tokens die. */
  generation: number
  /** The user's epoch when it was opened. */
  epoch: number
  createdAt: number
  activeAt: number
  /** Milliseconds without activity after which it is over; null: never. */
  idle: number | null
  /** When it is over however active it was. */
  expiresAt: number
  endedAt?: number
  endReason?: EndReason
  ip: string | null
  userAgent: string | null
  /** `Firefox on Linux`. */
  device: string
  factors: Factor[]
  impersonatorId?: string
  /** The administrator's own session: when that ends, this ends. */
  impersonatorSessionId?: string
  /** Anything else the transport told about the connection. */
  extra: Record<string, unknown>
}

export const END_REASONS = [
  'logout',
  'revoked',
  'password-changed',
  'deactivated',
  'deleted',
  'reused-refresh',
  'impersonator-ended',
  'replaced',
] as const
/** Why a session ended before its time. */
export type EndReason = (typeof END_REASONS)[number]

/** A session with the hashes it is found and refreshed by. Stays between core and store. */
export interface NewSession extends Session {
  /** SHA-256 of the resume secret (browser cookie, Meteor's login token); absent in bearer mode. */
  resumeHash?: SecretHash
  /** Absent in cookie mode. */
  refresh?: RefreshChain
}

/** A session and its user, as one read brings them. */
export interface SessionAndUser {
  session: Session
  user: User
}

/** When the session is over by itself. */
export const deadline = (session: Session): number =>
  session.idle === null ? session.expiresAt : Math.min(session.expiresAt, session.activeAt + session.idle)

/** The whole rule for "this session is good". Every check, on every transport, comes down to this line. */
export const isLive = ({ session, user }: SessionAndUser, now: number): boolean =>
  session.endedAt === undefined && now < deadline(session) && session.epoch === user.epoch && user.deactivatedAt === undefined

/**
 * What guesses made from inside a session are counted by. A session and its twins are as old as each other, to the millisecond, and count as one: whoever holds
 * one could make twin after twin for fresh tries.
 */
export const guesserOf = ({ userId, createdAt }: Pick<Session, 'userId' | 'createdAt'>): string => `session:${userId}:${createdAt}`

/** Not over in any way, but of another epoch than its user: what raised the one has not come to the other yet, or never will. */
export const isBetweenEpochs = ({ session, user }: SessionAndUser, now: number): boolean =>
  isLive({ session: { ...session, epoch: user.epoch }, user }, now) && session.epoch !== user.epoch
