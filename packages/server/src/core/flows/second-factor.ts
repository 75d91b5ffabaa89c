/** The step between "the first proof is good" and "there is a session", and the pending login that bridges two requests. */
import { AccountsError } from '@latchkey/common'
import type { Core } from '../core.ts'
import type { Credential } from '../identity/credential.ts'
import { TOTP } from '../identity/totp.ts'
import type { User } from '../identity/user.ts'
import type { Requester } from '../policy/rate-limit.ts'
import { askingDevice, failureKeys, refuseLocked } from '../policy/lockout.ts'
import { hashSecret, newSecret } from '../session/secret.ts'
import type { Factor } from '../session/session.ts'
import { userFailureKey } from '../store.ts'
import type { Origin, Proof, SecondFactor, Strategy } from '../strategy.ts'

/** The name on the wire of the step that completes a pending login. */
export const PENDING_LOGIN = 'second-factor'
/** A pending login lives five minutes and five tries. */
const PENDING_LIFETIME = 5 * 60_000
const PENDING_TRIES = 5
/** Credentials that are asked for after another proof. */
const SECOND_FACTORS: readonly string[] = [TOTP]

/**
 * All factors of this login, once a due second one was given.
 * @throws AccountsError `TwoFactorRequired` with `details: { pending, factors }`, `TwoFactorInvalid`, `TooManyAttempts`
 */
export async function secondFactorGiven(
  core: Core,
  {
    user,
    credentials,
    proof,
    answer,
    origin,
    service,
  }: {
    user: User
    credentials: readonly Credential[]
    proof: Proof
    answer: string | undefined
    origin: Origin
    service: string
  },
): Promise<Factor[]> {
  const given = [...(proof.earlier ?? []), proof.factor]
  refuseUnanswerable(core, user, credentials)
  const enrolled = enrolledFactors(core, credentials)
  // Only a pending login brings an earlier proof, and it is completed by the answer of a second factor.
  if (enrolled.length === 0 || proof.earlier?.length) return given
  if (answer === undefined) throw await pendingLogin(core, { user, given, enrolled, origin, service })
  // Not every first proof names somebody whose guesses were looked at before.
  await refuseWhileGuessed(core, user.id, origin)
  await core.limiter.hit('login', guesser(user.id))
  return [...given, await verifyAnswer(enrolled, user.id, answer, origin)]
}

/** Completes a pending login: `{ pending, code }` under the service name `second-factor`. */
export const pendingLoginStrategy = (core: () => Core): Strategy<{ pending: string; code: string }> => ({
  name: PENDING_LOGIN,
  parse(options) {
    if (typeof options !== 'object' || options === null || !('pending' in options)) return undefined
    const { pending } = options
    const code = codeIn(options)
    if (typeof pending !== 'string' || code === undefined) throw new AccountsError('MatchFailed', { details: { field: 'code' } })
    return { pending, code }
  },
  async authenticate({ pending, code }, origin) {
    const { store, clock, limiter } = core()
    const hash = hashSecret(pending)
    const token = await store.tokens.find(hash, 'pending-login', clock.now())
    if (!token?.userId || token.data.origin !== originMark(core(), origin)) return undefined
    const user = await store.users.find({ kind: 'id', key: token.userId })
    if (!user || user.epoch !== token.data.epoch) return undefined
    await refuseWhileGuessed(core(), user.id, origin)
    // Counted before the answer is looked at: guesses sent at once share the five tries.
    const counts = limiter.countsFor('login', guesser(user.id))
    const [tries, ...tallies] = await store.attempts.count(
      [{ key: `tries:pending-login:${hash}`, window: PENDING_LIFETIME }, ...counts],
      clock.now(),
    )
    if (!tries || tries.count > PENDING_TRIES) return undefined
    limiter.judge('login', tallies)
    const enrolled = enrolledFactors(core(), await store.users.credentials(user.id))
    // What follows was written by `pendingLogin` below.
    const begun = { began: token.data.service as string }
    const factor = await verifyAnswer(enrolled, user.id, code, origin).catch((error: unknown) => error)
    if (factor instanceof AccountsError)
      return { userId: user.id, factor: { name: 'second-factor', kind: 'holds', at: clock.now() }, error: factor, ...begun }
    if (factor instanceof Error) throw factor
    // Of two right answers at once only one completes the login.
    if (!(await store.tokens.consume(hash, 'pending-login', clock.now()))) return undefined
    return { userId: user.id, factor: factor as Factor, earlier: token.data.factors as Factor[], epoch: user.epoch, ...begun }
  },
})

/**
 * Wrong codes count like wrong passwords, so that whoever has the password cannot begin login after login to try them all. As there, a device the
 * user is known on answers to its own counter alone.
 */
async function refuseWhileGuessed(core: Core, userId: string, origin: Origin): Promise<void> {
  const { keys, settings, store, clock } = core
  if (!settings.rateLimits) return
  const { device } = failureKeys(keys, { kind: 'id', key: userId }, askingDevice(core, origin, userId))
  refuseLocked(settings.lockout, await store.attempts.failures([device ?? userFailureKey(userId)], clock.now()), clock.now())
}

/**
 * Guesses that are on their way at once have not failed yet: so many of them are looked at in a minute, however many logins are pending. By user and
 * not by address. Only who has the first proof comes here, so no stranger can use them up.
 */
const guesser = (userId: string): Requester => ({ ip: null, account: `second-factor:${userId}` })

/** Who set up a second factor is never let in without, not even by a server that was started without it. */
function refuseUnanswerable(core: Core, { id }: User, credentials: readonly Credential[]): void {
  const kind = SECOND_FACTORS.find(each => !core.factors.has(each) && credentials.some(credential => credential.kind === each))
  if (kind === undefined) return
  core.log.error({ user: id, factor: kind }, 'a login was refused: this user has a second factor, and the server was started without it')
  throw new AccountsError('InternalError', { detail: `the second factor ${kind} is missing` })
}

function enrolledFactors(core: Core, credentials: readonly Credential[]): SecondFactor[] {
  return [...core.factors.values()].filter(factor => credentials.some(credential => credential.kind === factor.kind))
}

async function verifyAnswer(enrolled: readonly SecondFactor[], userId: string, code: string, origin: Origin): Promise<Factor> {
  for (const factor of enrolled) {
    const proven = await factor.verify(userId, code, origin)
    if (proven) return proven
  }
  throw new AccountsError('TwoFactorInvalid')
}

interface Beginning {
  user: User
  given: Factor[]
  enrolled: SecondFactor[]
  origin: Origin
  service: string
}

async function pendingLogin(core: Core, { user, given, enrolled, origin, service }: Beginning): Promise<AccountsError> {
  const now = core.clock.now()
  const pending = newSecret(core.chance)
  await core.store.tokens.issue({
    hash: hashSecret(pending),
    purpose: 'pending-login',
    userId: user.id,
    // Several logins may be pending at once, each on its own device.
    address: originMark(core, origin),
    data: { factors: given, epoch: user.epoch, origin: originMark(core, origin), service },
    tries: 0,
    createdAt: now,
    expiresAt: now + PENDING_LIFETIME,
  })
  return new AccountsError('TwoFactorRequired', { details: { pending, factors: enrolled.map(factor => factor.kind) } })
}

/** Binds a pending login to where it began, without keeping the address in clear. */
const originMark = (core: Core, origin: Origin): string => core.keys.mac('identifier', `origin\0${origin.ip}\0${origin.userAgent}`)

/** The code that a caller sent beside the first proof, or with a pending login. */
export function codeIn(params: unknown): string | undefined {
  if (typeof params !== 'object' || params === null || !('code' in params)) return undefined
  return typeof params.code === 'string' && params.code !== '' ? params.code : undefined
}
