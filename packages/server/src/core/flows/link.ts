/** Accounts elsewhere: signing in and up by what a provider vouches for, linking an account to one's own, and unlinking it. */
import { AccountsError } from '@latchkey/common'
import type { Confirmation } from '../accounts.ts'
import type { AuditType } from '../audit/events.ts'
import { auditEvent } from '../audit/record.ts'
import type { Core } from '../core.ts'
import { passThrough } from '../hooks.ts'
import { deviceLabel } from '../device.ts'
import { passwordOf } from '../identity/credential.ts'
import type { Credential } from '../identity/credential.ts'
import { keptCustom } from '../identity/custom.ts'
import { emailKey, parseEmail } from '../identity/email.ts'
import { accountKind, identifierOf, isLinkedAccount, linkedAccount, openLinkedAccount, saysTheSame } from '../identity/linked-account.ts'
import type { ProviderAccount } from '../identity/linked-account.ts'
import { isReserved } from '../identity/public-user.ts'
import { isDeactivated } from '../identity/user.ts'
import type { NewUser, User } from '../identity/user.ts'
import { parseUsername } from '../identity/username.ts'
import { clientOf } from '../origin.ts'
import { guesserOf } from '../session/session.ts'
import type { SessionAndUser } from '../session/session.ts'
import type { Along } from '../store.ts'
import type { ExternalLogin } from '../policy/external-logins.ts'
import { strategyNamed } from '../strategy.ts'
import type { Origin, Vouched } from '../strategy.ts'
import { changed } from './changed.ts'
import { confirm } from './confirm.ts'
import { insertNew } from './insert-user.ts'
import { judgeNewUser } from './judge-new-user.ts'
import type { JudgedUser, Newcomer } from './judge-new-user.ts'
import { newUserOf } from './register.ts'
import { verificationAlong } from './verify-email.ts'

/** How often to look again when somebody else was quicker: once more is enough, for they then are who we look for. */
const MOST_LOOKS = 3

/**
 * The user whom a provider vouches for: the one who is linked; else the one with that address, when the provider and we both know it to be theirs; else a new
 * one, as far as sign-up allows. Opens no session: that is the login flow's. Of two first sign-ins at once both get the one user.
 * @throws AccountsError `AccountNotLinked` when the address is somebody's and is not proven on both sides, `SignUpForbidden`, `UsernameAlreadyExists`,
 * `EmailAlreadyExists`, `InvalidUsername`, `InvalidEmail`, `TooManyAttempts`, and what `validateNewUser` refuses with
 */
export async function userVouchedFor(core: Core, vouched: Vouched, origin: Origin): Promise<User> {
  const { provider, account } = vouched
  const login: ExternalLogin = { provider, account, options: core.externalLogins.isSilent() ? {} : await vouched.registration() }
  const coming: Coming = { vouched, login, origin }
  for (let look = 0; look < MOST_LOOKS; look += 1) {
    const found =
      (await linkedUser(core, coming)) ??
      (await userOfApp(core, coming)) ??
      (await userWithAddress(core, coming)) ??
      (await newUser(core, coming))
    if (found) return found
  }
  throw new AccountsError('Busy', { detail: 'an account changed hands again and again' })
}

/**
 * Links an account elsewhere to one's own: from then on it signs in.
 * @throws AccountsError `AccountAlreadyLinked`, `ServiceNotFound`, `UnrecognizedOptionsForLogin`, what the service refuses with, and what confirming throws
 */
export async function linkAccount(
  core: Core,
  who: SessionAndUser,
  service: string,
  params: unknown,
  confirmation: Confirmation,
  origin: Origin,
): Promise<void> {
  const strategy = strategyNamed(core.strategies, service)?.strategy
  if (!strategy?.vouch) throw new AccountsError('ServiceNotFound')
  const parsed = strategy.parse(params)
  if (parsed === undefined) throw new AccountsError('UnrecognizedOptionsForLogin')
  await confirm(core, who, confirmation, origin)
  await core.limiter.hit('login', { ip: origin.ip, account: guesserOf(who.session) })
  const vouched = await strategy.vouch(parsed)
  const outcome = await link(core, who.user, vouched, along(core, 'account-linked', { ...who, vouched, origin }))
  if (outcome === 'gone') throw new AccountsError('UserNotFound')
  if (outcome === 'taken') throw new AccountsError('AccountAlreadyLinked')
  if (outcome === 'refused') {
    throw new AccountsError('AccountAlreadyLinked', { message: 'Another account of this provider is linked. Unlink it first.' })
  }
  core.outbox.kick()
}

/**
 * Unlinks one's own account at a provider.
 * @throws AccountsError `InvalidProvider` when none is linked, `LastSignInMethod`, and what confirming throws
 */
export async function unlinkAccount(
  core: Core,
  who: SessionAndUser,
  provider: unknown,
  confirmation: Confirmation,
  origin: Origin,
): Promise<void> {
  if (typeof provider !== 'string') throw new AccountsError('InvalidProvider', { details: { field: 'provider' } })
  await confirm(core, who, confirmation, origin)
  if (!(await unlink(core, who, provider, origin)))
    throw new AccountsError('InvalidProvider', { message: 'This provider is not linked', details: { field: 'provider' } })
}

/**
 * The same for the app, which knows what it does: nothing happens when none is linked.
 * @throws AccountsError `UserNotFound`, `LastSignInMethod`
 */
export async function unlinkUser(core: Core, userId: string, provider: string, origin: Origin): Promise<void> {
  const user = await core.store.users.find({ kind: 'id', key: userId })
  if (!user) throw new AccountsError('UserNotFound')
  await unlink(core, { user }, provider, origin)
}

/** A user's accounts elsewhere, with the tokens the providers gave: for the app alone. */
export async function providerAccounts(core: Core, userId: string): Promise<ProviderAccount[]> {
  const credentials = await core.store.users.credentials(userId)
  return credentials.filter(isLinkedAccount).map(account => openLinkedAccount(core, account))
}

/** My accounts elsewhere, without anything they contain. */
export async function linkedProviders(core: Core, { user }: SessionAndUser): Promise<{ provider: string; linkedAt: string }[]> {
  const accounts = await providerAccounts(core, user.id)
  return accounts.map(({ provider, linkedAt }) => ({ provider, linkedAt: new Date(linkedAt).toISOString() }))
}

// ------------------------------------------------------------------------------------------------------------ finding

/** Somebody who comes by a provider, and what the app is asked about it. */
interface Coming {
  vouched: Vouched
  login: ExternalLogin
  origin: Origin
}

/** Who is linked; what the provider says now takes the place of what it said before. On the Meteor face what it no longer says is kept. */
async function linkedUser(core: Core, { vouched: coming, login }: Coming): Promise<User | null> {
  const user = await core.store.users.find(identifierOf(coming))
  if (!user || isDeactivated(user)) return user
  await core.externalLogins.ask(login, user)
  await keepAccount(core, coming, user)
  return withFields(core, user, await core.externalLogins.fieldsOf(login, user))
}

async function keepAccount(core: Core, coming: Vouched, user: User): Promise<void> {
  const { kind, key } = identifierOf(coming)
  const kept = (await core.store.users.credentials(user.id)).find(credential => credential.kind === kind && credential.id === key)
  const before = kept && isLinkedAccount(kept) && core.settings.face === 'meteor' ? openLinkedAccount(core, kept).account : {}
  const vouched = { ...coming, account: { ...before, ...coming.account } }
  if (kept && isLinkedAccount(kept) && saysTheSame(core, kept, vouched)) return
  const now = core.clock.now()
  const next = linkedAccount(core, vouched, user.id, { now, ...(kept ? { linkedAt: kept.createdAt } : {}) })
  // Only in the place of what was read: one that was unlinked meanwhile stays so.
  await core.store.users.swapCredential({ expected: kept ?? null, next })
}

/** The user with fields of the app's own choice. Only with such fields: names, addresses and ways to sign in are nothing to set by the way. */
async function withFields(core: Core, user: User, fields: Readonly<Record<string, unknown>>): Promise<User> {
  const entries = Object.entries(fields)
  const refused = entries.filter(([field]) => isReserved(field)).map(([field]) => field)
  if (refused.length > 0) core.log.warn({ fields: refused }, 'onExternalLogin may set fields of the app alone; these stay as they are')
  const own = Object.fromEntries(entries.filter(([field]) => !isReserved(field)))
  if (Object.keys(own).length === 0) return user
  await core.store.users.changeCustom(user.id, kept => ({ ...kept, ...keptCustom(core.settings.face, own) }), core.clock.now())
  await changed(core, user.id)
  return (await core.store.users.find({ kind: 'id', key: user.id })) ?? user
}

/** Whom the app takes them for. Its decision: it is written down, and the user is told. */
async function userOfApp(core: Core, { vouched, login, origin }: Coming): Promise<User | null> {
  const id = await core.externalLogins.find(login)
  const user = id === null ? null : await core.store.users.find({ kind: 'id', key: id })
  if (!user || isDeactivated(user)) return user
  return linked(core, { vouched, login, origin }, user, 'app')
}

async function linked(core: Core, { vouched, login, origin }: Coming, user: User, by?: 'app'): Promise<User | null> {
  await core.externalLogins.ask(login, user)
  const outcome = await link(core, user, vouched, along(core, 'account-linked', { user, vouched, origin, ...(by && { by }) }))
  if (outcome === 'refused') throw notLinked()
  if (outcome !== 'linked') return null
  core.outbox.kick()
  return withFields(core, user, await core.externalLogins.fieldsOf(login, user))
}

/**
 * Who has the address. Both must be sure of it: a provider that only repeats what was typed would hand out other people's accounts, and an address of ours
 * that was never confirmed may have been registered by somebody who waits for its owner to come (pre-hijacking).
 */
async function userWithAddress(core: Core, coming: Coming): Promise<User | null> {
  const { email } = coming.vouched
  if (!email?.verified) return null
  const user = await core.store.users.find({ kind: 'email', key: email.key })
  if (!user?.emails.some(({ address, verified }) => verified && emailKey(address) === email.key)) return null
  // The login flow will say so.
  return isDeactivated(user) ? user : linked(core, coming, user)
}

async function newUser(core: Core, { vouched, login, origin }: Coming): Promise<User | null> {
  if (!vouched.byApp) {
    if (!core.settings.providerSignUpAllowed) throw new AccountsError('SignUpForbidden')
    await core.limiter.hit('register', { ip: clientOf(origin) })
  }
  await core.externalLogins.ask(login, null)
  const options = core.externalLogins.isSilent() ? await vouched.registration() : await core.externalLogins.fieldsOf(login, null)
  const judged = await judgeNewUser(core, await registrationOf(core, vouched, options))
  const outcome = await insertNew(core, judged, user => {
    const rows = rowsOf(core, vouched, user)
    return { newUser: rows, along: alongSignUp(core, rows.user, vouched, origin) }
  })
  if (outcome.inserted) {
    core.outbox.kick()
    await core.hooks.tell('userCreated', { user: outcome.user, origin })
    return outcome.user
  }
  // Their own first sign-in in another tab: they are linked now.
  if (outcome.taken === identifierOf(vouched).kind) return null
  const made = rowsOf(core, vouched, judged)
  const error = outcome.taken === 'username' ? new AccountsError('UsernameAlreadyExists') : takenAddress(made, vouched)
  await core.hooks.tell('userCreationFailure', { user: { ...made.user }, error })
  throw error
}

function takenAddress({ identifiers }: NewUser, { email }: Vouched): AccountsError {
  return identifiers.some(({ kind, key }) => kind === 'email' && key === email?.key) ? notLinked() : new AccountsError('EmailAlreadyExists')
}

const notLinked = (): AccountsError => new AccountsError('AccountNotLinked', { details: { field: 'email' } })

// --------------------------------------------------------------------------------------------------------- signing up

/** Whom a provider vouches for, as they would begin here. */
async function registrationOf(core: Core, vouched: Vouched, offered: Readonly<Record<string, unknown>>): Promise<Newcomer> {
  const { username, email, custom } = await askApp(core, offered)
  const services = {
    [vouched.provider]: { ...(vouched.email ? { email: vouched.email.address } : {}), ...vouched.account, id: vouched.subject },
  }
  // Meteor's: options are for the hook that makes the user, and all that becomes of them without one is the profile.
  const { profile } = custom
  if (core.settings.face === 'meteor' && vouched.byApp)
    return { draft: { emails: [], custom: {} }, options: { ...offered }, services, defaults: profile ? { profile } : {} }
  const name = readUsername(username)
  const address = readAddress(core, email)
  const verified = address !== null && vouched.email?.verified === true && vouched.email.key === address.key
  return {
    draft: {
      ...(name ? { username: name.username, usernameKey: name.key } : {}),
      emails: address ? [{ ...address, verified }] : [],
      custom,
    },
    options: { ...custom, ...(name ? { username: name.username } : {}), ...(address ? { email: address.address } : {}) },
    services,
  }
}

/** The rows of a new user with nothing but the provider to sign in by. */
function rowsOf(core: Core, vouched: Vouched, judged: JudgedUser): NewUser {
  const { user, identifiers } = newUserOf(core, judged, null)
  return {
    user,
    credentials: [linkedAccount(core, vouched, user.id, { now: core.clock.now() })],
    // The account first: of a first sign-in that happens twice, it is what both claim.
    identifiers: [identifierOf(vouched), ...identifiers],
  }
}

interface Asked {
  username: unknown
  email: unknown
  custom: Record<string, unknown>
}

/** What the provider's own mapping makes of it; then the rule that judges every other sign-up too. */
async function askApp(core: Core, registration: Readonly<Record<string, unknown>>): Promise<Asked> {
  const offered = withoutOurs(registration)
  const { validateNewUser } = core.settings.password
  let kept = offered
  try {
    if (validateNewUser) kept = withoutOurs(await validateNewUser({ ...offered }))
  } catch (thrown) {
    const error = passThrough(thrown)
    await core.hooks.tell('userCreationFailure', { user: offered, error })
    throw error
  }
  const { username, email, ...custom } = kept
  return { username, email, custom }
}

/** What a registration may not bring along: it has no password, and its accounts are kept by us. */
function withoutOurs(registration: Readonly<Record<string, unknown>>): Record<string, unknown> {
  const { password: _password, services: _services, ...rest } = registration
  return rest
}

// Only our own rule for names: accounts-js's pattern for what visitors type would refuse most of the names that providers have.
function readUsername(given: unknown): { username: string; key: string } | null {
  if (isAbsent(given)) return null
  const parsed = typeof given === 'string' ? parseUsername(given) : null
  if (!parsed) throw new AccountsError('InvalidUsername', { details: { field: 'username' } })
  return parsed
}

function readAddress(core: Core, given: unknown): { address: string; key: string } | null {
  if (isAbsent(given)) return null
  const parsed = parseEmail(given)
  // `parseEmail` refuses anything but a string.
  if (!parsed || !(core.settings.password.validateEmail?.(given as string) ?? true))
    throw new AccountsError('InvalidEmail', { details: { field: 'email' } })
  return parsed
}

const isAbsent = (value: unknown): boolean => value === undefined || value === null || value === ''

function alongSignUp(core: Core, user: User, { provider }: Vouched, origin: Origin): Along {
  const audit = [auditEvent(core, 'user-created', origin, { userId: user.id, data: { provider } })]
  const [email] = user.emails
  if (!email || email.verified || !core.settings.password.sendVerificationEmailAfterSignup) return { audit }
  return { audit, ...verificationAlong(core, user, email.address) }
}

// -------------------------------------------------------------------------------------------------- linking, unlinking

/** One account at each provider: with a second one, the first would go on opening the door unseen. */
function link(core: Core, user: User, vouched: Vouched, rides: Along): Promise<'linked' | 'taken' | 'gone' | 'refused'> {
  const own = accountKind(vouched.provider)
  const isOnlyOne = (kept: readonly Credential[]): boolean => kept.every(({ kind, id }) => kind !== own || id === vouched.subject)
  return core.store.users.link(linkedAccount(core, vouched, user.id, { now: core.clock.now() }), isOnlyOne, rides)
}

async function unlink(
  core: Core,
  who: Pick<SessionAndUser, 'user'> & Partial<SessionAndUser>,
  provider: string,
  origin: Origin,
): Promise<boolean> {
  const rides = along(core, 'account-unlinked', { ...who, vouched: { provider }, origin })
  const judge = (left: readonly Credential[]): boolean => canSignIn(core, who.user, left)
  const outcome = await core.store.users.unlink(who.user.id, accountKind(provider), judge, rides)
  if (outcome === 'refused') throw new AccountsError('LastSignInMethod', { details: { field: 'provider' } })
  core.outbox.kick()
  return outcome === 'unlinked'
}

/** Unlinks whatever is linked, even if nothing is left to sign in with. */
export async function unlinkAll(core: Core, user: User, credentials: readonly Credential[], origin: Origin): Promise<void> {
  for (const kind of new Set(credentials.filter(isLinkedAccount).map(account => account.kind))) {
    const provider = kind.slice(accountKind('').length)
    await core.store.users.unlink(user.id, kind, () => true, along(core, 'account-unlinked', { user, vouched: { provider }, origin }))
  }
}

/** Would one of the ways to sign in still serve this user? */
const canSignIn = ({ strategies, passwords }: Core, user: User, left: readonly Credential[]): boolean =>
  (passwords !== undefined && passwordOf(left) !== null) ||
  [...strategies.values()].some(strategy => strategy.serves?.(user, left) ?? false)

interface About extends Partial<SessionAndUser> {
  user: User
  vouched: Pick<Vouched, 'provider'>
  origin: Origin
  /** Who said that it is theirs, when it was neither they nor an address. */
  by?: 'app'
}

/** Written down, and told to the user's verified addresses (ASVS 6.3.7): whoever did it, the owner learns of it. */
function along(core: Core, type: AuditType & `account-${string}`, { user, session, vouched: { provider }, origin, by }: About): Along {
  const data = { provider, change: type.slice('account-'.length), device: deviceLabel(origin.userAgent), ip: origin.ip }
  return {
    audit: [
      auditEvent(core, type, origin, {
        userId: user.id,
        ...(session ? { sessionId: session.id } : {}),
        data: { provider, ...(by && { by }) },
      }),
    ],
    mail: user.emails.filter(email => email.verified).map(({ address: to }) => core.outbox.compose('accountLinked', { to, user, data })),
  }
}
