import { AccountsError } from '@latchkey/common'
import type { ErrorCode } from '@latchkey/common'
import type { Core } from '../core.ts'
import type { User } from '../identity/user.ts'
import { judgePassword } from '../policy/password-rules.ts'
import type { PasswordHasher, PasswordInput } from '../ports.ts'

/** Whose password it is to be: their own name and addresses are refused. */
export type Owner = Pick<User, 'emails'> & { username?: string }

/**
 * A password from outside, once it is one and keeps the rules.
 * @throws AccountsError `code`, with a message that says what is wrong and `details: { field, reason }`
 */
export function readNewPassword(
  core: Core,
  given: unknown,
  owner: Owner,
  code: ErrorCode = 'InvalidPassword',
  field = 'password',
): PasswordInput {
  const password = readPasswordInput(given)
  if (password === undefined) throw new AccountsError(code, { details: { field } })
  const about = {
    emails: owner.emails.map(({ address }) => address),
    ...(owner.username === undefined ? {} : { username: owner.username }),
  }
  const judgement = judgePassword(core.settings.password, password, about)
  if (!judgement.ok) throw new AccountsError(code, { message: judgement.message, details: { field, reason: judgement.reason } })
  return password
}

/** A password in clear or as a digest; undefined when it is neither. */
export function readPasswordInput(given: unknown): PasswordInput | undefined {
  if (typeof given === 'string') return given === '' ? undefined : given
  if (typeof given !== 'object' || given === null || !('digest' in given) || !('algorithm' in given)) return undefined
  const { digest, algorithm } = given
  return typeof digest === 'string' && algorithm === 'sha-256' ? { digest, algorithm } : undefined
}

/**
 * The hasher.
 * @throws AccountsError `ServiceNotFound` when no strategy brings passwords
 */
export function hasherOf(core: Core): PasswordHasher {
  if (!core.passwords) throw new AccountsError('ServiceNotFound', { message: 'No service with the name password was registered.' })
  return core.passwords
}
