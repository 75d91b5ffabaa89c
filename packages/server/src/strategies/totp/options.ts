/** What `new TwoFactor()` takes, read once: unknown names and unsafe values are refused. */
import { AccountsError } from '@latchkey/common'
import type { ErrorCode } from '@latchkey/common'
import { refuseUnknown } from '../../core/settings-kinds.ts'

/** Options of {@link TwoFactor}: accounts-js's. */
export interface TwoFactorOptions {
  /** What authenticator apps show above the code. @default the host of `siteUrl` */
  appName?: string
  /** Characters of a secret, 20 to 64. Of 94 kinds each, so 20 hold 131 bits (RFC 4226, 4 asks for 128). @default 20 */
  secretLength?: number
  /**
   * How many steps of 30 seconds a code may be early or late, 0 to 10. Clocks of phones drift, and typing takes time; more steps help whoever guesses more than
   * the owner (RFC 6238, 5.2).
   * @default 1
   */
  window?: number
  /** Your own texts for some errors. The others keep theirs. */
  errors?: Partial<TwoFactorMessages>
}

/** accounts-js's message table. */
export type TwoFactorMessages = Record<keyof typeof MESSAGE_CODES, string>

/** The options after reading. */
export interface TwoFactorSettings {
  appName: string | undefined
  secretLength: number
  window: number
  messages: Readonly<Partial<Record<ErrorCode, string>>>
}

/** @throws AccountsError `InvalidSettings`, naming the option */
export function readOptions(given: TwoFactorOptions): TwoFactorSettings {
  refuseUnknown('TwoFactor', given, Object.keys(KNOWN))
  const { appName, secretLength = 20, window = 1, errors = {} } = given
  if (appName !== undefined && (typeof appName !== 'string' || appName === '' || appName.includes(':')))
    refuse('appName must be a text without a colon, which stands between it and the account')
  return {
    appName,
    secretLength: readCount('secretLength', secretLength, 20, 64),
    window: readCount('window', window, 0, 10),
    messages: readMessages(errors),
  }
}

function readMessages(errors: Partial<TwoFactorMessages>): TwoFactorSettings['messages'] {
  refuseUnknown('TwoFactor', errors, Object.keys(MESSAGE_CODES), 'errors.')
  const messages: Partial<Record<ErrorCode, string>> = {}
  for (const [key, code] of Object.entries(MESSAGE_CODES) as [keyof TwoFactorMessages, ErrorCode][]) {
    const message = errors[key]
    if (message === undefined) continue
    if (typeof message !== 'string') refuse(`errors.${key} must be a string. Received ${typeof message}`)
    messages[code] = message
  }
  return Object.freeze(messages)
}

function readCount(option: string, value: number, least: number, most: number): number {
  if (!Number.isInteger(value) || value < least || value > most) refuse(`${option} must be a whole number from ${least} to ${most}`)
  return value
}

function refuse(message: string): never {
  throw new AccountsError('InvalidSettings', { message })
}

/** A record, so that an option which is missing here does not compile. */
const KNOWN: Record<keyof TwoFactorOptions, true> = { appName: true, secretLength: true, window: true, errors: true }

const MESSAGE_CODES = {
  userNotFound: 'UserNotFound',
  codeDidNotMatch: 'TwoFactorInvalid',
  userTwoFactorNotSet: 'TwoFactorNotSet',
  userTwoFactorAlreadySet: 'TwoFactorAlreadySet',
  codeRequired: 'TwoFactorRequired',
} as const satisfies Record<string, ErrorCode>
