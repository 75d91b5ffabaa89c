/**
 * Everything of ours that Meteor has no method for, by the names our other transports have it under. Parameters come in one object; errors carry our code in
 * their details.
 */
import { AccountsError } from '@latchkey/common'
import * as v from 'valibot'
import type { Confirmation } from '../../../core/accounts.ts'
import type { SessionAndUser } from '../../../core/session/session.ts'
import type { DeedCall, Deed } from './deed.ts'
import { connectionOf, leaving, signIn } from './sign-in.ts'

/** A token, an address, an id: bounded, and possibly empty, for the core has the right word for that. */
const text = v.pipe(v.string(), v.maxLength(4096))
const password = v.union([v.string(), v.strictObject({ digest: text, algorithm: v.literal('sha-256') })])
const confirmation = { password: v.optional(password), code: v.optional(text) }
const secret = v.union([text, v.looseObject({ base32: text })])
const email = v.object({ email: text })
const nothing = v.nullish(v.looseObject({}))

/** The methods by their names. */
export const OWN_METHODS: Readonly<Record<string, Deed>> = {
  // Who, and on which devices
  'latchkey.user': async call => {
    const who = await call.who()
    return who && call.accounts.publicUser(who.user)
  },
  'latchkey.settings': ({ accounts }) => accounts.publicSettings(),
  'latchkey.sessions': signedIn(nothing, ({ accounts }, who) => accounts.sessions(who)),
  'latchkey.endSession': signedIn(v.object({ sessionId: text }), endSession),
  'latchkey.endOtherSessions': signedIn(nothing, ({ accounts, origin }, who) => accounts.logout(who, 'others', origin)),

  // Signing in by name
  'latchkey.authenticate': anyone(v.object({ service: text, params: v.looseObject({}) }), async (call, { service, params }) => {
    connectionOf(call)
    const login = await call.accounts.login(service, params, call.origin, 'resume')
    const { resume } = params as { resume?: unknown }
    return { ...(await signIn(call, login, typeof resume === 'string' ? resume : undefined)), sessionId: login.session.id }
  }),
  'latchkey.register': anyone(v.object({ user: v.looseObject({}) }), async (call, { user }) => {
    connectionOf(call)
    const { result, login } = await call.accounts.register(user, call.origin, 'resume')
    return login ? { ...result, login: { ...(await signIn(call, login)), sessionId: login.session.id } } : result
  }),

  // Addresses and links
  'latchkey.sendVerificationEmail': anyone(email, ({ accounts, origin }, given) => accounts.sendVerificationEmail(given.email, origin)),
  'latchkey.verifyEmail': anyone(v.object({ token: text }), ({ accounts, origin }, { token }) => accounts.verifyEmail(token, origin)),
  'latchkey.requestMagicLinkEmail': anyone(email, ({ accounts, origin }, given) => accounts.requestMagicLinkEmail(given.email, origin)),
  'latchkey.requestLoginCode': anyone(email, async ({ accounts, origin }, given) => {
    const { request, isNewUser } = await accounts.requestLoginCode({ selector: given, userData: given }, origin)
    return { request, ...(isNewUser === undefined ? {} : { isNewUser }) }
  }),
  'latchkey.addEmail': signedIn(v.object({ newEmail: text, ...confirmation }), ({ accounts, origin }, who, given) =>
    accounts.addEmail(who, given.newEmail, origin, confirmationOf(given)),
  ),
  'latchkey.changeEmail': signedIn(v.object({ oldEmail: text, newEmail: text, ...confirmation }), ({ accounts, origin }, who, given) =>
    accounts.changeEmail(who, given.oldEmail, given.newEmail, confirmationOf(given), origin),
  ),
  'latchkey.removeEmail': signedIn(v.object({ email: text, ...confirmation }), ({ accounts, origin }, who, given) =>
    accounts.removeEmail(who, given.email, confirmationOf(given), origin),
  ),

  // The second factor
  'latchkey.twoFactorSecret': async call => ({ secret: await call.accounts.twoFactorSecret(await call.who(), call.origin) }),
  'latchkey.twoFactorSet': signedIn(v.object({ secret, code: text, password: v.optional(password) }), ({ accounts, origin }, who, given) =>
    accounts.twoFactorSet(who, given.secret, given.code, origin, confirmationOf({ password: given.password })),
  ),
  'latchkey.twoFactorUnset': signedIn(v.object({ code: text }), ({ accounts, origin }, who, { code }) =>
    accounts.twoFactorUnset(who, code, origin),
  ),
  'latchkey.twoFactorRecoveryCodes': signedIn(v.object({ code: text }), async ({ accounts, origin }, who, { code }) => ({
    recoveryCodes: await accounts.twoFactorRecoveryCodes(who, code, origin),
  })),
  'latchkey.twoFactorStatus': signedIn(nothing, ({ accounts }, who) => accounts.twoFactorStatus(who)),

  // Accounts elsewhere
  'latchkey.linkedProviders': signedIn(nothing, ({ accounts }, who) => accounts.linkedProviders(who)),
  // A `code` is the provider's: whoever has a second factor and an old session signs in anew before linking.
  'latchkey.link': signedIn(
    v.looseObject({ provider: text, password: v.optional(password) }),
    ({ accounts, origin }, who, { password: given, ...params }) =>
      accounts.link(who, params, confirmationOf({ password: given }), origin, 'oauth'),
  ),
  'latchkey.unlink': signedIn(v.object({ provider: text, ...confirmation }), ({ accounts, origin }, who, given) =>
    accounts.unlink(who, given.provider, confirmationOf(given), origin),
  ),

  // The account as a whole
  'latchkey.exportData': signedIn(nothing, ({ accounts, origin }, who) => accounts.exportData(who, origin)),
  'latchkey.deleteAccount': signedIn(v.nullish(v.object(confirmation)), (call, who, given) =>
    signingOut(call, () => call.accounts.deleteAccount(who, confirmationOf(given ?? {}), call.origin)),
  ),
}

/** One's own: then the connection is signed out and stays. */
async function endSession(call: DeedCall, who: SessionAndUser, { sessionId }: { sessionId: string }): Promise<void> {
  const end = async (): Promise<void> => {
    const ended = await call.accounts.endSession(who, sessionId, call.origin)
    if (!ended) throw new AccountsError('NotFound', { message: 'You have no such session', details: { field: 'sessionId' } })
  }
  return sessionId === who.session.id ? signingOut(call, end) : end()
}

/** For what ends the session of this very connection. */
async function signingOut(call: DeedCall, work: () => Promise<void>): Promise<void> {
  const connection = connectionOf(call)
  await leaving(call, async () => {
    await work()
    call.signedIn.release(connection)
  })
  await call.invocation.setUserId(null)
}

/** A method for whoever calls. */
function anyone<Schema extends v.GenericSchema>(schema: Schema, deed: (call: DeedCall, given: v.InferOutput<Schema>) => unknown): Deed {
  return (call, given) => deed(call, read(schema, given))
}

/** A method for whoever is signed in. */
function signedIn<Schema extends v.GenericSchema>(
  schema: Schema,
  deed: (call: DeedCall, who: SessionAndUser, given: v.InferOutput<Schema>) => unknown,
): Deed {
  return async (call, given) => {
    const who = await call.who()
    if (!who) throw new AccountsError('Unauthorized')
    return deed(call, who, read(schema, given))
  }
}

function read<Schema extends v.GenericSchema>(schema: Schema, given: unknown): v.InferOutput<Schema> {
  const { success, output, issues } = v.safeParse(schema, given)
  if (success) return output
  const field = issues[0] && v.getDotPath(issues[0])
  throw new AccountsError('InvalidInput', { details: field ? { field } : {} })
}

const confirmationOf = ({ password: given, code }: NonNullable<Confirmation>): Confirmation =>
  given === undefined && code === undefined ? null : { password: given, code }
