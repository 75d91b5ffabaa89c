/** How sessions end, wherever they do. */
import { deadline } from '../../core/session/session.ts'
import type { EndReason, NewSession } from '../../core/session/session.ts'
import type { KeptSession } from '../../core/store.ts'
import type { MemoryData } from './data.ts'

/** Ends one session and those impersonated from it; false when it had ended already. */
export function endSession(data: MemoryData, session: NewSession, reason: EndReason, now: number): boolean {
  if (session.endedAt !== undefined) return false
  session.endedAt = now
  session.endReason = reason
  data.noteChange(session.userId)
  endThose(data, data.impersonatedFrom.of(session.id), now)
  return true
}

/** Ends what is live of a user, and all they impersonate; returns the ids of their own. */
export function endAllSessions(data: MemoryData, userId: string, reason: EndReason, now: number, keep?: KeptSession): string[] {
  const ended: string[] = []
  for (const session of sessionsOf(data, userId)) {
    if (session.id === keep?.sessionId) moveEpoch(session, keep)
    else if (now < deadline(session) && endSession(data, session, reason, now)) ended.push(session.id)
  }
  endImpersonations(data, userId, now, keep?.sessionId)
  return ended
}

/** Deletes all sessions of a user, and ends all they impersonate. */
export function removeSessions(data: MemoryData, userId: string, now: number): void {
  for (const { id } of sessionsOf(data, userId)) deleteSession(data, id)
  endImpersonations(data, userId, now)
}

/** Deletes a session and its traces in every index. */
export function deleteSession(data: MemoryData, id: string): void {
  const session = data.sessions.get(id)
  if (!session) return
  data.sessions.delete(id)
  data.sessionsOfUser.remove(session.userId, id)
  if (session.resumeHash) data.resumes.delete(session.resumeHash)
  if (session.impersonatorId !== undefined) data.impersonatedBy.remove(session.impersonatorId, id)
  if (session.impersonatorSessionId !== undefined) data.impersonatedFrom.remove(session.impersonatorSessionId, id)
}

/** The user has, or had, a session on a device with this label, or never had any. Those in which somebody else acted as them are not theirs. */
export function isDeviceSeen(data: MemoryData, userId: string, device: string): boolean {
  const sessions = sessionsOf(data, userId).filter(({ impersonatorId }) => impersonatorId === undefined)
  return sessions.length === 0 || sessions.some(session => session.device === device)
}

export function sessionsOf(data: MemoryData, userId: string): NewSession[] {
  return data.sessionsOfUser.of(userId).flatMap(id => data.sessions.get(id) ?? [])
}

/** Ends all a user impersonates. By the user, not by their sessions: one of those may have expired and been swept while what it began goes on. */
export function endImpersonations(data: MemoryData, administratorId: string, now: number, keptSessionId?: string): void {
  endThose(
    data,
    data.impersonatedBy
      .of(administratorId)
      .filter(id => keptSessionId === undefined || data.sessions.get(id)?.impersonatorSessionId !== keptSessionId),
    now,
  )
}

function endThose(data: MemoryData, ids: string[], now: number): void {
  for (const session of ids.flatMap(id => data.sessions.get(id) ?? [])) endSession(data, session, 'impersonator-ended', now)
}

/** Only a session that was good in the old epoch is good in the new one. */
function moveEpoch(session: NewSession, { epoch }: KeptSession): void {
  if (epoch && session.endedAt === undefined && session.epoch === epoch.from) session.epoch = epoch.to
}
