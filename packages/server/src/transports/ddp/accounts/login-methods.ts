/** Signing in and out, as Meteor's clients call it. */
import { isAccountsError } from '@latchkey/common'
import { MeteorError } from '@latchkey/common/ddp'
import { isObject } from './deed.ts'
import type { DeedCall, Deed } from './deed.ts'
import { matchFailed } from './errors.ts'
import { connectionOf, leaving, signIn } from './sign-in.ts'
import type { MeteorLoginResult } from './sign-in.ts'

/** Meteor's accounts-base, by the names of its methods. */
export const LOGIN_METHODS: Readonly<Record<string, Deed>> = { login, logout, getNewToken, removeOtherTokens, configureLoginService }

async function login(call: DeedCall, options: unknown): Promise<MeteorLoginResult> {
  if (!isObject(options) || isMisshapen(options)) throw matchFailed()
  connectionOf(call)
  const { resume } = options
  const opened = await call.accounts.loginByAny(options, call.origin, 'resume')
  return signIn(call, opened, typeof resume === 'string' ? resume : undefined)
}

/** Stricter than other transports, as Meteor is: whoever names two users means neither. */
function isMisshapen({ user, password, code: _code, ...others }: Record<string, unknown>): boolean {
  if (!user || !password) return false
  if (Object.keys(others).length > 0) return true
  if (!isObject(user)) return typeof user !== 'string'
  const [[name, value] = [], ...more] = Object.entries(user)
  return more.length > 0 || !['id', 'username', 'email'].includes(name ?? '') || typeof value !== 'string' || value === ''
}

/** Also where nobody is signed in, and where the session is over already. The connection stays. */
async function logout(call: DeedCall): Promise<void> {
  const { accounts, invocation, origin, signedIn } = call
  const { connection } = invocation
  const held = signedIn.of(connection)
  if (held && connection) {
    await leaving(call, async () => {
      const who = await accounts.checkAgain(held.session).catch(overIsNobody)
      if (who) await accounts.logout(who, 'this', origin)
      signedIn.release(connection)
    })
  }
  await invocation.setUserId(null)
}

function overIsNobody(error: unknown): null {
  if (isAccountsError(error) && error.code === 'InvalidSession') return null
  throw error
}

/** A twin of this session with a token of its own, which the connection holds from now on. The first one stays good. */
async function getNewToken(call: DeedCall): Promise<{ id: string; token: string; tokenExpires: Date }> {
  const who = await call.who()
  if (!who) throw new MeteorError(NOT_LOGGED_IN)
  const { resumeSecret, session, user } = await call.accounts.siblingSession(who, call.origin)
  const token = resumeSecret ?? ''
  // The same user by another session: nothing that is published changes.
  await call.signedIn.hold(connectionOf(call), { session, user }, token)
  return { id: user.id, token, tokenExpires: new Date(session.expiresAt) }
}

async function removeOtherTokens(call: DeedCall): Promise<void> {
  const who = await call.who()
  if (!who) throw new MeteorError(NOT_LOGGED_IN)
  await call.accounts.logout(who, 'others', call.origin)
}

/** Meteor's text, in the place of a code. */
const NOT_LOGGED_IN = 'You are not logged in.'

async function configureLoginService({ on, invocation }: DeedCall, document: unknown): Promise<void> {
  if (!isObject(document) || typeof document.service !== 'string') throw matchFailed()
  const { connection, userId } = invocation
  const port = on.ddp?.serviceConfiguration
  if (!port) throw new MeteorError(403, 'Service unknown')
  await port.configure(document, { userId, clientAddress: connection?.clientAddress ?? null, httpHeaders: connection?.httpHeaders ?? {} })
}
