import { expect, it } from 'vitest'
import { AccountsServer } from './accounts-server.ts'
import { memoryStore } from './stores/memory/index.ts'
import { sqliteStore } from './stores/sql/index.ts'
import { PASSWORD } from './testing/index.ts'
import { cheapPassword, SECRET } from './testing/generations.ts'

/** Untyped, as JavaScript would: the messages are for those whom no compiler tells. */
const make = (options: object, ...databases: unknown[]): AccountsServer =>
  // A class with other parameters, on purpose.
  Reflect.construct(AccountsServer, [{ tokenSecret: SECRET, ...options }, { password: cheapPassword() }, ...databases]) as AccountsServer

it('a database is required, by accounts-js’s words', () => {
  expect(() => make({})).toThrow(/^A database driver is required/)
  expect(() => make({ db: null }, null)).toThrow(/^A database driver is required/)
})

it('a database that is given twice is refused, because one of the two would stay empty', () => {
  expect(() => make({ db: memoryStore() }, memoryStore())).toThrow('The database was given twice: as option `db` and as third argument')
  expect(() => make({ db: memoryStore(), sessionsDb: memoryStore() }, undefined, memoryStore())).toThrow(
    /`sessionsDb` and as fourth argument/,
  )
})

it.each([5, 'mongodb://localhost', {}, [], () => {}])('%j is no database', db => {
  expect(() => make({ db })).toThrow(/^db must be a store, for example sqliteStore/)
  expect(() => make({ db: memoryStore(), sessionsDb: db })).toThrow(/^sessionsDb must be a store of @latchkey\/server/)
})

it.each([
  ['options', () => ({ db: sqliteStore({ path: ':memory:' }), sessionsDb: memoryStore() }), () => []],
  ['arguments', () => ({}), () => [sqliteStore({ path: ':memory:' }), memoryStore()]],
])('users and sessions can be kept in two stores, given as %s', async (_how, options, databases) => {
  const server = make(options(), ...databases())
  expect(server.accounts.core.store.name).toBe('sqlite + memory')
  await server.accounts.createUser({ username: 'ada', password: PASSWORD })
  const { tokens } = await server.loginWithService('password', { user: 'ada', password: PASSWORD }, {})
  expect((await server.resumeSession(tokens.accessToken)).username).toBe('ada')
  await server.stop()
})

it('one store given for users and for sessions is one store', () => {
  const store = memoryStore()
  expect(make({}, store, store).accounts.core.store).toBe(store)
})

it('an adapter of accounts-js needs a store beside it, and the message says what to write', () => {
  const methods = [
    'createUser',
    'findUserById',
    'findUserByEmail',
    'findUserByUsername',
    'findUserByServiceId',
    'findPasswordHash',
    'setPassword',
  ]
  const more = ['setUsername', 'addEmail', 'removeEmail', 'verifyEmail', 'setService', 'unsetService', 'setUserDeactivated']
  const adapter = Object.fromEntries([...methods, ...more].map(name => [name, async () => null]))
  expect(() => make({ db: adapter })).toThrow(/sessionsDb: sqliteStore\(\{ path: 'sessions\.db' \}\)/)
  expect(() => make({}, adapter)).toThrow(/sessionsDb: sqliteStore/)
  expect(make({ db: adapter, sessionsDb: memoryStore() }).accounts.core.store.name).toBe('accounts-js + memory')
  expect(make({}, adapter, memoryStore()).accounts.core.store.name).toBe('accounts-js + memory')
  expect(() => make({ db: memoryStore(), sessionsDb: adapter })).toThrow(/no other can rotate a refresh token/)
})
