import { AccountsError } from '@latchkey/common'
import type { SessionInfo } from '@latchkey/common'
import { auditEvent } from '../audit/record.ts'
import type { Core } from '../core.ts'
import { refuseImpersonated } from '../policy/may-change.ts'
import { findByAccessToken } from '../session/check.ts'
import { deadline, isLive } from '../session/session.ts'
import type { Session, SessionAndUser } from '../session/session.ts'
import type { Origin } from '../strategy.ts'
import { changed } from './changed.ts'

/** Which sessions a logout ends: the asking one, every other, or all. */
export const LOGOUT_SCOPES = ['this', 'others', 'all'] as const
/** One of {@link LOGOUT_SCOPES}. */
export type LogoutScope = (typeof LOGOUT_SCOPES)[number]

/**
 * Signs out. Effective on the very next check in this process, and within a second in every other. Whoever acts as another user may leave, and signs
 * nobody else out.
 * @throws AccountsError `Forbidden`
 */
export async function logout(core: Core, who: SessionAndUser, scope: LogoutScope, from: Origin, accessToken?: string): Promise<void> {
  const { session, user } = who
  // The session itself says who is behind it, whether or not the request told.
  const origin = { ...from, session }
  if (scope !== 'this') refuseImpersonated(who, 'end other sessions')
  if (scope === 'this') {
    await core.store.sessions.end(session.id, 'logout', core.clock.now(), {
      audit: [auditEvent(core, 'logout', origin, { userId: user.id, sessionId: session.id })],
    })
  } else {
    await core.store.sessions.endAll(user.id, 'logout', core.clock.now(), scope === 'others' ? session.id : undefined, {
      audit: [auditEvent(core, 'sessions-ended', origin, { userId: user.id, sessionId: session.id, data: { scope } })],
    })
  }
  await changed(core, user.id)
  if (scope !== 'others') await core.hooks.tell('logout', { session, user, ...(accessToken === undefined ? {} : { accessToken }) })
}

/**
 * Signs out by access token, also an expired one: whoever still holds it may end the session.
 * @throws AccountsError `InvalidToken`, `TokenVerificationFailed`, `SessionNotFound`, `InvalidSession`
 */
export async function logoutByToken(core: Core, accessToken: unknown, origin: Origin): Promise<void> {
  try {
    const found = await findByAccessToken(core, accessToken, 'accept')
    if (!isLive(found, core.clock.now())) throw new AccountsError('InvalidSession')
    // `findByAccessToken` refuses anything but a string.
    await logout(core, found, 'this', origin, accessToken as string)
  } catch (error) {
    await core.hooks.tell('logoutFailure', { error: error instanceof Error ? error : new Error(String(error)) })
    throw error
  }
}

/**
 * Ends one session of one's own, wherever it is. False: there is none such.
 * @throws AccountsError `Forbidden`
 */
export async function endSession(core: Core, who: SessionAndUser, sessionId: string, origin: Origin): Promise<boolean> {
  const { session, user } = who
  if (sessionId !== session.id) refuseImpersonated(who, 'end other sessions')
  const mine = await core.store.sessions.list(user.id, core.clock.now())
  if (!mine.some(({ id }) => id === sessionId)) return false
  const audit = [auditEvent(core, 'session-ended', origin, { userId: user.id, sessionId, data: { by: session.id } })]
  const ended = await core.store.sessions.end(sessionId, 'revoked', core.clock.now(), { audit })
  await changed(core, user.id)
  return ended
}

/** My devices, most recently active first. */
export async function listSessions(core: Core, { session, user }: SessionAndUser): Promise<SessionInfo[]> {
  const found = await core.store.sessions.list(user.id, core.clock.now())
  return found.filter(({ epoch }) => epoch === user.epoch).map(one => sessionInfo(one, session.id))
}

/** What a user may see of a session. */
export function sessionInfo(session: Session, currentId: string | null): SessionInfo {
  return {
    id: session.id,
    current: session.id === currentId,
    createdAt: new Date(session.createdAt).toISOString(),
    activeAt: new Date(session.activeAt).toISOString(),
    expiresAt: new Date(deadline(session)).toISOString(),
    ip: session.ip,
    userAgent: session.userAgent,
    device: session.device,
    factors: session.factors.map(({ name }) => name),
    impersonated: session.impersonatorId !== undefined,
  }
}
