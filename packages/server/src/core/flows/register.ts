import { AccountsError, isAccountsError } from '@latchkey/common'
import type { CreateUserResult, ErrorCode } from '@latchkey/common'
import type { Login, SessionMode } from '../accounts.ts'
import { auditEvent } from '../audit/record.ts'
import type { Core } from '../core.ts'
import { passwordCredential } from '../identity/credential.ts'
import type { StoredPassword } from '../identity/credential.ts'
import { emailKey, parseEmail } from '../identity/email.ts'
import type { Identifier, NewUser, User } from '../identity/user.ts'
import { parseUsername } from '../identity/username.ts'
import { passThrough } from '../hooks.ts'
import { accountName } from '../policy/account-name.ts'
import type { Along } from '../store.ts'
import type { Origin } from '../strategy.ts'
import { insertNew } from './insert-user.ts'
import { judgeNewUser } from './judge-new-user.ts'
import type { Draft, JudgedUser } from './judge-new-user.ts'
import { loginTrusted } from './login.ts'
import { hasherOf, readNewPassword } from './new-password.ts'
import { verificationAlong } from './verify-email.ts'

/** What a visitor sends to sign up. Further keys reach `validateNewUser`, which decides what is kept. */
export interface Registration {
  username?: unknown
  email?: unknown
  password?: unknown
  [extra: string]: unknown
}

/**
 * Signs up. With ambiguous messages (and no autologin) a taken name or address answers exactly like a new one, after the same work, and the
 * owner of a taken address is told by mail.
 * @throws AccountsError `SignUpForbidden`, `UsernameOrEmailRequired`, `InvalidUsername`, `InvalidEmail`, `InvalidPassword`,
 * `UsernameAlreadyExists`, `EmailAlreadyExists`, `TooManyAttempts`, `Busy`, and what hooks for new users refuse with
 */
export async function register(
  core: Core,
  input: Registration,
  origin: Origin,
  mode: SessionMode,
): Promise<{ result: CreateUserResult; login: Login | null }> {
  if (!core.settings.signUpAllowed) throw new AccountsError('SignUpForbidden')
  await core.limiter.hit('register', { ip: origin.ip })
  const draft = readDraft(core, input)
  const hides = core.settings.ambiguousErrorMessages && !core.settings.enableAutologin
  // As in accounts-js, where a taken name is told of before a weak password.
  if (!hides) await refuseTaken(core, draft, origin)
  const password = readNewPassword(core, input.password, draft)
  const kept = await askValidateNewUser(core, input, draft)
  const judged = await judgeNewUser(core, { draft: kept, options: withoutPassword(input), services: { password: {} } })
  const stored = await hasherOf(core).hash(password, { ip: origin.ip })
  // Looked up beforehand where that must not show: a taken name then costs a read and a write like a new one, and not also an insert that fails.
  const owners = hides ? await ownersOf(core, identifiersOf(judged.draft)) : NOBODY
  const outcome = owners.size > 0 ? null : await insertUser(core, judged, stored, origin)
  if (!outcome?.inserted) {
    const owner = (outcome ? await ownersOf(core, identifiersOf(judged.draft)) : owners).get('email')
    await tellOwner(core, judged.draft.emails[0], owner, origin)
    if (!hides) throw alreadyExists(outcome?.taken ?? 'email')
    return { result: {}, login: null }
  }
  core.outbox.kick()
  const { user } = outcome
  const told = core.hooks.tell('userCreated', { user, origin })
  // An answer that waits for the app's listeners would tell by its time that the account is new.
  if (hides) return { result: {}, login: null }
  await told
  if (!core.settings.enableAutologin) return { result: { userId: user.id }, login: null }
  const login = await loginTrusted(core, user.id, origin, mode, 'sign-up')
  return { result: { userId: login.user.id }, login }
}

// ------------------------------------------------------------------------------------------------------------- reading

/** @throws AccountsError `UsernameOrEmailRequired`, `InvalidUsername`, `InvalidEmail` */
export function readDraft(core: Core, { username, email }: Registration): Draft {
  if (isAbsent(username) && isAbsent(email)) throw new AccountsError('UsernameOrEmailRequired', { details: { field: 'email' } })
  const draft: Draft = { emails: [], custom: {} }
  if (!isAbsent(username)) {
    const parsed =
      typeof username === 'string' && (core.settings.password.validateUsername?.(username) ?? true) ? parseUsername(username) : null
    if (!parsed) throw new AccountsError('InvalidUsername', { details: { field: 'username' } })
    draft.username = parsed.username
    draft.usernameKey = parsed.key
  }
  if (!isAbsent(email)) draft.emails.push({ ...readEmail(core, email), verified: false })
  return draft
}

/** @throws AccountsError `code`, by default `InvalidEmail` */
export function readEmail(core: Core, given: unknown, code: ErrorCode = 'InvalidEmail', field = 'email'): { address: string; key: string } {
  const parsed = parseEmail(given)
  // `parseEmail` refuses anything but a string.
  if (!parsed || !(core.settings.password.validateEmail?.(given as string) ?? true)) throw new AccountsError(code, { details: { field } })
  return parsed
}

const isAbsent = (value: unknown): boolean => value === undefined || value === null || value === ''

/** The app sees what was sent, without the password, and says what is kept. Names and addresses it returns are read again. */
export async function askValidateNewUser(core: Core, input: Registration, draft: Draft): Promise<Draft> {
  const { validateNewUser } = core.settings.password
  if (!validateNewUser) return draft
  try {
    const { username, email, password: _own, ...custom } = await validateNewUser(withoutPassword(input))
    return { ...readDraft(core, { username, email }), custom }
  } catch (thrown) {
    throw passThrough(thrown)
  }
}

/** What was asked for, as the app may see it. */
export function withoutPassword({ password: _password, ...offered }: Registration): Record<string, unknown> {
  return offered
}

/** Users by the kind of name they have. */
type Owners = ReadonlyMap<Identifier['kind'], User>

const NOBODY: Owners = new Map()

/** Who has these names already. */
async function ownersOf(core: Core, names: readonly Identifier[]): Promise<Owners> {
  const found = await Promise.all(names.map(name => core.store.users.find(name)))
  return new Map(names.flatMap(({ kind }, at) => (found[at] ? [[kind, found[at]] as const] : [])))
}

/**
 * Refuses a name somebody has. Where the owner of an address is told of the try, that happens here too.
 * @throws AccountsError `UsernameAlreadyExists`, `EmailAlreadyExists`
 */
export async function refuseTaken(core: Core, draft: Draft, origin?: Origin): Promise<void> {
  const owners = await ownersOf(core, identifiersOf(draft))
  if (owners.size === 0) return
  if (origin) await tellOwner(core, draft.emails[0], owners.get('email'), origin)
  throw alreadyExists(owners.has('username') ? 'username' : 'email')
}

/** What a taken name, address, account or id is refused with. */
export function alreadyExists(kind: Identifier['kind']): AccountsError {
  if (kind === 'id') return new AccountsError('InvalidInput', { message: 'There is a user with this id already' })
  if (kind.startsWith('oauth:')) return new AccountsError('AccountAlreadyLinked')
  return new AccountsError(kind === 'username' ? 'UsernameAlreadyExists' : 'EmailAlreadyExists')
}

/** Inserts with what a sign-up writes; the app is told when the store could not. */
export async function insertUser(
  core: Core,
  judged: JudgedUser,
  password: StoredPassword | null,
  origin: Origin,
): ReturnType<typeof insertNew> {
  try {
    return await insertNew(core, judged, user => {
      const newUser = newUserOf(core, user, password)
      return { newUser, along: alongSignUp(core, newUser.user, origin) }
    })
  } catch (thrown) {
    const { username, custom } = judged.draft
    const emails = judged.draft.emails.map(({ address, verified }) => ({ address, verified }))
    const user = { ...(username === undefined ? {} : { username }), emails, ...custom }
    await core.hooks.tell('userCreationFailure', { user, error: thrown instanceof Error ? thrown : new Error(String(thrown)) })
    throw thrown
  }
}

// Of two that are taken the first is told, and accounts-js asks for the username first.
export const identifiersOf = ({ usernameKey, emails }: Pick<Draft, 'usernameKey' | 'emails'>): Identifier[] => [
  ...(usernameKey === undefined ? [] : [{ kind: 'username', key: usernameKey } as const]),
  ...emails.map(({ key }): Identifier => ({ kind: 'email', key })),
]

/** The rows of a new user. */
export function newUserOf(core: Core, { id, createdAt, draft }: JudgedUser, password: StoredPassword | null): NewUser {
  const now = core.clock.now()
  return {
    user: {
      id,
      ...(draft.username === undefined ? {} : { username: draft.username }),
      emails: draft.emails.map(({ address, verified }) => ({ address, verified })),
      createdAt,
      updatedAt: now,
      epoch: 0,
      custom: draft.custom,
    },
    credentials: password ? [passwordCredential(id, password, now)] : [],
    identifiers: identifiersOf(draft),
  }
}

// ------------------------------------------------------------------------------------------------------------- telling

/** What is written with a new user: the audit line, and the verification link where one is sent. */
export function alongSignUp(core: Core, user: User, origin: Origin): Along {
  const audit = [auditEvent(core, 'user-created', origin, { userId: user.id })]
  const address = user.emails[0]?.address
  if (!core.settings.password.sendVerificationEmailAfterSignup || address === undefined) return { audit }
  return { audit, ...verificationAlong(core, user, address) }
}

/**
 * Tells the owner of a taken address that somebody tried to sign up with it; writes as much when there is nobody to tell, and in one transaction
 * like a sign-up that succeeds.
 */
async function tellOwner(core: Core, email: Draft['emails'][0] | undefined, owner: User | undefined, origin: Origin): Promise<void> {
  // To the address as it is kept, never as it was typed: look-alikes that share a key must not learn that there is an account.
  const to = owner?.emails.find(one => emailKey(one.address) === email?.key)?.address
  const mail =
    owner && to !== undefined && email && mayWrite(core, email.key, origin)
      ? core.outbox.compose('alreadyRegistered', { to, user: owner, data: {} })
      : core.outbox.compose('void', { to: '', user: null, data: {} })
  const { token } = verificationAlong(core, null, email?.address ?? '')
  const audit = [auditEvent(core, 'user-duplicate', origin, { userId: owner?.id ?? null })]
  await core.store.tokens.issue(token, { mail: [mail], audit })
  core.outbox.kick()
}

/** Signing up with somebody's address again and again must not fill their mailbox. Counted here: a round trip more would tell by its time. */
function mayWrite(core: Core, key: string, { ip }: Origin): boolean {
  try {
    core.limiter.hitHere('mail', { ip, account: accountName({ kind: 'email', key }) })
    return true
  } catch (error) {
    if (isAccountsError(error) && error.code === 'TooManyAttempts') return false
    throw error
  }
}
