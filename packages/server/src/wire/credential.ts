/** How a request says whose it is, and what comes of it. */
import { ERRORS, isAccountsError } from '@latchkey/common'
import type { PublicUser } from '@latchkey/common'
import type { Accounts } from '../core/accounts.ts'
import type { SessionAndUser } from '../core/session/session.ts'
import { headerOf } from './request.ts'
import type { HttpRequest } from './request.ts'

/** What a request carries to prove its session. Sent by a program on purpose (`token`), or attached by the browser (`cookie`). */
export type Credential = { by: 'token'; value: unknown } | { by: 'cookie'; value: string } | { by: 'nothing'; value: undefined }

/**
 * The header, else `accessToken` in the body as accounts-js accepts it, else the cookie. A request with a token is judged by that token
 * alone: falling back to the cookie would let a page act as somebody it did not mean to.
 */
export function credentialOf(
  call: HttpRequest,
  body: { readonly accessToken?: unknown },
  readCookie: () => string | undefined,
): Credential {
  const header = bearerOf(headerOf(call, 'authorization'))
  if (header !== undefined) return { by: 'token', value: header }
  if (body.accessToken !== undefined && body.accessToken !== '') return { by: 'token', value: body.accessToken }
  const value = readCookie()
  return value === undefined ? { by: 'nothing', value } : { by: 'cookie', value }
}

/** What a proxy in front asks its own users for is no token of ours. */
const FOREIGN = /^(basic|digest|negotiate|ntlm) /i

/** accounts-js takes the token with or without `Bearer `, and its client sends an empty header when signed out. */
export function bearerOf(header: string | undefined): string | undefined {
  if (header === undefined || FOREIGN.test(header)) return undefined
  const token = header.startsWith('Bearer ') ? header.slice(7) : header.replace(/^bearer +/i, '')
  return token === '' || /^bearer$/i.test(token) ? undefined : token
}

/** The live session of a credential, or null when it is not good. A server that cannot tell throws: nobody is signed out by our own trouble. */
export async function whoHolds(accounts: Accounts, credential: Credential): Promise<SessionAndUser | null> {
  if (credential.by === 'nothing') return null
  return orNull(credential.by === 'cookie' ? accounts.checkResume(credential.value) : accounts.check(credential.value))
}

/** The user of a credential, for an answer and no more: with `useStatelessSession` and `micro` an access token is believed without its session. */
export async function userWhoHolds(accounts: Accounts, credential: Credential): Promise<PublicUser | null> {
  if (credential.by === 'token') return orNull(accounts.resume(credential.value))
  const who = await whoHolds(accounts, credential)
  return who && accounts.publicUser(who.user)
}

/** Whose a request is, as far as an app's own routes and resolvers want to know. */
export interface Holder {
  /** Null: nobody, or the credential is not good. Undefined: the token was believed without its session, which {@link whoHolds} looks up. */
  readonly who: SessionAndUser | null | undefined
  /** As everybody may see them; with `micro` nothing but the id. */
  readonly user: PublicUser | null
  /** As the session says it, else the token. */
  readonly session: { readonly id: string; readonly isImpersonated: boolean } | null
}

export const NOBODY: Holder = { who: null, user: null, session: null }

/** The holder of a credential, looked up no further than the settings want: as {@link userWhoHolds} does. */
export async function holderOf(accounts: Accounts, credential: Credential): Promise<Holder> {
  const { micro, useStatelessSession } = accounts.core.settings
  if (credential.by === 'token' && (micro || useStatelessSession)) {
    const user = await userWhoHolds(accounts, credential)
    if (!user) return NOBODY
    const { sid, data } = accounts.core.accessTokens.verify(credential.value)
    return { who: undefined, user, session: { id: sid, isImpersonated: data.isImpersonated } }
  }
  const who = await whoHolds(accounts, credential)
  if (!who) return NOBODY
  const { id, impersonatorId } = who.session
  return { who, user: accounts.publicUser(who.user), session: { id, isImpersonated: impersonatorId !== undefined } }
}

async function orNull<Found>(asked: Promise<Found>): Promise<Found | null> {
  try {
    return await asked
  } catch (error) {
    if (isAccountsError(error) && ERRORS[error.code].status < 429) return null
    throw error
  }
}
