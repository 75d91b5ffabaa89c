/** Makes the session row, its secrets and tokens. Reached through the login flow alone. */
import type { Along } from '../store.ts'
import type { Login, SessionMode } from '../accounts.ts'
import { auditEvent } from '../audit/record.ts'
import type { Core } from '../core.ts'
import { deviceLabel } from '../device.ts'
import type { User } from '../identity/user.ts'
import { knownDeviceMark } from '../policy/known-device.ts'
import { hashSecret, newId, newSecret } from '../session/secret.ts'
import type { SecretHash } from '../session/secret.ts'
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
  /** The session that it is a twin of: as old, good for as long, and acting for whoever that acts for. */
  sibling?: Session
  /** The token that the app's own code made for it. */
  stamped?: StampedSession
  /** What a custom login handler answers beside the session. */
  options?: Readonly<Record<string, unknown>>
}

/** A login token that the app's own code made, and hands to its owner by itself. */
export interface StampedSession {
  resumeHash: SecretHash
  /** Epoch milliseconds: what the token's life is counted from. */
  createdAt: number
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
  { user, factors, origin, mode, service, impersonator, moved, sibling, stamped, options }: Opening,
): Promise<PreparedSession> {
  const now = core.clock.now()
  const id = moved?.id ?? newId(core.chance)
  const session: Session = {
    id,
    userId: user.id,
    handle: moved?.handle ?? (await core.settings.tokenCreator?.createToken(user)) ?? newId(core.chance),
    generation: 0,
    epoch: user.epoch,
    // A twin is no proof that its owner is there: deeds that ask for a fresh sign-in look at this.
    createdAt: moved?.createdAt ?? sibling?.createdAt ?? stamped?.createdAt ?? now,
    activeAt: now,
    idle: core.settings.session.idle,
    expiresAt: Math.min(
      sibling?.expiresAt ?? (stamped?.createdAt ?? now) + core.settings.session.absolute,
      impersonator?.session.expiresAt ?? Infinity,
      moved?.expiresAt ?? Infinity,
    ),
    ip: origin.ip || null,
    userAgent: origin.userAgent.slice(0, 512) || null,
    device: deviceLabel(origin.userAgent),
    factors,
    ...(impersonator ? { impersonatorId: impersonator.user.id, impersonatorSessionId: impersonator.session.id } : {}),
    ...actorOf(sibling),
    extra: origin.extra,
  }
  const secret = newSecret(core.chance)
  const bearer = mode === 'bearer'
  const kept = bearer ? { refresh: { tip: hashSecret(secret), spent: [] } } : { resumeHash: stamped?.resumeHash ?? hashSecret(secret) }
  let mark: string | undefined
  return {
    row: moved ? session : { ...session, ...kept },
    login: {
      service,
      ...(options ? { options } : {}),
      user,
      session,
      tokens: bearer && !moved ? await core.accessTokens.pair(session, user, secret) : null,
      resumeSecret: bearer || moved || stamped ? null : secret,
      // Made when somebody asks: only browsers keep it. Whoever acts as another does so on a device of their own.
      get device() {
        if (impersonator || moved || sibling || stamped) return ''
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

const actorOf = (sibling: Session | undefined): Pick<Session, 'impersonatorId' | 'impersonatorSessionId'> => ({
  ...(sibling?.impersonatorId === undefined ? {} : { impersonatorId: sibling.impersonatorId }),
  ...(sibling?.impersonatorSessionId === undefined ? {} : { impersonatorSessionId: sibling.impersonatorSessionId }),
})
