/** Database adapters of accounts-js as they behave, in memory: made after what its packages for MongoDB and TypeORM do. */
import { randomBytes, randomUUID } from 'node:crypto'
import { accountsJsDatabase } from '../compat/accounts-js-database.ts'
import type { AccountsJsDatabaseOptions } from '../compat/accounts-js-database.ts'
import type { AccountsJsNewUser, AccountsJsUsers } from '../compat/database/adapter.ts'
import type { StoredPassword } from '../core/identity/credential.ts'
import type { Store } from '../core/store.ts'
import { memoryStore } from '../stores/memory/index.ts'

/** Whose habits: those of `@accounts/mongo` (objects, epoch milliseconds, silence) or `@accounts/typeorm` (arrays, dates, complaints). */
export type Habits = 'mongo' | 'typeorm'

interface Row {
  id: string
  username?: string
  emails: { address: string; verified: boolean }[]
  services: Map<string, { id?: string; options: Record<string, unknown> }>
  deactivated?: boolean
  createdAt: number
  updatedAt: number
  custom: Record<string, unknown>
}

/** An adapter in memory, with a look at its rows. */
export class AdapterInMemory implements AccountsJsUsers {
  readonly rows = new Map<string, Row>()
  readonly #habits: Habits
  /** Called before each method, with its name. May throw, or wait. */
  before: (method: string) => void | Promise<void> = () => {}

  constructor(habits: Habits) {
    this.#habits = habits
  }

  async createUser({ username, email, password, _id, id, ...custom }: AccountsJsNewUser): Promise<string> {
    await this.before('createUser')
    const address = email?.toLowerCase()
    const clash = [...this.rows.values()].some(
      row =>
        (this.#habits === 'mongo' && username !== undefined && row.username === username) ||
        (address !== undefined && row.emails.some(one => one.address === address)),
    )
    if (clash) throw this.#duplicate()
    const given = this.#habits === 'mongo' ? _id : id
    const row: Row = {
      id: typeof given === 'string' ? given : randomUUID(),
      ...(username ? { username } : {}),
      emails: address ? [{ address, verified: false }] : [],
      services: new Map(password ? [['password', { options: { bcrypt: password } }]] : []),
      createdAt: 1_500_000_000_000,
      updatedAt: 1_500_000_000_000,
      // Columns that an entity does not have are lost.
      custom: this.#habits === 'mongo' ? structuredClone(custom) : {},
    }
    this.rows.set(row.id, row)
    return row.id
  }

  findUserById = (userId: string): Promise<unknown> => this.#find('findUserById', row => row.id === userId)
  findUserByEmail = (email: string): Promise<unknown> =>
    this.#find('findUserByEmail', row => row.emails.some(({ address }) => address === email.toLowerCase()))
  findUserByUsername = (username: string): Promise<unknown> => this.#find('findUserByUsername', row => row.username === username)
  findUserByServiceId = (name: string, serviceId: string): Promise<unknown> =>
    this.#find('findUserByServiceId', row => row.services.get(name)?.id === serviceId)

  async findPasswordHash(userId: string): Promise<string | null | undefined> {
    await this.before('findPasswordHash')
    const service = this.rows.get(userId)?.services.get('password')
    // TypeORM's adapter answers what is in the column, or is not.
    const hash = service?.options['bcrypt'] as string | undefined
    return this.#habits === 'mongo' ? (hash ?? null) : service ? hash : null
  }

  setPassword = (userId: string, hash: string): Promise<void> =>
    this.#write('setPassword', userId, row => void row.services.set('password', { options: { bcrypt: hash } }))

  setUsername = (userId: string, username: string): Promise<void> =>
    this.#write('setUsername', userId, row => {
      if (this.#habits === 'mongo' && [...this.rows.values()].some(other => other !== row && other.username === username))
        throw this.#duplicate()
      row.username = username
    })

  addEmail = (userId: string, email: string, verified: boolean): Promise<void> =>
    this.#write('addEmail', userId, row => {
      const address = email.toLowerCase()
      if ([...this.rows.values()].some(other => other.emails.some(one => one.address === address))) throw this.#duplicate()
      row.emails.push({ address, verified })
    })

  removeEmail = (userId: string, email: string): Promise<void> =>
    this.#write('removeEmail', userId, row => {
      const index = row.emails.findIndex(({ address }) => address === email.toLowerCase())
      if (index < 0 && this.#habits === 'typeorm') throw new Error('Email not found')
      if (index >= 0) row.emails.splice(index, 1)
    })

  verifyEmail = (userId: string, email: string): Promise<void> =>
    this.#write('verifyEmail', userId, row => {
      const found = row.emails.find(({ address }) => address === (this.#habits === 'mongo' ? email : email.toLowerCase()))
      if (!found) throw new Error(this.#habits === 'mongo' ? 'User not found' : 'Email not found')
      found.verified = true
    })

  setService = (userId: string, name: string, data: object): Promise<void> =>
    this.#write('setService', userId, row => {
      const { id, ...options } = structuredClone(data) as { id?: string }
      row.services.set(name, { ...(id === undefined ? {} : { id }), options })
    })

  unsetService = (userId: string, name: string): Promise<void> => this.#write('unsetService', userId, row => void row.services.delete(name))

  setUserDeactivated = (userId: string, deactivated: boolean): Promise<void> =>
    this.#write('setUserDeactivated', userId, row => void (row.deactivated = deactivated))

  /** Not of the interface: what an app does to its own table. */
  remove = async (userId: string): Promise<void> => void this.rows.delete(userId)

  async #find(method: string, isMeant: (row: Row) => boolean): Promise<unknown> {
    await this.before(method)
    const row = [...this.rows.values()].find(isMeant)
    return row ? (this.#habits === 'mongo' ? document(row) : entity(row)) : null
  }

  async #write(method: string, userId: string, deed: (row: Row) => void): Promise<void> {
    await this.before(method)
    const row = this.rows.get(userId)
    if (row) return deed(row)
    if (this.#habits === 'typeorm') throw new Error('User not found')
  }

  #duplicate(): Error {
    return this.#habits === 'mongo'
      ? Object.assign(new Error('E11000 duplicate key error'), { code: 11000 })
      : Object.assign(new Error('duplicate key value violates unique constraint'), { code: '23505' })
  }
}

function document({ id, services, custom, ...row }: Row): unknown {
  const named = [...services].map(([name, { id: subject, options }]) => [
    name,
    { ...options, ...(subject === undefined ? {} : { id: subject }) },
  ])
  return structuredClone({ ...custom, ...row, _id: id, id, services: Object.fromEntries(named) as object })
}

function entity({ services, custom: _lost, createdAt, updatedAt, deactivated = false, ...row }: Row): unknown {
  const arrays = [...services].map(([name, { options }]) => [name, [options]] as const)
  const rows = [...services].map(([name, { id, options }]) => ({ id: randomUUID(), name, token: null, options, serviceId: id ?? null }))
  const dates = { createdAt: new Date(createdAt), updatedAt: new Date(updatedAt) }
  return structuredClone({ ...row, ...dates, deactivated, services: Object.fromEntries(arrays), allServices: rows, sessions: [] })
}

/** An adapter and a store of ours joined, with a clock that can be set. */
export interface Joint {
  adapter: AdapterInMemory
  beside: Store
  store: Store
  clock: { now: number }
}

/** 2026-01-01 until told otherwise. */
export function joint(habits: Habits = 'mongo', options: AccountsJsDatabaseOptions = {}): Joint {
  const [adapter, beside, clock] = [new AdapterInMemory(habits), memoryStore(), { now: Date.UTC(2026, 0, 1) }]
  return { adapter, beside, clock, store: accountsJsDatabase(adapter, beside, { now: () => clock.now, ...options }) }
}

/** Looks like a hash of accounts-js's; nobody verifies it. */
export const bcryptLike = (): StoredPassword => ({ form: 'bcrypt', hash: `$2a$10$${randomBytes(16).toString('base64url')}` })

/** Breaks the connection at one method of an adapter: for its `before`. */
export const failOn =
  (method: string): ((called: string) => void) =>
  called => {
    if (called === method) throw new Error('the connection broke')
  }
