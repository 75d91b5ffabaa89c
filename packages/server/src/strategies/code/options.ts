/** What `new AccountsCode()` takes, read once: unknown names are refused. */
import { AccountsError } from '@latchkey/common'
import { milliseconds } from '../../core/duration.ts'
import type { Duration } from '../../core/duration.ts'
import type { LoginCodes } from '../../core/strategy.ts'
import type { Face } from '../../core/settings.ts'
import { refuseUnknown } from '../../core/settings-kinds.ts'

/** Options of {@link AccountsCode}. Defaults in brackets are those of the Meteor face. */
export interface AccountsCodeOptions {
  /** How long a code is good: milliseconds, or a text such as `10m`. @default 10 minutes (an hour) */
  lifetime?: Duration
  /** How many characters a code has, 6 to 32. @default 6 */
  length?: number
  /** What a code is made of. @default 'digits' ('hex') */
  alphabet?: 'digits' | 'hex'
  /** A code is good only on the device that asked for it. @default true (false: a code works anywhere) */
  bound?: boolean
  /** Asking for a code for somebody unknown makes them a user, where signing up is allowed. @default false (true) */
  createUsers?: boolean
}

const KINDS: Readonly<Record<keyof AccountsCodeOptions, (value: unknown) => boolean>> = {
  lifetime: value => typeof value === 'number' || typeof value === 'string',
  length: value => Number.isInteger(value) && Number(value) >= 6 && Number(value) <= 32,
  alphabet: value => value === 'digits' || value === 'hex',
  bound: value => typeof value === 'boolean',
  createUsers: value => typeof value === 'boolean',
}

const MUST: Readonly<Record<keyof AccountsCodeOptions, string>> = {
  lifetime: 'milliseconds or a text such as "10m"',
  length: 'a whole number from 6 to 32',
  alphabet: "'digits' or 'hex'",
  bound: 'true or false',
  createUsers: 'true or false',
}

/** @throws AccountsError `InvalidSettings`, naming the option */
export function checkOptions(given: AccountsCodeOptions): AccountsCodeOptions {
  refuseUnknown('AccountsCode', given, Object.keys(KINDS))
  // Other names were refused.
  for (const [name, value] of Object.entries(given) as [keyof AccountsCodeOptions, unknown][]) {
    if (value !== undefined && !KINDS[name](value)) refuse(`${name} of AccountsCode must be ${MUST[name]}`)
  }
  if (given.lifetime !== undefined) milliseconds('lifetime', given.lifetime)
  return { ...given }
}

/** The options with the defaults of a face. */
export function withDefaults(given: AccountsCodeOptions, face: Face): Omit<LoginCodes, 'deliver'> {
  const meteor = face === 'meteor'
  return {
    lifetime: milliseconds('lifetime', given.lifetime ?? (meteor ? '1h' : '10m')),
    length: given.length ?? 6,
    alphabet: given.alphabet ?? (meteor ? 'hex' : 'digits'),
    bound: given.bound ?? !meteor,
    createUsers: given.createUsers ?? meteor,
  }
}

function refuse(message: string): never {
  throw new AccountsError('InvalidSettings', { message })
}
