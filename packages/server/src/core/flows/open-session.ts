/** Makes the session row, its secrets and tokens. Reached through the login flow alone. */
import type { Along } from '../store.ts'
import type { Login, SessionMode } from '../accounts.ts'
import { auditEvent } from '../audit/record.ts'
import type { Core } from '../core.ts'
import { deviceLabel } from '../device.ts'
import type { User } from '../identity/user.ts'
import { knownDeviceMark } from '../policy/known-device.ts'
import { hashSecret, newId, newSecret } from '../session/secret.ts'
import type { Factor, NewSession, Session, SessionAndUser } from '../session/session.ts'
import type { Origin } from '../strategy.ts'

/** A session that is ready to be written, and what its owner will receive once it is. */
export interface PreparedSession {
  row: NewSession
  login: Login
  along: Along
}

/** Whose session, how they proved it, and how they want to keep it. */
interface Opening {
  user: User
  factors: Factor[]
  origin: Origin
  mode: SessionMode
  service: string
  /** Who acts as the user, if somebody does. */
  impersonator?: SessionAndUser
  /** What the session was before it came here. */
  moved?: MovedSession
}

/** A session that was opened elsewhere and goes on here: its holder keeps the token they have, and gets no other. */
export interface MovedSession {
  id: string
  handle: string
  userId: string
  /** Epoch milliseconds. */
  createdAt: number
  expiresAt: number
}

/** Everything that can fail (the app's token and payload makers) happens here, before anything is written. */
export async function prepareSession(
  core: Core,
  { user, factors, origin, mode, service, impersonator, moved }: Opening,
): Promise<PreparedSession> {
  const now = core.clock.now()
  const id = moved?.id ?? newId(core.chance)
  const session: Session = {
    id,
    userId: user.id,
    handle: moved?.handle ?? (await core.settings.tokenCreator?.createToken(user)) ?? newId(core.chance),
    generation: 0,
    epoch: user.epoch,
    createdAt: moved?.createdAt ?? now,
    activeAt: now,
    idle: core.settings.session.idle,
    expiresAt: Math.min(now + core.settings.session.absolute, impersonator?.session.expiresAt ?? Infinity, moved?.expiresAt ?? Infinity),
    ip: origin.ip || null,
    userAgent: origin.userAgent.slice(0, 512) || null,
    device: deviceLabel(origin.userAgent),
    factors,
    ...(impersonator ? { impersonatorId: impersonator.user.id, impersonatorSessionId: impersonator.session.id } : {}),
    extra: origin.extra,
  }
  const secret = newSecret(core.chance)
  const bearer = mode === 'bearer'
  const kept = bearer ? { refresh: { tip: hashSecret(secret), spent: [] } } : { resumeHash: hashSecret(secret) }
  let mark: string | undefined
  return {
    row: moved ? session : { ...session, ...kept },
    login: {
      user,
      session,
      tokens: bearer && !moved ? await core.accessTokens.pair(session, user, secret) : null,
      resumeSecret: bearer || moved ? null : secret,
      // Made when somebody asks: only browsers keep it. Whoever acts as another does so on a device of their own.
      get device() {
        if (impersonator || moved) return ''
        return (mark ??= knownDeviceMark(core.keys, core.clock, core.chance, origin.device, user.id))
      },
    },
    along: {
      audit: [
        auditEvent(core, impersonator ? 'impersonation' : 'login', origin, {
          userId: user.id,
          sessionId: id,
          ...(impersonator ? { actorId: impersonator.user.id } : {}),
          data: { service, factors: factors.map(factor => factor.name) },
        }),
      ],
    },
  }
}
