import { MeteorError } from '@latchkey/common/meteor'
import type { NewUserInput } from '../../core/flows/create-user.ts'
import type { StoredPassword } from '../../core/identity/credential.ts'
import { isProvider } from '../../core/identity/linked-account.ts'
import type { MeteorUser } from '../../compat/meteor-user.ts'
import { isPlain } from './paths.ts'
import type { Fields } from './paths.ts'

/** What `insertUserDoc` was asked for, as the core takes it. @throws MeteorError 409 for what cannot be brought along */
export function inputOf(options: Readonly<Record<string, unknown>>, user: Readonly<Partial<MeteorUser>>): NewUserInput {
  const { _id, createdAt, username, emails = [], services = {}, ...custom } = user
  const { password, ...providers } = services
  const { password: _password, ...asked } = options
  const stored = storedPassword(password)
  return {
    ...(_id === undefined ? {} : { id: _id }),
    ...createdIn(createdAt),
    ...(username === undefined ? {} : { username }),
    emails: emails.map(({ address, verified = false }: { address: string; verified?: boolean }) => ({ address, verified })),
    ...(stored ? { storedPassword: stored } : {}),
    accounts: Object.entries(providers).map(([provider, account]) => accountOf(provider, account)),
    custom,
    defaults: options.profile ? { profile: options.profile } : {},
    options: asked,
    nameless: true,
  }
}

/** A date; of documents as old as Meteor's first years also a number. */
function createdIn(createdAt: unknown): { createdAt?: number } {
  const time = createdAt instanceof Date ? createdAt.getTime() : createdAt
  return typeof time === 'number' && Number.isFinite(time) ? { createdAt: time } : {}
}

/** Meteor keeps these beside the accounts of providers. */
const INTERNAL: ReadonlySet<string> = new Set(['passwordless', 'twoFactorAuthentication', 'apiTokens'])

function accountOf(provider: string, account: unknown): { provider: string; subject: string; account: Fields } {
  if (!isProvider(provider) || INTERNAL.has(provider)) {
    throw new MeteorError(409, `services.${provider} cannot be inserted: it is made when a user signs in or sets it up`)
  }
  const id = isPlain(account) ? account.id : undefined
  if (!isPlain(account) || (typeof id !== 'string' && typeof id !== 'number'))
    throw new MeteorError(409, `services.${provider} must include id`)
  return { provider, subject: String(id), account }
}

/** Meteor's two forms, both of the password's SHA-256. */
function storedPassword(given: unknown): StoredPassword | null {
  if (given === undefined || (isPlain(given) && Object.keys(given).length === 0)) return null
  if (isPlain(given)) {
    const { bcrypt, argon2 } = given
    if (typeof argon2 === 'string') return { form: 'argon2id-sha256', hash: argon2 }
    if (typeof bcrypt === 'string') return { form: 'bcrypt-sha256', hash: bcrypt }
  }
  throw new MeteorError(409, 'services.password takes { bcrypt } or { argon2 }, as Meteor keeps them')
}
