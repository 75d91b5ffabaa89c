import { AccountsError } from '@latchkey/common'
import type { ErrorCode } from '@latchkey/common'
import type { Core } from '../core.ts'
import type { User } from '../identity/user.ts'
import { judgePassword, readPassword } from '../policy/password-rules.ts'
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
  const password = readPassword(given, core.settings.password)
  if (password === null || password === '') throw new AccountsError(code, { details: { field } })
  const about = {
    emails: owner.emails.map(({ address }) => address),
    ...(owner.username === undefined ? {} : { username: owner.username }),
  }
  const judgement = judgePassword(core.settings.password, password, about)
  if (!judgement.ok) throw new AccountsError(code, { message: judgement.message, details: { field, reason: judgement.reason } })
  return password
}

/**
 * The hasher.
 * @throws AccountsError `ServiceNotFound` when no strategy brings passwords
 */
export function hasherOf(core: Core): PasswordHasher {
  if (!core.passwords) throw new AccountsError('ServiceNotFound', { message: 'No service with the name password was registered.' })
  return core.passwords
}
