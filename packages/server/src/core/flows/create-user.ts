import { auditEvent } from '../audit/record.ts'
import type { Core } from '../core.ts'
import { linkedAccount, identifierOf } from '../identity/linked-account.ts'
import type { StoredPassword } from '../identity/credential.ts'
import type { NewUser, User, UserEmail } from '../identity/user.ts'
import type { Along } from '../store.ts'
import type { Origin, Vouched } from '../strategy.ts'
import { insertNew } from './insert-user.ts'
import { judgeNewUser } from './judge-new-user.ts'
import type { Draft } from './judge-new-user.ts'
import { hasherOf, readNewPassword } from './new-password.ts'
import { linkFor } from './recover.ts'
import { alreadyExists, newUserOf, readDraft, readEmail, refuseTaken } from './register.ts'
import { verificationAlong } from './verify-email.ts'

/** A user to create. */
export interface NewUserInput {
  username?: string
  email?: string
  /** @default false */
  emailVerified?: boolean
  /** Further addresses, in this order; none may be left out silently. */
  emails?: readonly UserEmail[]
  /** Without one the user cannot log in by password until an enrolment link was used. */
  password?: unknown
  /** Instead of `password`: one that was hashed elsewhere. */
  storedPassword?: StoredPassword
  /** Their accounts elsewhere, as the providers told of them. */
  accounts?: readonly Pick<Vouched, 'provider' | 'subject' | 'account'>[]
  custom?: Record<string, unknown>
  /** Fields they have when no hook makes the user. */
  defaults?: Record<string, unknown>
  /** What was asked for, as the hook that makes the user sees it. @default username, email and the app's own fields */
  options?: Record<string, unknown>
  /** At most 64 characters. @default a new one */
  id?: string
  /** Epoch milliseconds. @default now */
  createdAt?: number
  /** True: a user without username and address is none the less a user. @default false */
  nameless?: boolean
  /** Sends the first address a link: to verify it, or to choose a password where none was given. @default false */
  sendLink?: boolean
}

/**
 * Creates a user for the app's own code and the command line. No limits and nothing hidden; hooks for new users are asked.
 * @throws AccountsError `UsernameOrEmailRequired`, `InvalidUsername`, `InvalidEmail`, `InvalidPassword`, `UsernameAlreadyExists`, `EmailAlreadyExists`,
 * `AccountAlreadyLinked`, and what hooks refuse with
 */
export async function createUser(core: Core, input: NewUserInput, origin: Origin): Promise<User> {
  const draft = draftOf(core, input)
  // Before the app's hooks, which may do more than judge.
  if (!core.newUsers.isSilent()) await refuseTaken(core, draft)
  const password = input.password === undefined ? null : readNewPassword(core, input.password, draft)
  const { accounts = [], custom = {}, username, email } = input
  const judged = await judgeNewUser(core, {
    draft,
    options: input.options ?? { ...custom, ...(username === undefined ? {} : { username }), ...(email === undefined ? {} : { email }) },
    services: {
      ...(password === null && !input.storedPassword ? {} : { password: {} }),
      ...Object.fromEntries(accounts.map(({ provider, subject, account }) => [provider, { ...account, id: subject }])),
    },
    ...(input.defaults ? { defaults: input.defaults } : {}),
    ...(input.id === undefined ? {} : { id: input.id }),
    ...(input.createdAt === undefined ? {} : { createdAt: input.createdAt }),
  })
  const stored = password === null ? (input.storedPassword ?? null) : await hasherOf(core).hash(password, { ip: origin.ip })
  const outcome = await insertNew(core, judged, user => {
    const newUser = withAccounts(core, newUserOf(core, user, stored), accounts)
    const { audit, ...link } = input.sendLink ? firstLink(core, newUser.user, stored !== null, origin) : { audit: [] }
    return { newUser, along: { ...link, audit: [auditEvent(core, 'user-created', origin, { userId: user.id }), ...audit] } }
  })
  if (!outcome.inserted) throw alreadyExists(outcome.taken)
  core.outbox.kick()
  await core.hooks.tell('userCreated', { user: outcome.user, origin })
  return outcome.user
}

/** A link for the first address of a new user: to verify it, or, as long as they have no password, to choose one. */
export function firstLink(core: Core, user: User, hasPassword: boolean, origin: Origin): Along & Required<Pick<Along, 'audit'>> {
  const [email] = user.emails
  if (!email || (hasPassword && email.verified)) return { audit: [] }
  if (hasPassword) return { audit: [], ...verificationAlong(core, user, email.address) }
  const [token, along] = linkFor(core, 'enroll-account', user, email.address, origin)
  return { audit: [], ...along, token }
}

/** The rows of a user with accounts elsewhere. */
function withAccounts(core: Core, newUser: NewUser, accounts: NonNullable<NewUserInput['accounts']>): NewUser {
  const now = core.clock.now()
  return {
    ...newUser,
    credentials: [...newUser.credentials, ...accounts.map(account => linkedAccount(core, account, newUser.user.id, { now }))],
    identifiers: [...accounts.map(identifierOf), ...newUser.identifiers],
  }
}

function draftOf(core: Core, { username, email, emailVerified = false, emails = [], custom = {}, nameless }: NewUserInput): Draft {
  const isNamed = (username !== undefined && username !== '') || (email !== undefined && email !== '')
  const read = isNamed || (!nameless && emails.length === 0) ? readDraft(core, { username, email }) : { emails: [] }
  const own = read.emails.map(one => ({ ...one, verified: emailVerified }))
  const further = emails.map(({ address, verified }) => ({ ...readEmail(core, address), verified }))
  return { ...read, emails: [...own, ...further], custom }
}
