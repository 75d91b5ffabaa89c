/** What `new AccountsMagicLink()` takes, read once: unknown names are refused. */
import { AccountsError } from '@latchkey/common'
import type { ErrorCode } from '@latchkey/common'
import { milliseconds } from '../../core/duration.ts'
import type { Duration } from '../../core/duration.ts'
import { refuseUnknown } from '../../core/settings-kinds.ts'
import type { LoginLinks } from '../../core/strategy.ts'

/** Keys of accounts-js's message table. */
export type MagicLinkMessageKey = keyof typeof MESSAGES

/** Options of {@link AccountsMagicLink}, accounts-js's. */
export interface AccountsMagicLinkOptions {
  /** How long a link is good: milliseconds, or a text such as `15m`. @default 900000 (15 minutes) */
  loginTokenExpiration?: Duration
  /** Your own texts for some errors. The others keep theirs. */
  errors?: Partial<Record<MagicLinkMessageKey, string>>
}

/** @throws AccountsError `InvalidSettings`, naming the option */
export function readOptions(given: AccountsMagicLinkOptions): LoginLinks {
  refuseUnknown('AccountsMagicLink', given, ['loginTokenExpiration', 'errors'])
  refuseUnknown('AccountsMagicLink', given.errors ?? {}, Object.keys(MESSAGES), 'errors.')
  const lifetime = milliseconds('loginTokenExpiration', given.loginTokenExpiration ?? FIFTEEN_MINUTES)
  return { lifetime, messages: readMessages(given.errors ?? {}) }
}

function readMessages(given: Partial<Record<MagicLinkMessageKey, string>>): LoginLinks['messages'] {
  const messages: Partial<Record<ErrorCode, string>> = {}
  for (const [key, message] of Object.entries(given)) {
    if (message === undefined) continue
    if (typeof message !== 'string') refuse(`errors.${key} must be a string. Received ${typeof message}`)
    // Other keys were refused.
    messages[MESSAGES[key as MagicLinkMessageKey]] = message
  }
  return Object.freeze(messages)
}

function refuse(message: string): never {
  throw new AccountsError('InvalidSettings', { message })
}

const FIFTEEN_MINUTES = 15 * 60_000

const MESSAGES = {
  userNotFound: 'UserNotFound',
  unrecognizedOptionsForLogin: 'UnrecognizedOptionsForLogin',
  matchFailed: 'MatchFailed',
  invalidEmail: 'InvalidEmail',
  loginTokenExpired: 'LoginTokenExpired',
} as const satisfies Record<string, ErrorCode>
