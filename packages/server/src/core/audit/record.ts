import type { Core } from '../core.ts'
import { newId } from '../session/secret.ts'
import type { Origin } from '../strategy.ts'
import type { AuditEvent, AuditType } from './events.ts'

/** What an audit line is about. */
export interface About {
  userId?: string | null
  sessionId?: string
  actorId?: string
  data?: Record<string, unknown>
}

/** Makes an audit line; it is written with the deed it rides with. */
export function auditEvent(core: Pick<Core, 'clock' | 'chance'>, type: AuditType, origin: Origin, about: About = {}): AuditEvent {
  // An administrator at the command line has no session; an impersonated one acts as both.
  const actorId = about.actorId ?? origin.session?.impersonatorId
  return {
    id: newId(core.chance),
    at: core.clock.now(),
    type,
    userId: about.userId ?? null,
    ...(actorId === undefined ? {} : { actorId }),
    ...(about.sessionId === undefined ? {} : { sessionId: about.sessionId }),
    ip: origin.ip || null,
    userAgent: origin.userAgent.slice(0, 512) || null,
    data: { transport: origin.transport, ...about.data },
  }
}
