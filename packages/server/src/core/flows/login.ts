/**
 * The login flow: the only code that opens a session. Every way to sign in, over every transport, passes these steps in this order.
 */
import { AccountsError, isAccountsError } from '@latchkey/common'
import type { Login, Proven, SessionMode } from '../accounts.ts'
import type { Core } from '../core.ts'
import { deviceLabel } from '../device.ts'
import type { LoginAttempt } from '../hooks.ts'
import type { Identifier, User } from '../identity/user.ts'
import { paramsWithoutSecrets } from '../looks-secret.ts'
import { clientOf } from '../origin.ts'
import { accountName } from '../policy/account-name.ts'
import { askingDevice, failureCountersOfUser, failureKeys, isLocked, refuseLocked } from '../policy/lockout.ts'
import { refuseDeactivated } from '../policy/may-log-in.ts'
import type { Factor, Session, SessionAndUser } from '../session/session.ts'
import type { LoginCandidate } from '../store.ts'
import { strategyNamed } from '../strategy.ts'
import type { Origin, Proof, Strategy } from '../strategy.ts'
import { newDeviceMail } from './new-device.ts'
import { prepareSession } from './open-session.ts'
import type { MovedSession, StampedSession } from './open-session.ts'
import { failureCountersOf, refused } from './refused-login.ts'
import type { Found } from './refused-login.ts'
import { codeIn, secondFactorGiven } from './second-factor.ts'

/** What the steps find out, one after another. */
interface Attempt {
  service: string
  params: unknown
  origin: Origin
  identifier: Identifier | null
  candidate: LoginCandidate
  user: User
  factors: Factor[]
  continued?: Session
  /** Who acts as the user. */
  impersonator?: SessionAndUser
  /** What the session was before it came here. */
  moved?: MovedSession
  /** The session that it is a twin of. */
  sibling?: Session
  /** The token that the app's own code made for it. */
  stamped?: StampedSession
  /** What a custom login handler answers beside the session. */
  options?: Readonly<Record<string, unknown>>
}

/** How hooks and the audit trail name a login that no way to sign in recognised; Meteor's word. */
const UNKNOWN = 'unknown'

/**
 * Signs in.
 * @throws AccountsError whatever a step refuses with; the visitor's view of it is the transport's table
 */
export async function login(core: Core, service: string, params: unknown, origin: Origin, mode: SessionMode): Promise<Login> {
  const attempt = await prove(core, service, params, origin, 'login', mode)
  return attempt.continued ? continueSession(core, attempt) : openSession(core, attempt, mode)
}

/**
 * Signs in by whichever way recognises the options, the first that was registered; Meteor's `login`.
 * @throws AccountsError as {@link login}; `UnrecognizedOptionsForLogin` when none does, which hooks are told of as of any failure
 */
export async function loginByAny(core: Core, options: unknown, origin: Origin, mode: SessionMode): Promise<Login> {
  return judged(core, { params: options, service: UNKNOWN, find: found => findByAny(core, options, origin, found) }, origin, mode)
}

/** The same steps up to the session: accounts-js's `authenticateWithService`. */
export async function proveOnly(core: Core, service: string, params: unknown, origin: Origin): Promise<Proven> {
  const { user } = await prove(core, service, params, origin, 'proof')
  return { user }
}

/** For flows that proved the user themselves (a reset link): enters at "may log in", so second factor and hooks still apply. */
export async function loginProven(core: Core, proof: Proof, service: string, origin: Origin, mode: SessionMode): Promise<Login> {
  return loginByDeed(core, async () => proof, service, origin, mode)
}

/** The same for a deed whose failure is a failed attempt to sign in, of which hooks are told: Meteor's links that sign in. */
export async function loginByDeed(
  core: Core,
  deed: () => Promise<Proof>,
  service: string,
  origin: Origin,
  mode: SessionMode,
): Promise<Login> {
  const find = async (found: Found): Promise<void> => {
    found.identifier = null
    found.proof = await deed()
  }
  return judged(core, { params: {}, service, find }, origin, mode)
}

async function judged(core: Core, steps: Pick<Steps, 'params' | 'service' | 'find'>, origin: Origin, mode: SessionMode): Promise<Login> {
  const attempt = await judge(core, { ...steps, answer: undefined, origin, purpose: 'login' })
  return attempt.continued ? continueSession(core, attempt) : openSession(core, attempt, mode)
}

/** For the app's own code, which vouches for the user: no limits, no second factor, no `validateLogin`. Still refuses the deactivated. */
export async function loginTrusted(core: Core, userId: string, origin: Origin, mode: SessionMode, reason = 'trusted'): Promise<Login> {
  return openSession(core, await trusted(core, userId, origin, reason), mode, 'quietly')
}

/**
 * For an administrator who acts as the user, once it is settled that they may. As `loginTrusted`, and nothing of it looks like a login of the user's
 * own: no failures are forgiven, no device becomes known, no mail goes out.
 */
export async function loginAs(core: Core, userId: string, impersonator: SessionAndUser, origin: Origin): Promise<Login> {
  return openSession(core, { ...(await trusted(core, userId, origin, 'impersonation')), impersonator }, 'bearer', 'quietly')
}

/** For a session that another system opened and that goes on here. As `loginAs`: nobody signs in. Its holder keeps the token they have. */
export async function loginMoved(core: Core, moved: MovedSession, origin: Origin, reason: string): Promise<Login> {
  return openSession(core, { ...(await trusted(core, moved.userId, origin, reason)), moved }, 'bearer', 'quietly')
}

/** For a session that gets a twin (Meteor's `getNewToken`). As `loginAs`: nobody signs in. Good for as long as the first, and no fresher. */
export async function loginSibling(core: Core, { session, user }: SessionAndUser, origin: Origin): Promise<Login> {
  const twin = await trusted(core, user.id, origin, 'sibling')
  // Of another epoch now: the session was ended a moment ago.
  if (twin.user.epoch !== session.epoch) throw new AccountsError('InvalidSession')
  return openSession(core, { ...twin, factors: session.factors, sibling: session }, 'resume', 'quietly')
}

/** For a login token that the app's own code made for a user. As `loginMoved`: nobody signs in yet, and nobody gets another token. */
export async function loginStamped(core: Core, userId: string, stamped: StampedSession, origin: Origin): Promise<Login> {
  return openSession(core, { ...(await trusted(core, userId, origin, 'inserted-token')), stamped }, 'resume', 'quietly')
}

async function trusted(core: Core, userId: string, origin: Origin, reason: string): Promise<Attempt> {
  const candidate = await candidateOf(core, userId, origin)
  const user = candidate.user
  if (!user) throw new AccountsError('UserNotFound')
  refuseDeactivated(user)
  const factors: Factor[] = [{ name: reason, kind: 'trusted', at: core.clock.now() }]
  return { service: reason, params: {}, origin, identifier: null, candidate, user, factors }
}

// ------------------------------------------------------------------------------------------------------------ the steps

async function prove(
  core: Core,
  service: string,
  params: unknown,
  origin: Origin,
  purpose: 'login' | 'proof',
  mode?: SessionMode,
): Promise<Attempt> {
  const named = strategyNamed(core.strategies, service)
  if (!named || (named.strategy.continues && mode !== 'resume'))
    throw new AccountsError('ServiceNotFound', { message: `No service with the name ${printable(service)} was registered.` })
  const { key, strategy } = named
  const parsed = strategy.parse(params)
  if (parsed === undefined) throw new AccountsError('UnrecognizedOptionsForLogin')
  // Hooks decide by the name of the service: none of its other names may lead past them.
  const answer = strategy.ownCode ? undefined : codeIn(params)
  return judge(core, { service: key, params, answer, origin, purpose, find: found => findProof(core, strategy, parsed, origin, found) })
}

interface Steps {
  service: string
  params: unknown
  /** To a second factor, given at once. */
  answer: string | undefined
  origin: Origin
  purpose: 'login' | 'proof'
  find: (found: Found) => Promise<void>
}

async function judge(core: Core, { service, params, answer, origin, purpose, find }: Steps): Promise<Attempt> {
  const moment: LoginAttempt = { service, origin, params: paramsWithoutSecrets(params), allowed: true }
  const found: Found = {}
  try {
    await find(found)
    const { proof, candidate } = found
    if (!proof) throw new AccountsError('AuthenticationFailed', { message: `Service ${service} was not able to authenticate user` })
    const known = candidate?.user?.id === proof.userId ? candidate : await candidateOf(core, proof.userId, origin)
    const user = known.user
    if (!user) throw new AccountsError('AuthenticationFailed', { message: `Service ${service} was not able to authenticate user` })
    moment.user = user
    // Whatever step a login is at, hooks decide by the service it began with.
    moment.service = proof.began ?? found.service ?? service
    found.candidate = known
    // Whoever named nobody (a pending login, a link) is counted as the user they turned out to be.
    const identifier = (found.identifier ??= { kind: 'id', key: user.id })
    if (proof.error) throw proof.error
    // A strategy that had to find the user itself looked a moment ago; the session opens in the epoch of now.
    if (proof.epoch !== undefined && proof.epoch !== user.epoch)
      throw new AccountsError('AuthenticationFailed', { detail: 'proven in an earlier epoch' })
    refuseDeactivated(user)
    const factors = proof.session
      ? proof.session.factors
      : await secondFactorGiven(core, {
          user,
          credentials: known.credentials,
          proof,
          answer: found.answer ?? answer,
          origin,
          service: moment.service,
        })
    if (purpose === 'login') await core.hooks.askLogin(moment)
    if (moment.error) throw moment.error
    moment.user = await spent(proof, user)
    if (purpose === 'proof') await core.hooks.tell('authenticated', moment)
    const attempt: Attempt = { service: moment.service, params, origin, identifier, candidate: known, user: moment.user, factors }
    if (proof.options) attempt.options = proof.options
    return proof.session ? { ...attempt, continued: proof.session } : attempt
  } catch (thrown) {
    moment.service = found.proof?.began ?? found.service ?? service
    throw await refused(core, moment, found, thrown, purpose)
  }
}

/** Uses up what works once, now that nothing else stands in the way: a login that lacks its second factor can be tried again with the same. */
async function spent(proof: Proof, user: User): Promise<User> {
  if (!('spend' in proof)) return user
  const then = await proof.spend?.()
  if (!then) throw new AccountsError('LoginTokenExpired')
  return then
}

/** The first way to sign in that takes the options for its own says who it is. Whoever sends what nobody understands is counted too. */
async function findByAny(core: Core, options: unknown, origin: Origin, found: Found): Promise<void> {
  let isCounted = false
  const count = async (): Promise<void> => {
    if (!isCounted) await core.limiter.hit('login', { ip: clientOf(origin) })
    isCounted = true
  }
  try {
    for (const [key, strategy] of core.strategies) {
      if (strategy.byName) continue
      found.service = key
      let parsed: unknown
      if (strategy.recognize) {
        // An app's handler does its work to find out whether it is meant.
        await count()
        parsed = await strategy.recognize(options, origin)
      } else parsed = parsedBy(strategy, options)
      if (parsed === undefined) continue
      found.answer = strategy.ownCode ? undefined : codeIn(options)
      await findProof(core, strategy, parsed, origin, found, isCounted)
      return
    }
    found.service = UNKNOWN
    throw new AccountsError('UnrecognizedOptionsForLogin')
  } catch (error) {
    // Refused before anything was looked up: what is malformed must not be free.
    if (!found.candidate) await count()
    throw error
  }
}

/** What one says of its own options when something is missing, said of any others means that they are not its own. */
function parsedBy(strategy: Strategy, options: unknown): unknown {
  try {
    return strategy.parse(options)
  } catch (error) {
    if (isAccountsError(error) && error.code === 'UnrecognizedOptionsForLogin') return undefined
    throw error
  }
}

/** Within the limits and not locked; then the strategy says who it is. */
async function findProof(
  core: Core,
  strategy: Strategy,
  parsed: unknown,
  origin: Origin,
  found: Found,
  isCounted: boolean = false,
): Promise<void> {
  const identifier = strategy.claim?.(parsed) ?? null
  found.identifier = identifier
  const candidate = await core.store.users.beginLogin({
    identifier,
    counts: isCounted
      ? []
      : core.limiter.countsFor('login', { ip: clientOf(origin), ...(identifier ? { account: accountName(identifier) } : {}) }),
    failureKey: core.settings.rateLimits ? failureKeys(core.keys, identifier, null).identifier : null,
    device: deviceLabel(origin.userAgent),
    now: core.clock.now(),
  })
  found.candidate = candidate
  const device = identifier && askingDevice(core, origin, candidate.user?.id ?? null)
  core.limiter.judge('login', candidate.tallies, { fromKnownDevice: device !== null })
  await refuseWhileLocked(core, candidate, () => failureKeys(core.keys, identifier, device).device)
  found.proof = await strategy.authenticate(parsed, origin, candidate)
}

async function refuseWhileLocked(core: Core, candidate: LoginCandidate, deviceCounter: () => string | null): Promise<void> {
  if (!core.settings.rateLimits) return
  const now = core.clock.now()
  const { lockout } = core.settings
  const failures = Object.values(candidate.failures)
  // A device's own failures are counted here too, so while the account is free there is nothing further to read: two round trips.
  if (!isLocked(lockout, failures, now)) return
  const device = deviceCounter()
  refuseLocked(lockout, device === null ? failures : await core.store.attempts.failures([device], now), now)
}

async function openSession(core: Core, attempt: Attempt, mode: SessionMode, manner: 'openly' | 'quietly' = 'openly'): Promise<Login> {
  const { user, candidate, origin, impersonator, moved } = attempt
  const { row, login: opened, along } = await prepareSession(core, { ...attempt, mode })
  const isOwn = !impersonator && !moved && !attempt.sibling && !attempt.stamped
  const mail = isOwn ? newDeviceMail(core, user, candidate, origin) : null
  const clear = isOwn ? countersToClear(core, attempt) : []
  const { sibling } = attempt
  const isOpen = await core.store.sessions.open(row, {
    ...along,
    ...(mail ? { mail: [mail] } : {}),
    ...(sibling ? { twinOf: sibling.id } : {}),
    clear,
  })
  if (!isOpen) throw tooLate(attempt)
  if (mail) core.outbox.kick()
  if (manner === 'openly') await core.hooks.tell('login', { ...momentOf(attempt), session: opened.session, user })
  return opened
}

/** What there was when the login began is gone. */
const tooLate = ({ sibling }: Attempt): AccountsError =>
  sibling
    ? new AccountsError('InvalidSession', { detail: 'the first of the twins ended meanwhile' })
    : new AccountsError('AuthenticationFailed', { detail: 'the user was removed meanwhile' })

/** NIST SP 800-63B, 3.2.2 counts failures in a row: a good login begins anew, by whatever name. Most logins have nothing to clear. */
function countersToClear(core: Core, { user, candidate, identifier, origin }: Attempt): string[] {
  const deviceId = askingDevice(core, origin, user.id)
  const failed = candidate.failures.identifier !== null || candidate.failures.user !== null
  // A device's own failures were not read.
  const mayHaveFailed = identifier !== null && deviceId !== null
  if (!failed && !mayHaveFailed) return []
  const keys = failureCountersOf(core, candidate, identifier, origin)
  return failed ? [...new Set([...keys, ...failureCountersOfUser(core.keys, user, deviceId)])] : keys
}

async function continueSession(core: Core, attempt: Attempt): Promise<Login> {
  const { user, continued, origin, service } = attempt
  // Set by `judge` whenever this is called.
  const session = continued as Session
  core.activity.note(session, core.clock.now())
  await core.hooks.tell('login', { ...momentOf(attempt), session, user })
  // The caller holds the secret already; a continued session gets no other.
  return { service, user, session, tokens: null, resumeSecret: null, device: origin.device ?? '' }
}

const momentOf = ({ service, origin, params, user }: Attempt): LoginAttempt => ({
  service,
  origin,
  params: paramsWithoutSecrets(params),
  user,
  allowed: true,
})

function candidateOf(core: Core, userId: string, origin: Origin): Promise<LoginCandidate> {
  const lookup = {
    identifier: { kind: 'id', key: userId } as const,
    counts: [],
    failureKey: null,
    device: deviceLabel(origin.userAgent),
    now: core.clock.now(),
  }
  return core.store.users.beginLogin(lookup)
}

/** A name from outside, fit for a message. */
const printable = (name: string): string => name.replace(/[^\w.-]/g, '?').slice(0, 40)
