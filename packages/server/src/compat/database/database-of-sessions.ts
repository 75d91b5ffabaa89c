import { auditEvent } from '../../core/audit/record.ts'
import { changed } from '../../core/flows/changed.ts'
import { APP } from '../../core/origin.ts'
import { isLive } from '../../core/session/session.ts'
import { accountsJsSession } from '../accounts-js-user.ts'
import { refuseMethod } from './database-of.ts'
import type { DatabaseParts, SessionsDatabaseInterface } from './database-of.ts'
import { textOf } from './database-of-users.ts'

/** Sessions: they can be looked at and ended. Only the login flow opens them. */
export function sessionMethods({ open }: DatabaseParts): SessionsDatabaseInterface {
  return {
    async findSessionById(sessionId) {
      const { store, clock } = await open()
      const found = await store.sessions.find(textOf(sessionId))
      return found && accountsJsSession(found.session, isLive(found, clock.now()))
    },

    findSessionByToken: async () =>
      refuseMethod(
        'findSessionByToken',
        'use findSessionByAccessToken of AccountsServer, or findSessionById with the `sid` of an access token',
      ),

    createSession: async () =>
      refuseMethod('createSession', 'nothing but the login flow opens sessions. Use loginWithService or loginWithUser of AccountsServer'),

    async updateSession(sessionId, _connection, newToken) {
      if (newToken !== undefined) refuseMethod('updateSession with a new token', 'set createNewSessionTokenOnRefresh')
      const { store, clock } = await open()
      await store.sessions.touch([{ sessionId: textOf(sessionId), activeAt: clock.now() }])
    },

    async invalidateSession(sessionId) {
      const core = await open()
      const found = await core.store.sessions.find(textOf(sessionId))
      if (!found) return
      const audit = [auditEvent(core, 'session-ended', APP, { userId: found.user.id, sessionId })]
      await core.store.sessions.end(sessionId, 'revoked', core.clock.now(), { audit })
      await changed(core, found.user.id)
    },

    async invalidateAllSessions(userId, excludedSessionIds = []) {
      const core = await open()
      const now = core.clock.now()
      const audit = [auditEvent(core, 'sessions-ended', APP, { userId: textOf(userId) })]
      if (excludedSessionIds.length < 2) await core.store.sessions.endAll(userId, 'revoked', now, excludedSessionIds[0], { audit })
      else {
        const others = (await core.store.sessions.list(userId, now)).filter(({ id }) => !excludedSessionIds.includes(id))
        for (const { id } of others) await core.store.sessions.end(id, 'revoked', now)
        await core.store.audit.add(audit)
      }
      await changed(core, userId)
    },
  }
}
