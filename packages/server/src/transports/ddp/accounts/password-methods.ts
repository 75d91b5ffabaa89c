/** Signing up, passwords and links, as Meteor's clients call it. */
import { isAccountsError } from '@latchkey/common'
import { MeteorError } from '@latchkey/common/ddp'
import type { Login } from '../../../core/accounts.ts'
import { readPassword } from '../../../core/policy/password-rules.ts'
import type { PasswordInput } from '../../../core/ports.ts'
import { isObject } from './deed.ts'
import type { DeedCall, Deed } from './deed.ts'
import { matchFailed } from './errors.ts'
import { connectionOf, halfWay, leaving, signIn } from './sign-in.ts'
import type { MeteorLoginResult } from './sign-in.ts'

/** Meteor's accounts-password, by the names of its methods. */
export const PASSWORD_METHODS: Readonly<Record<string, Deed>> = { createUser, changePassword, forgotPassword, resetPassword, verifyEmail }

async function createUser(call: DeedCall, options: unknown): Promise<MeteorLoginResult> {
  if (!isObject(options) || !isTextOrAbsent(options.username) || !isTextOrAbsent(options.email)) throw matchFailed()
  if (options.password !== undefined) passwordGiven(call, options.password)
  connectionOf(call)
  return signIn(call, await call.accounts.signUp(options, call.origin, 'resume'))
}

/** The third parameter is ours: the code that a user with a second factor confirms the change with when the session is not fresh. */
async function changePassword(
  call: DeedCall,
  oldPassword: unknown,
  newPassword: unknown,
  code: unknown,
): Promise<{ passwordChanged: true }> {
  const [old, next] = [passwordGiven(call, oldPassword), passwordGiven(call, newPassword)]
  const who = await call.who()
  if (!who) throw new MeteorError(401, 'Must be logged in')
  await call.accounts.changePassword(who, old, next, call.origin, code)
  return { passwordChanged: true }
}

/** Silent about who has an account, unless the app lets that be told. */
async function forgotPassword({ accounts, origin }: DeedCall, options: unknown): Promise<void> {
  if (!isObject(options) || typeof options.email !== 'string' || Object.keys(options).length !== 1) throw matchFailed()
  try {
    await accounts.sendResetPasswordEmail(options.email, origin)
  } catch (error) {
    // What is no address is nobody's.
    if (!isAccountsError(error) || error.code !== 'InvalidEmail') throw error
    if (!accounts.core.settings.ambiguousErrorMessages) throw new MeteorError(403, 'User not found')
  }
}

async function resetPassword(call: DeedCall, token: unknown, newPassword: unknown): Promise<MeteorLoginResult | undefined> {
  if (typeof token !== 'string') throw matchFailed()
  const password = passwordGiven(call, newPassword)
  if (token === '') throw new MeteorError(403, 'Token expired')
  return byLink(call, 'reset-link', () => call.accounts.resetPassword(token, password, call.origin, 'resume'))
}

async function verifyEmail(call: DeedCall, token: unknown): Promise<MeteorLoginResult | undefined> {
  if (typeof token !== 'string') throw matchFailed()
  if (token === '') throw new MeteorError(403, 'Verify email link expired')
  return byLink(call, 'verify-link', () => call.accounts.verifyEmailAndLogin(token, call.origin, 'resume'))
}

/** A link that signs in. What it is for is done even where a second factor is due, and then nobody is signed in. */
function byLink(
  call: DeedCall,
  service: 'reset-link' | 'verify-link',
  redeem: () => Promise<Login | null>,
): Promise<MeteorLoginResult | undefined> {
  connectionOf(call)
  return leaving(call, async () => {
    try {
      const login = await redeem()
      return login ? await signIn(call, login) : undefined
    } catch (error) {
      const done = halfWay(call.accounts.core.settings, service, error)
      if (!done) throw error
      await signOutIfOver(call)
      throw done
    }
  })
}

/** The new password may have ended the session of this very connection, which is to hear how it went, and would be closed before. */
async function signOutIfOver({ accounts, invocation, signedIn }: DeedCall): Promise<void> {
  const { connection } = invocation
  const held = signedIn.of(connection)
  if (!held || !connection) return
  try {
    await accounts.checkAgain(held.session)
  } catch (error) {
    if (!isAccountsError(error) || error.code !== 'InvalidSession') throw error
    signedIn.release(connection)
    await invocation.setUserId(null)
  }
}

/** A password as clients of Meteor send it: a text, or a digest that is one. */
function passwordGiven({ accounts }: DeedCall, given: unknown): PasswordInput {
  const password = readPassword(given, accounts.core.settings.password)
  if (password === null) throw matchFailed()
  return password
}

const isTextOrAbsent = (value: unknown): boolean => value === undefined || typeof value === 'string'
