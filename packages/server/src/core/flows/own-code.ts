/** A second factor's code, tried from inside a session. */
import { AccountsError } from '@latchkey/common'
import { auditEvent } from '../audit/record.ts'
import type { Core } from '../core.ts'
import { clientOf } from '../origin.ts'
import { refuseLocked } from '../policy/lockout.ts'
import { guesserOf } from '../session/session.ts'
import type { Factor, Session } from '../session/session.ts'
import type { Origin, SecondFactor } from '../strategy.ts'

/** Whose code it is, and the session they try it from, if they try it from one. */
export interface Someone {
  user: { id: string }
  session?: Pick<Session, 'id' | 'userId' | 'createdAt'>
}

/**
 * Spends a code.
 * @throws AccountsError `TwoFactorRequired` when there is none, `TwoFactorInvalid`
 */
export async function proveCode(core: Core, factor: SecondFactor, userId: string, code: unknown, origin: Origin): Promise<Factor> {
  if (typeof code !== 'string' || code === '') throw new AccountsError('TwoFactorRequired', { details: { field: 'code' } })
  const proven = await factor.verify(userId, code, origin)
  if (!proven) throw new AccountsError('TwoFactorInvalid', { details: { field: 'code' } })
  return proven
}

/**
 * Does something that takes a code, unless too many were wrong. Wrong ones are counted by session, so that a stolen session cannot guess and
 * cannot lock the owner out elsewhere; and apart from wrong passwords, so that knowing the one does not give fresh tries at the other.
 * @throws AccountsError `TooManyAttempts`
 */
export async function withinTries<T>(core: Core, { user, session }: Someone, origin: Origin, deed: () => Promise<T>): Promise<T> {
  const { limiter, settings, store, clock } = core
  const by = session ? `code:${guesserOf(session)}` : `code:user:${user.id}`
  const key = `failures:${by}`
  await limiter.hit('login', { ip: clientOf(origin), account: by })
  const [failures] = settings.rateLimits ? await store.attempts.failures([key], clock.now()) : []
  refuseLocked(settings.lockout, [failures ?? null], clock.now())
  try {
    const done = await deed()
    if (failures) await store.attempts.clear([key])
    return done
  } catch (error) {
    if (error instanceof AccountsError && error.code === 'TwoFactorInvalid') {
      const about = { userId: user.id, ...(session ? { sessionId: session.id } : {}), data: { service: 'confirm', code: error.code } }
      const audit = [auditEvent(core, 'login-failed', origin, about)]
      await store.attempts.fail([key], clock.now(), settings.lockout.memory, { audit })
    }
    throw error
  }
}
