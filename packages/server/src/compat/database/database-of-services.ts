import { AccountsError } from '@latchkey/common'
import { auditEvent } from '../../core/audit/record.ts'
import type { Core } from '../../core/core.ts'
import { changed } from '../../core/flows/changed.ts'
import type { Credential } from '../../core/identity/credential.ts'
import { accountKind, isProvider, linkedAccount } from '../../core/identity/linked-account.ts'
import { sealTotpSecret, TOTP } from '../../core/identity/totp.ts'
import { APP } from '../../core/origin.ts'
import { refuseMethod } from './database-of.ts'
import type { DatabaseParts, UsersDatabaseInterface } from './database-of.ts'
import { storedOf, textOf } from './database-of-users.ts'

/** Data of an app's own service, kept as a credential of this kind and the service's name. */
const SERVICE = 'service:'

/** Accounts elsewhere, the second factor, and data of the app's own services. */
export function serviceMethods({ accounts, open }: DatabaseParts): Pick<UsersDatabaseInterface, 'setService' | 'unsetService'> {
  return {
    async setService(userId, serviceName, data) {
      const core = await open()
      if (!(await core.store.users.find({ kind: 'id', key: textOf(userId) }))) throw new AccountsError('UserNotFound')
      if (data === null) await unset(core, userId, serviceName)
      else await set(core, userId, serviceName, { ...data })
      await changed(core, userId)
    },

    async unsetService(userId, serviceName) {
      await unset(await open(), textOf(userId), serviceName)
      await changed(accounts.core, userId)
    },
  }
}

/** What the app's own services keep on a user, by their names. */
export function dataOfServices(credentials: readonly Credential[]): Record<string, Record<string, unknown>> {
  const own = credentials.filter(({ kind }) => kind.startsWith(SERVICE))
  return Object.fromEntries(own.map(({ kind, data }) => [kind.slice(SERVICE.length), data]))
}

async function set(core: Core, userId: string, name: string, data: Record<string, unknown>): Promise<void> {
  if (name === 'password') return setPassword(core, userId, data)
  if (name === 'two-factor') return setTwoFactor(core, userId, data)
  if (!isProvider(name)) refuseMethod(`setService with "${name}"`, 'links have methods of their own')
  const { id, ...rest } = data
  if (typeof id === 'string' && id !== '') return setAccount(core, userId, name, { ...rest, id })
  await core.store.users.putCredential(credentialOf(core, userId, name, data))
}

async function setPassword(core: Core, userId: string, { bcrypt }: Record<string, unknown>): Promise<void> {
  const change = { userId, password: storedOf(bcrypt), now: core.clock.now(), endSessionsExcept: null }
  await core.store.users.changePassword(change, { audit: [auditEvent(core, 'password-changed', APP, { userId })] })
}

async function setTwoFactor(core: Core, userId: string, { secret }: Record<string, unknown>): Promise<void> {
  const base32 = typeof secret === 'object' && secret !== null && 'base32' in secret ? secret.base32 : undefined
  const credential = sealTotpSecret(core, userId, textOf(base32))
  await core.store.users.putCredential(credential, { audit: [auditEvent(core, 'two-factor-enabled', APP, { userId })] })
}

/** As in accounts-js a user has one account of each provider, and the next takes its place. @throws AccountsError `AccountAlreadyLinked` */
async function setAccount(core: Core, userId: string, provider: string, account: Record<string, unknown> & { id: string }): Promise<void> {
  const [kind, now] = [accountKind(provider), core.clock.now()]
  const owner = await core.store.users.find({ kind, key: account.id })
  if (owner && owner.id !== userId) throw new AccountsError('AccountAlreadyLinked')
  if (!owner) await core.store.users.unlink(userId, kind, () => true)
  const linked = linkedAccount(core, { provider, subject: account.id, account }, userId, { now })
  const audit = [auditEvent(core, 'account-linked', APP, { userId, data: { provider } })]
  if ((await core.store.users.link(linked, () => true, { audit })) === 'taken') throw new AccountsError('AccountAlreadyLinked')
}

async function unset(core: Core, userId: string, name: string): Promise<void> {
  const { users, sessions } = core.store
  if (name === 'password') {
    await sessions.endAll(userId, 'password-changed', core.clock.now())
    await users.removeCredential(userId, 'password', '', { audit: [auditEvent(core, 'password-changed', APP, { userId })] })
  } else if (name === 'two-factor') {
    await users.removeCredential(userId, TOTP, '', { audit: [auditEvent(core, 'two-factor-disabled', APP, { userId })] })
  } else if (isProvider(name)) {
    await users.removeCredential(userId, `${SERVICE}${name}`, '')
    const audit = [auditEvent(core, 'account-unlinked', APP, { userId, data: { provider: name } })]
    await users.unlink(userId, accountKind(name), () => true, { audit })
  }
}

function credentialOf(core: Core, userId: string, name: string, data: Record<string, unknown>): Credential {
  const now = core.clock.now()
  return { userId, kind: `${SERVICE}${name}`, id: '', data, createdAt: now, updatedAt: now }
}
