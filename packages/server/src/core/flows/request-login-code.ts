import { timingSafeEqual } from 'node:crypto'
import { AccountsError, ERRORS, isAccountsError } from '@latchkey/common'
import { auditEvent } from '../audit/record.ts'
import type { Core } from '../core.ts'
import { emailKey, parseEmail } from '../identity/email.ts'
import type { Identifier, User } from '../identity/user.ts'
import { usernameKey } from '../identity/username.ts'
import type { OutboxMail } from '../mail/outbox-mail.ts'
import { APP, clientOf } from '../origin.ts'
import { accountName } from '../policy/account-name.ts'
import { leadsIn } from '../policy/claimed.ts'
import type { Chance } from '../ports.ts'
import { hashSecret, newSecret } from '../session/secret.ts'
import type { Secret, SecretHash } from '../session/secret.ts'
import type { LoginCodes, Origin } from '../strategy.ts'
import type { OneTimeToken } from '../token/one-time-token.ts'
import { createAccount } from './create-account.ts'
import type { Manner } from './mail-request.ts'
import type { Registration } from './register.ts'

/** Who wants a code, as it came from outside. */
export interface CodeRequest {
  /** Exactly one of `email`, `username` and `id`. */
  selector: unknown
  /** Who they become if nobody is found: `username`, `email`, and what the app's hooks make of the rest. */
  userData?: unknown
  /** Do not make a user, whatever the settings. */
  userCreationDisabled?: boolean
}

/** What came of it. With ambiguous messages it says nothing about whether there is such a user. */
export interface CodeRequested {
  /** Shown to the device that asked, and needed there beside the code; null where a code is good on any device. */
  request: Secret | null
  /** Undefined with ambiguous messages. */
  isNewUser: boolean | undefined
}

/** For how long an expired code is still told from none: a day. */
const REMEMBERED = 24 * 60 * 60_000

/**
 * Mails a code to sign in, in the place of earlier ones: to the address that was named, or to all of a user who was named otherwise. With ambiguous messages an
 * unknown user answers the same, also one who could not be made: then whatever refused that, a hook's words among it, is in the log alone. All that depends on who
 * there is happens after the answer then: finding or making them, the app's hooks, a code for each address. Its time would tell. Only the app itself, which asks
 * without an origin, is answered when the code is kept.
 * @throws AccountsError `ServiceNotFound` when no service takes such codes, `MatchFailed`, `InvalidEmail`, `TooManyAttempts`, `Busy`, and without ambiguous messages
 * `UserNotFound`, `NoEmailSet` and what making a user throws
 */
export async function requestLoginCode(core: Core, given: CodeRequest, origin: Origin): Promise<CodeRequested> {
  const codes = codesOf(core)
  const selector = readSelector(given.selector)
  await core.limiter.hit('mail', { ip: clientOf(origin), account: accountName(selector) })
  const registration = registrationOf(core, codes, given)
  const request = codes.bound ? newSecret(core.chance) : null
  const asked: Asked = { codes, selector, registration, request, origin }
  if (!core.settings.ambiguousErrorMessages) return { request, isNewUser: await answerTo(core, asked, 'openly') }
  // Nobody is there to measure, and a script of the app's may end as soon as it is answered.
  if (origin === APP) {
    await answerTo(core, asked)
    return { request, isNewUser: undefined }
  }
  const line = `login-code:${selector.kind}:${selector.key}`
  core.later.begin(
    line,
    'a code to sign in could not be made, and the visitor was not told',
    async () => void (await answerTo(core, asked)),
  )
  return { request, isNewUser: undefined }
}

/** A request that was read and counted. */
interface Asked {
  codes: LoginCodes
  selector: Identifier
  /** Who would be made; null: nobody. */
  registration: Registration | null
  request: Secret | null
  origin: Origin
}

/** Whether a user was made. */
async function answerTo(core: Core, asked: Asked, manner?: Manner): Promise<boolean> {
  const { user, isNew } = await findOrCreate(core, asked, manner)
  if (!user && manner) throw new AccountsError('UserNotFound')
  const addresses = user ? addressesFor(core, user, asked.selector) : []
  if (addresses.length === 0 && manner) throw new AccountsError('NoEmailSet', { message: 'Login tokens could not be generated' })
  await issueCodes(core, asked, user, addresses)
  return isNew
}

/** Reads what Meteor calls a selector. @throws AccountsError `MatchFailed` unless it is an object with exactly one name, which is a text; `InvalidEmail` */
export function readSelector(given: unknown): Identifier {
  const refuse = (): AccountsError => new AccountsError('MatchFailed', { details: { field: 'selector' } })
  if (typeof given !== 'object' || given === null || Array.isArray(given)) throw refuse()
  const [entry, ...more] = Object.entries(given)
  if (!entry || more.length > 0 || typeof entry[1] !== 'string' || entry[1] === '' || entry[1].includes('\0')) throw refuse()
  const [kind, name] = entry as [string, string]
  if (kind === 'id' && name.length <= 64) return { kind, key: name }
  if (kind === 'username') return { kind, key: usernameKey(name), typed: name }
  const email = kind === 'email' ? parseEmail(name) : null
  if (kind === 'email' && !email) throw new AccountsError('InvalidEmail', { details: { field: 'email' } })
  if (!email) throw refuse()
  return { kind: 'email', key: email.key }
}

/** The row that holds a code: found by the request that asked for it, or by whose it is and where it went. */
export const codeRow = (core: Pick<Core, 'keys'>, of: { request: string } | { userId: string; address: string }): SecretHash =>
  'request' in of ? hashSecret(of.request) : (core.keys.mac('login-code', `row\0${of.userId}\0${of.address}`) as SecretHash)

/** Whether this is the code of that row. Codes are short, so they are kept under a key that the database does not have. */
export function isCodeOf(core: Pick<Core, 'keys'>, row: OneTimeToken, code: string): boolean {
  // Written below.
  const kept = Buffer.from(String(row.data.code))
  return core.keys.macs('login-code', `${row.hash}\0${code}`).some(made => {
    const tried = Buffer.from(made)
    return tried.length === kept.length && timingSafeEqual(tried, kept)
  })
}

/** The strategy's say on codes. */
function codesOf({ strategies }: Core): LoginCodes {
  for (const { loginCodes } of strategies.values()) if (loginCodes) return loginCodes
  throw new AccountsError('ServiceNotFound', { message: 'No service with the name code was registered.' })
}

async function findOrCreate(
  core: Core,
  { selector, registration, origin }: Asked,
  manner: Manner | undefined,
): Promise<{ user: User | null; isNew: boolean }> {
  const found = await core.store.users.find(selector)
  if (found) return { user: found.deactivatedAt === undefined ? found : null, isNew: false }
  if (!registration) return { user: null, isNew: false }
  try {
    await core.limiter.hit('register', { ip: origin.ip })
    // Whoever is made without having been named would be a stranger's, at an address nobody asked about.
    if (!isNamedBy(selector, registration)) throw new AccountsError('UserNotFound', { message: 'User could not be created' })
    await createAccount(core, registration, origin)
  } catch (refusal) {
    // Nothing of the kind is ever said to somebody who is there, so that saying it would tell who is not.
    if (manner || !isAccountsError(refusal) || ERRORS[refusal.code].status >= 500) throw refusal
    core.log.info({ err: refusal }, 'nobody was made of a request for a code, and the visitor was not told')
  }
  // A hook may have made somebody else of them.
  const user = await core.store.users.find(selector)
  if (!user && manner) throw new AccountsError('UserNotFound', { message: 'User could not be created' })
  return { user, isNew: user !== null }
}

/** Without any name they are not refused here: that has an error of its own. */
function isNamedBy({ kind, key }: Identifier, { email, username }: Registration): boolean {
  if (email === undefined && username === undefined) return true
  return (
    (kind === 'email' && parseEmail(email)?.key === key) ||
    (kind === 'username' && typeof username === 'string' && usernameKey(username) === key)
  )
}

/** Who would be made; null: nobody. @throws AccountsError `MatchFailed`, whoever was named */
function registrationOf(core: Core, codes: LoginCodes, { userData, userCreationDisabled = false }: CodeRequest): Registration | null {
  if (!codes.createUsers || userCreationDisabled || !core.settings.signUpAllowed) return null
  // Nobody to make, which is not asked about who is there either.
  if (userData === undefined && core.settings.ambiguousErrorMessages) return null
  if (userData !== undefined && (typeof userData !== 'object' || userData === null || Array.isArray(userData)))
    throw new AccountsError('MatchFailed', { details: { field: 'userData' } })
  // A code is what they have in its place.
  const { password: _password, ...registration } = (userData ?? {}) as Record<string, unknown>
  return registration
}

/** Where the code goes: to the address that was named, else to all that may lead in. */
function addressesFor(core: Core, user: User, { kind, key }: Identifier): string[] {
  return user.emails
    .filter(({ address }) => {
      const own = emailKey(address)
      return (kind !== 'email' || own === key) && leadsIn(core, user, own)
    })
    .map(({ address }) => address)
}

async function issueCodes(
  core: Core,
  { codes, selector, request, origin }: Asked,
  user: User | null,
  addresses: readonly string[],
): Promise<void> {
  const audit = [auditEvent(core, 'login-code-requested', origin, { userId: user?.id ?? null })]
  // Decoys stay out of each other's way.
  const owner = user?.id ?? newSecret(core.chance)
  await core.store.tokens.drop(owner, ['login-code'])
  const rows: { row: OneTimeToken; code: string; to: string }[] = []
  const add = (to: string, of: Parameters<typeof codeRow>[1]): string => {
    const code = newCode(core.chance, codes)
    rows.push({ row: rowOf(core, codes, codeRow(core, of), { user, to, code }), code, to })
    return code
  }
  if (request !== null) add(addresses[0] ?? selector.key, { request })
  else
    for (const address of addresses.length > 0 ? addresses : [selector.key])
      add(address, { userId: owner, address: emailKey(address) ?? '' })
  const own = request === null ? add('', { userId: owner, address: '' }) : null
  const mayMail = user === null || own === null || (await (codes.deliver?.(own, user.id) ?? true))
  for (const { row, code, to } of rows) {
    const mail: OutboxMail[] =
      to === '' || !mayMail
        ? []
        : [core.outbox.compose('loginCode', { to: user ? to : '', user, data: {}, token: code, expiresAt: goodUntil(row) })]
    await core.store.tokens.issue(row, { mail, audit: row === rows[0]?.row ? audit : [] })
  }
  core.outbox.kick()
}

function rowOf(
  core: Core,
  { lifetime }: LoginCodes,
  hash: SecretHash,
  { user, to, code }: { user: User | null; to: string; code: string },
): OneTimeToken {
  const now = core.clock.now()
  return {
    hash,
    purpose: 'login-code',
    userId: user?.id ?? null,
    address: to,
    data: { code: core.keys.mac('login-code', `${hash}\0${code}`), epoch: user?.epoch ?? 0, goodUntil: now + lifetime },
    tries: 0,
    createdAt: now,
    expiresAt: now + lifetime + REMEMBERED,
  }
}

/** Epoch milliseconds. The row itself is kept for longer. */
export const goodUntil = ({ data }: OneTimeToken): number => Number(data.goodUntil)

/** Every code equally likely: what does not divide evenly is drawn again. */
function newCode(chance: Chance, { length, alphabet }: LoginCodes): string {
  const digits = alphabet === 'hex' ? '0123456789ABCDEF' : '0123456789'
  let code = ''
  while (code.length < length) {
    for (const byte of chance.bytes(length)) {
      if (byte < 256 - (256 % digits.length) && code.length < length) code += digits[byte % digits.length]
    }
  }
  return code
}
