/** From a login to a connection that is signed in, and what the client is told of it. */
import { isAccountsError } from '@latchkey/common'
import { MeteorError } from '@latchkey/common/ddp'
import type { Login } from '../../../core/accounts.ts'
import type { Settings } from '../../../core/settings.ts'
import type { DeedCall } from './deed.ts'
import { reasonOf } from './errors.ts'

/** The answer to whoever signed in. */
export interface MeteorLoginResult {
  id: string
  /** The login token: good to resume the session with until `tokenExpires`. */
  token: string
  tokenExpires: Date
  /** What an app's login handler answers beside these. */
  [option: string]: unknown
  /** How it was proven. */
  type: string
}

const TYPES: Readonly<Record<string, string>> = { code: 'passwordless', 'reset-link': 'password', 'verify-link': 'password' }

/** Meteor's name for a way to sign in that we may call otherwise. */
export const meteorTypeOf = (service: string): string => (Object.hasOwn(TYPES, service) ? (TYPES[service] ?? service) : service)

/** Links that sign in, and what they have done already when a second factor turns out to be due. */
const DONE = {
  'reset-link': 'Changed password, but user not logged in because 2FA is enabled',
  'verify-link': 'Email verified, but user not logged in because 2FA is enabled',
} as const

/** Meteor's error of a link that did its work and signs nobody in, because a second factor is due; undefined for every other. */
export function halfWay(settings: Settings, service: string, error: unknown): MeteorError | undefined {
  if (!isAccountsError(error) || error.code !== 'TwoFactorRequired' || !Object.hasOwn(DONE, service)) return undefined
  // It has it.
  return new MeteorError('2fa-enabled', reasonOf(settings, DONE[service as keyof typeof DONE]), error.details)
}

/**
 * Signs the connection in by a login, and answers as Meteor's login methods do. Whoever was signed in on it is so no longer; their session stays good.
 * @param presented the token of a session that goes on: its holder has it already
 */
export async function signIn(call: DeedCall, login: Login, presented?: string): Promise<MeteorLoginResult> {
  const { signedIn, invocation } = call
  const token = login.resumeSecret ?? presented ?? ''
  const connection = connectionOf(call)
  await signedIn.hold(connection, login, token)
  await invocation.setUserId(login.user.id)
  const { service, session, user, options } = login
  return { id: user.id, token, tokenExpires: new Date(session.expiresAt), ...options, type: meteorTypeOf(service) }
}

/**
 * Does something that may end the session of this very connection, which then goes on with what comes of it, and is not closed in between. When nothing comes
 * of it, it is left to its fate.
 */
export async function leaving<T>({ signedIn, invocation }: DeedCall, work: () => Promise<T>): Promise<T> {
  const held = signedIn.of(invocation.connection)
  if (held) held.isLeaving = true
  try {
    return await work()
  } finally {
    if (held) {
      held.isLeaving = false
      // Unless it holds another by now, it is closed if its session is over.
      signedIn.doubt(held.user.id)
    }
  }
}

/** @throws MeteorError where the server itself made the call: there is nobody to sign in */
export function connectionOf({ invocation }: DeedCall): NonNullable<DeedCall['invocation']['connection']> {
  if (!invocation.connection) throw new MeteorError(400, 'Only clients can call this')
  return invocation.connection
}
