import { AccountsError } from '@latchkey/common'
import { auditEvent } from '../../core/audit/record.ts'
import type { Core } from '../../core/core.ts'
import { changed } from '../../core/flows/changed.ts'
import { insertNew } from '../../core/flows/insert-user.ts'
import { judgeNewUser } from '../../core/flows/judge-new-user.ts'
import { newUserOf, readDraft } from '../../core/flows/register.ts'
import type { Draft } from '../../core/flows/judge-new-user.ts'
import { passwordOf } from '../../core/identity/credential.ts'
import type { StoredPassword } from '../../core/identity/credential.ts'
import { emailKey } from '../../core/identity/email.ts'
import type { Identifier, User } from '../../core/identity/user.ts'
import { parseUsername, usernameKey } from '../../core/identity/username.ts'
import { APP } from '../../core/origin.ts'
import { hashSecret, newSecret } from '../../core/session/secret.ts'
import type { AccountsJsUser } from '../accounts-js-types.ts'
import { accountsJsUser } from '../accounts-js-user.ts'
import type { DatabaseParts, UsersDatabaseInterface } from './database-of.ts'
import { dataOfServices } from './database-of-services.ts'
import { formOf } from './prints.ts'

type Methods = Pick<
  UsersDatabaseInterface,
  | 'findUserById'
  | 'findUserByEmail'
  | 'findUserByUsername'
  | 'findUserByServiceId'
  | 'findPasswordHash'
  | 'createUser'
  | 'setPassword'
  | 'setUsername'
  | 'addEmail'
  | 'removeEmail'
  | 'verifyEmail'
  | 'setUserDeactivated'
>

/** Users, their names and their passwords. */
export function userMethods({ accounts, open }: DatabaseParts): Methods {
  const findBy = async (identifier: Identifier): Promise<AccountsJsUser | null> => {
    const core = await open()
    const user = isText(identifier.key) ? await core.store.users.find(identifier) : null
    return user && recordOf(core, user)
  }
  return {
    findUserById: userId => findBy({ kind: 'id', key: userId }),
    findUserByEmail: async email => findBy({ kind: 'email', key: emailKey(textOf(email)) }),
    findUserByUsername: async username => findBy({ kind: 'username', key: usernameKey(textOf(username)), typed: username }),
    findUserByServiceId: async (serviceName, serviceId) => findBy({ kind: `oauth:${textOf(serviceName)}`, key: textOf(serviceId) }),

    async findPasswordHash(userId) {
      const { store } = await open()
      return passwordOf(await store.users.credentials(textOf(userId)))?.hash ?? null
    },

    async createUser({ password, ...given }) {
      const core = await open()
      const draft = draftOf(core, given)
      const stored = password === undefined ? null : storedOf(password)
      const services = stored === null ? {} : { password: {} }
      const judged = await judgeNewUser(core, { draft, options: given, services })
      const outcome = await insertNew(core, judged, user => ({
        newUser: newUserOf(core, user, stored),
        along: { audit: [auditEvent(core, 'user-created', APP, { userId: user.id })] },
      }))
      if (outcome.inserted) return outcome.user.id
      throw new AccountsError(outcome.taken === 'username' ? 'UsernameAlreadyExists' : 'EmailAlreadyExists')
    },

    async setPassword(userId, hash) {
      const core = await open()
      const change = { userId: textOf(userId), password: storedOf(hash), now: core.clock.now(), endSessionsExcept: null }
      const outcome = await core.store.users.changePassword(change, { audit: [auditEvent(core, 'password-changed', APP, { userId })] })
      if (outcome !== 'changed') throw new AccountsError('UserNotFound')
      await changed(core, userId)
    },

    async setUsername(userId, username) {
      const core = await open()
      const parsed = parseUsername(username)
      if (!parsed) throw new AccountsError('InvalidUsername', { details: { field: 'username' } })
      const audit = [auditEvent(core, 'user-changed', APP, { userId, data: { field: 'username' } })]
      const outcome = await core.store.users.setUsername(textOf(userId), parsed.username, parsed.key, core.clock.now(), { audit })
      if (outcome === 'gone') throw new AccountsError('UserNotFound')
      if (outcome === 'taken') throw new AccountsError('UsernameAlreadyExists')
      await changed(core, userId)
    },

    addEmail: (userId, email, verified) => accounts.addEmailOf(userId, email, verified),
    removeEmail: (userId, email) => accounts.removeEmailOf(userId, email),
    async verifyEmail(userId, email) {
      await verifyNow(await open(), textOf(userId), textOf(email))
    },

    async setUserDeactivated(userId, deactivated) {
      const found = await (deactivated ? accounts.deactivateUser(userId) : accounts.activateUser(userId))
      if (!found) throw new AccountsError('UserNotFound')
    },
  }
}

/** A user as accounts-js's services know one, with whatever was found out beside. */
export async function recordOf(core: Core, user: User, services: AccountsJsUser['services'] = {}): Promise<AccountsJsUser> {
  const credentials = await core.store.users.credentials(user.id)
  const record = accountsJsUser(core.settings.face, user, credentials)
  const own = Object.fromEntries(Object.entries(record.services ?? {}).filter(([name]) => !name.startsWith('service:')))
  return { ...record, services: { ...own, ...dataOfServices(credentials), ...services } }
}

/** A hash that somebody else made, in the form it can only be. @throws AccountsError `InvalidPassword` */
export function storedOf(hash: unknown): StoredPassword {
  if (!isText(hash)) throw new AccountsError('InvalidPassword', { message: 'A database is given the hash of a password' })
  return { form: formOf(hash), hash }
}

/** Callers without types send anything. @throws AccountsError `MatchFailed` */
export function textOf(value: unknown): string {
  if (!isText(value)) throw new AccountsError('MatchFailed')
  return value
}

const isText = (value: unknown): value is string => typeof value === 'string' && value !== '' && !value.includes('\0')

/** Unlike a sign-up's it may have neither name nor address: a provider is enough. */
function draftOf(core: Core, { username, email, ...custom }: Record<string, unknown>): Draft {
  const read = username || email ? readDraft(core, { username, email }) : { emails: [], custom: {} }
  return { ...read, custom }
}

/** By a link that nobody was sent and that is redeemed at once: the one deed by which an address becomes verified. */
async function verifyNow(core: Core, userId: string, email: string): Promise<void> {
  const user = await core.store.users.find({ kind: 'id', key: userId })
  const address = user?.emails.find(one => emailKey(one.address) === emailKey(email))?.address
  if (address === undefined) throw new AccountsError(user ? 'InvalidEmail' : 'UserNotFound')
  const now = core.clock.now()
  const hash = hashSecret(newSecret(core.chance))
  const token = { hash, purpose: 'verify-email', userId, address, data: {}, tries: 0, createdAt: now, expiresAt: now + 1000 } as const
  await core.store.tokens.issue(token)
  await core.store.users.verifyEmail(hash, now, () => ({ audit: [auditEvent(core, 'email-verified', APP, { userId })] }))
  await changed(core, userId)
}
