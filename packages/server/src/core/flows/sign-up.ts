import { AccountsError, isAccountsError } from '@latchkey/common'
import type { Login, SessionMode } from '../accounts.ts'
import { auditEvent } from '../audit/record.ts'
import type { Core } from '../core.ts'
import type { User } from '../identity/user.ts'
import type { Origin, Proof } from '../strategy.ts'
import { changed } from './changed.ts'
import { firstLink } from './create-user.ts'
import { insertNew } from './insert-user.ts'
import { judgeNewUser } from './judge-new-user.ts'
import { loginByDeed } from './login.ts'
import { hasherOf, readNewPassword } from './new-password.ts'
import { alreadyExists, newUserOf, readDraft, refuseTaken, withoutPassword } from './register.ts'
import type { Registration } from './register.ts'

/**
 * Signs up and in, as Meteor's `createUser` does: the answer tells whether a name was free, whatever it says. `profile` becomes a field of the user,
 * further keys reach the app's hooks alone. A password may be left out; with `sendVerificationEmailAfterSignup` a link to choose one is then sent.
 *
 * Whatever refuses, also a `validateLogin` hook at the very end, leaves no user behind; hooks are told of it as of any other login that was refused.
 * @throws AccountsError `SignUpForbidden`, `InvalidInput`, `UsernameOrEmailRequired`, `InvalidUsername`, `InvalidEmail`, `InvalidPassword`,
 * `UsernameAlreadyExists`, `EmailAlreadyExists` (`InvalidCredentials` with ambiguous messages), `EmailNotVerified` when that is required to sign in, and then
 * the account stands; `TooManyAttempts`, `Busy`, and what hooks refuse with
 */
export async function signUp(core: Core, input: Registration, origin: Origin, mode: SessionMode): Promise<Login> {
  let made: User | undefined
  const deed = async (): Promise<Proof> => {
    made = await insert(core, input, origin)
    return { userId: made.id, factor: { name: 'password', kind: 'knows', at: core.clock.now() } }
  }
  const login = await loginByDeed(core, deed, 'password', origin, mode).catch(async (refusal: unknown) => {
    // Who is not let in was never here.
    if (made) await undo(core, made.id)
    throw refusal
  })
  await created(core, login.user, origin)
  return login
}

async function insert(core: Core, input: Registration, origin: Origin): Promise<User> {
  const { settings } = core
  // First: each refusal is written down and shown to hooks, so that none must be free.
  await core.limiter.hit('register', { ip: origin.ip })
  if (!settings.signUpAllowed) throw new AccountsError('SignUpForbidden')
  refuseMisshapen(input)
  const draft = readDraft(core, input)
  await hidden(core, refuseTaken(core, draft))
  const { password: given, profile } = input
  const password = isAbsent(given) ? null : readNewPassword(core, given, draft)
  const judged = await judgeNewUser(core, {
    draft,
    options: withoutPassword(input),
    services: password === null ? {} : { password: {} },
    defaults: profile ? { profile } : {},
  })
  const stored = password === null ? null : await hasherOf(core).hash(password, { ip: origin.ip })
  const outcome = await insertNew(core, judged, user => {
    const newUser = newUserOf(core, user, stored)
    const { audit, ...link } = settings.password.sendVerificationEmailAfterSignup
      ? firstLink(core, newUser.user, stored !== null, origin)
      : { audit: [] }
    return { newUser, along: { ...link, audit: [auditEvent(core, 'user-created', origin, { userId: user.id }), ...audit] } }
  })
  // Taken since it was looked up.
  if (!outcome.inserted) return hidden(core, Promise.reject(alreadyExists(outcome.taken)))
  const { user } = outcome
  if (settings.password.requireEmailVerification && !user.emails.some(({ verified }) => verified)) {
    await created(core, user, origin)
    throw new AccountsError('EmailNotVerified')
  }
  return user
}

async function created(core: Core, user: User, origin: Origin): Promise<void> {
  core.outbox.kick()
  await core.hooks.tell('userCreated', { user, origin })
}

async function undo(core: Core, userId: string): Promise<void> {
  await core.store.users.remove(userId, core.clock.now())
  await changed(core, userId)
}

/** Which of the two is taken is said only by an app that hides nothing. */
async function hidden<T>(core: Core, work: Promise<T>): Promise<T> {
  try {
    return await work
  } catch (error) {
    const isTaken = isAccountsError(error) && (error.code === 'UsernameAlreadyExists' || error.code === 'EmailAlreadyExists')
    throw isTaken && core.settings.ambiguousErrorMessages ? new AccountsError('InvalidCredentials', { cause: error }) : error
  }
}

/** Meteor's check of what is sent: names are texts. */
function refuseMisshapen({ username, email }: Registration): void {
  for (const name of [username, email]) {
    if (name !== undefined && typeof name !== 'string') throw new AccountsError('InvalidInput')
  }
}

const isAbsent = (value: unknown): boolean => value === undefined || value === null
