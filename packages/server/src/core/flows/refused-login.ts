/** What becomes of a login that some step refused: written down, shown to hooks, counted as a guess where it was one. */
import { AccountsError, isAccountsError } from '@latchkey/common'
import type { ErrorCode } from '@latchkey/common'
import { auditEvent } from '../audit/record.ts'
import type { Core } from '../core.ts'
import { passThrough } from '../hooks.ts'
import type { LoginAttempt } from '../hooks.ts'
import type { Identifier } from '../identity/user.ts'
import { accountName } from '../policy/account-name.ts'
import { askingDevice, failureCounters, failureKeys } from '../policy/lockout.ts'
import type { Along, LoginCandidate } from '../store.ts'
import type { Origin, Proof } from '../strategy.ts'

/** Filled in step by step, so that a refusal at any step knows what was found before it. */
export interface Found {
  /** The way to sign in, where it was not named. */
  service?: string
  answer?: string | undefined
  identifier?: Identifier | null
  candidate?: LoginCandidate
  proof?: Proof | undefined
}

/** Which failure counters this attempt answers to. A device the user is known on has one of its own, which then answers alone. */
export function failureCountersOf(core: Core, candidate: LoginCandidate, identifier: Identifier | null, origin: Origin): string[] {
  const userId = candidate.user?.id ?? null
  const deviceId = askingDevice(core, origin, userId)
  return failureCounters(failureKeys(core.keys, identifier, deviceId), userId, deviceId !== null)
}

/** A second factor has been asked for or a limit reached: neither is a wrong guess. */
const GUESSES: ReadonlySet<ErrorCode> = new Set([
  'InvalidCredentials',
  'UserNotFound',
  'IncorrectPassword',
  'NoPasswordSet',
  'TwoFactorInvalid',
  'AuthenticationFailed',
  'LoginTokenExpired',
  'LoginTokenMismatch',
])
const NOT_AN_ATTEMPT: ReadonlySet<ErrorCode> = new Set(['TooManyAttempts', 'Busy'])

/** Writes down a refusal, lets hooks see it (and replace it), and hands back what the caller shall be told. */
export async function refused(core: Core, moment: LoginAttempt, found: Found, thrown: unknown, purpose: 'login' | 'proof'): Promise<Error> {
  const error = thrown instanceof Error ? thrown : passThrough(thrown)
  const code = isAccountsError(error) ? error.code : undefined
  const audit = (type: 'login-failed' | 'rate-limited'): Along => ({
    audit: [
      auditEvent(core, type, moment.origin, {
        userId: moment.user?.id ?? null,
        data: { service: moment.service, code: code ?? 'error', ...who(core, moment, found) },
      }),
    ],
  })
  if (code !== undefined && NOT_AN_ATTEMPT.has(code)) {
    if (code === 'TooManyAttempts' && core.limiter.isNews(moment.origin)) await core.store.audit.add(audit('rate-limited').audit ?? [])
    return error
  }
  if (code !== undefined && GUESSES.has(code)) {
    const keys = found.candidate ? failureCountersOf(core, found.candidate, found.identifier ?? null, moment.origin) : []
    await core.store.attempts.fail(keys, core.clock.now(), core.settings.lockout.memory, audit('login-failed'))
  } else {
    await core.store.audit.add(audit('login-failed').audit ?? [])
  }
  const alreadyAsked = moment.error !== undefined
  const shown = withoutPending(error)
  moment.allowed = false
  moment.error = shown
  if (purpose === 'login' && !alreadyAsked) await core.hooks.askLogin(moment)
  await core.hooks.tell(purpose === 'login' ? 'loginFailure' : 'authenticationFailure', { ...moment, error: moment.error })
  return moment.error === shown ? error : moment.error
}

/** A pending login stands for the first factor. Hooks, whose errors end up in logs, learn that it began and not its secret. */
function withoutPending(error: Error): Error {
  if (!isAccountsError(error) || error.details?.pending === undefined) return error
  const { pending: _pending, ...details } = error.details
  return new AccountsError(error.code, { message: error.message, details })
}

/** Identifiers that led to nobody appear in the audit trail as a keyed hash: people type passwords into the wrong field. */
function who(core: Core, moment: LoginAttempt, found: Found): Record<string, unknown> {
  return moment.user || !found.identifier ? {} : { identifier: core.keys.mac('identifier', accountName(found.identifier)).slice(0, 16) }
}
