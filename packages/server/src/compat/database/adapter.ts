/** What we ask of a database adapter of accounts-js, and how each one's way of answering becomes one shape. */
import { AccountsError } from '@latchkey/common'
import { domainToUnicode } from 'node:url'
import { emailKey } from '../../core/identity/email.ts'
import { isProvider } from '../../core/identity/linked-account.ts'
import { usernameKey } from '../../core/identity/username.ts'
import { idOf, readKeptUser } from './shapes.ts'
import type { KeptUser } from './shapes.ts'

/**
 * The users' half of accounts-js's `DatabaseInterface`, as far as it is used: what `@accounts/mongo`, `@accounts/typeorm` and adapters written after
 * them bring. Answers are `unknown` because adapters disagree on them.
 */
export interface AccountsJsUsers {
  createUser(user: AccountsJsNewUser): Promise<string>
  findUserById(userId: string): Promise<unknown>
  findUserByEmail(email: string): Promise<unknown>
  findUserByUsername(username: string): Promise<unknown>
  findUserByServiceId(serviceName: string, serviceId: string): Promise<unknown>
  findPasswordHash(userId: string): Promise<string | null | undefined>
  setPassword(userId: string, hash: string): Promise<unknown>
  setUsername(userId: string, username: string): Promise<unknown>
  addEmail(userId: string, email: string, verified: boolean): Promise<unknown>
  removeEmail(userId: string, email: string): Promise<unknown>
  verifyEmail(userId: string, email: string): Promise<unknown>
  setService(userId: string, serviceName: string, data: object): Promise<unknown>
  unsetService(userId: string, serviceName: string): Promise<unknown>
  setUserDeactivated(userId: string, deactivated: boolean): Promise<unknown>
}

/** What accounts-js's adapters create a user from: `password` is a hash, everything beyond the three names stands at the top level. */
export interface AccountsJsNewUser {
  username?: string
  email?: string
  password?: string
  [custom: string]: unknown
}

const METHODS = [
  'createUser',
  'findUserById',
  'findUserByEmail',
  'findUserByUsername',
  'findUserByServiceId',
  'findPasswordHash',
  'setPassword',
  'setUsername',
  'addEmail',
  'removeEmail',
  'verifyEmail',
  'setService',
  'unsetService',
  'setUserDeactivated',
] as const satisfies readonly (keyof AccountsJsUsers)[]

/** The methods of {@link AccountsJsUsers} that something lacks; all of them when it is no object. */
export function missingMethods(db: unknown): string[] {
  if (typeof db !== 'object' || db === null) return [...METHODS]
  // By name and not by own keys: adapters are classes, and `DatabaseManager` of accounts-js hands its methods out by getters.
  return METHODS.filter(name => typeof (db as Partial<Record<string, unknown>>)[name] !== 'function')
}

/**
 * An adapter, guarded. Nothing but text ever reaches it as an id, a name or an address, so no object can be taken for a query; what it finds is
 * believed only if it is what was asked for; and of its errors those that mean "nobody" are nobody.
 */
export class GuardedAdapter {
  readonly #db: AccountsJsUsers

  /** @throws AccountsError `InvalidSettings` when methods are missing */
  constructor(db: AccountsJsUsers) {
    const missing = missingMethods(db)
    if (missing.length > 0)
      throw new AccountsError('InvalidSettings', { message: `This is no database adapter of accounts-js: it lacks ${missing.join(', ')}` })
    this.#db = db
  }

  async byId(id: string): Promise<KeptUser | null> {
    const found = await asked(() => this.#db.findUserById(text(id)))
    // `ObjectId` and PostgreSQL's uuid also match their id in capitals.
    return found?.id === id ? found : null
  }

  /** By the key of an address. A domain that is not ASCII may be kept the way its owner typed it. */
  async byEmail(key: string): Promise<KeptUser | null> {
    for (const spelling of spellings(text(key))) {
      const found = await asked(() => this.#db.findUserByEmail(spelling))
      if (found?.emails.some(email => email.key === key)) return found
    }
    return null
  }

  /** By a name as it was typed, or else by its key: adapters compare letter by letter. */
  async byUsername(key: string, typed: string = key): Promise<KeptUser | null> {
    for (const spelling of new Set([text(typed), text(key)])) {
      if (!isHarmless(spelling) || spelling.length > LONGEST_NAME) continue
      const found = await asked(() => this.#db.findUserByUsername(spelling))
      if (found?.username !== undefined && usernameKey(found.username) === key) return found
    }
    return null
  }

  /** MikroORM's adapter looks for any provider's account; hence the check that it found the one that was meant. */
  async byAccount(provider: string, subject: string): Promise<KeptUser | null> {
    if (!isProvider(provider)) return null
    const found = await asked(() => unlessBroken(() => this.#db.findUserByServiceId(provider, text(subject))))
    return found?.accounts.get(provider)?.id === subject ? found : null
  }

  async passwordHash(id: string): Promise<string | null> {
    const hash = await unlessNobody(() => this.#db.findPasswordHash(text(id)))
    return typeof hash === 'string' && hash !== '' ? hash : null
  }

  /** The id the adapter gave. */
  async create(user: AccountsJsNewUser): Promise<string> {
    const id = idOf(await this.#db.createUser(user))
    if (id === null) throw new Error('the database adapter created a user and gave no id')
    return id
  }

  setPassword = (id: string, hash: string): Promise<void> => written(() => this.#db.setPassword(text(id), text(hash)))
  setUsername = (id: string, username: string): Promise<void> => written(() => this.#db.setUsername(text(id), text(username)))
  addEmail = (id: string, address: string, verified: boolean): Promise<void> =>
    written(() => this.#db.addEmail(text(id), text(address), verified))
  removeEmail = (id: string, address: string): Promise<void> => written(() => this.#db.removeEmail(text(id), text(address)))
  verifyEmail = (id: string, address: string): Promise<void> => written(() => this.#db.verifyEmail(text(id), text(address)))
  setDeactivated = (id: string, deactivated: boolean): Promise<void> => written(() => this.#db.setUserDeactivated(text(id), deactivated))

  /** Names that accounts-js uses itself are refused: a provider called `password` would overwrite the password. */
  async setAccount(id: string, provider: string, data: Record<string, unknown>): Promise<void> {
    if (!isProvider(provider)) throw new AccountsError('InvalidSettings', { message: `accounts-js can keep no account of "${provider}"` })
    await written(() => this.#db.setService(text(id), provider, data))
  }

  async unsetAccount(id: string, provider: string): Promise<void> {
    if (isProvider(provider)) await written(() => this.#db.unsetService(text(id), provider))
  }

  unsetPassword = (id: string): Promise<void> => written(() => this.#db.unsetService(text(id), 'password'))
  unsetTwoFactor = (id: string): Promise<void> => written(() => this.#db.unsetService(text(id), 'two-factor'))

  /** One question, for the sake of an answer. */
  ping = async (): Promise<void> => void (await this.#db.findUserByEmail('nobody@latchkey.invalid'))
}

/** True for an error that means: somebody else has this name or address. */
export function isDuplicate(error: unknown): boolean {
  if (!(error instanceof Error)) return false
  const { code } = error as { code?: unknown }
  return (
    code === 11000 || code === 11001 || code === '23505' || code === 'ER_DUP_ENTRY' || error.name === 'UniqueConstraintViolationException'
  )
}

async function asked(ask: () => Promise<unknown>): Promise<KeptUser | null> {
  return readKeptUser(await unlessNobody(ask))
}

/**
 * `@accounts/typeorm` 0.27 asks for a column `cache` by mistake, and the TypeORM that npm installs with it (0.2.45) complains: it can name nobody by an
 * account elsewhere. Our own claims still can, for users who were seen here.
 */
async function unlessBroken(ask: () => Promise<unknown>): Promise<unknown> {
  try {
    return await ask()
  } catch (error) {
    if (error instanceof Error && error.name === 'EntityColumnNotFound') return null
    throw error
  }
}

/** To write to a user or an address that went away in this moment is to write nothing: most adapters keep silent, some complain. */
async function written(write: () => Promise<unknown>): Promise<void> {
  await unlessNobody(write)
}

async function unlessNobody<T>(ask: () => Promise<T>): Promise<T | null> {
  try {
    return await ask()
  } catch (error) {
    if (meansNobody(error)) return null
    throw error
  }
}

/** Some adapters throw where others answer null, and all of them throw for an id that is none of theirs. */
function meansNobody(error: unknown): boolean {
  if (!(error instanceof Error)) return false
  const { code } = error as { code?: unknown }
  // PostgreSQL: not a uuid, or a number out of range.
  if (code === '22P02' || code === '22003') return true
  if (['BSONError', 'BSONTypeError', 'NotFoundError', 'EntityNotFound', 'EntityNotFoundError'].includes(error.name)) return true
  // The driver of MongoDB before 4: a plain `Error`.
  return ['User not found', 'Email not found'].includes(error.message) || /string of 24 hex characters/i.test(error.message)
}

/** The types say so; a caller without types may not. @throws AccountsError `MatchFailed` */
function text(value: unknown): string {
  if (typeof value !== 'string') throw new AccountsError('MatchFailed')
  return value
}

/** `@accounts/mongo` with `caseSensitiveUserName: false` writes the name into a piece of JavaScript that MongoDB runs. */
const isHarmless = (name: string): boolean => !/["\\`\p{Cc}\u2028\u2029]/u.test(name)

/** Nobody has a longer one; what was typed may be of any length. */
const LONGEST_NAME = 256

function* spellings(key: string): Generator<string> {
  yield key
  const at = key.lastIndexOf('@')
  const domain = key.slice(at + 1)
  if (!/(^|\.)xn--/.test(domain)) return
  const typed = `${key.slice(0, at)}@${domainToUnicode(domain)}`
  if (emailKey(typed) === key) yield typed
}
