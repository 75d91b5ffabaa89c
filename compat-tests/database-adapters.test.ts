/** accounts-js's own database adapters, as npm delivers them, under our server; and accounts-js's own server on the same database at the same time. */
import { randomBytes } from 'node:crypto'
import { mkdtemp, rm } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Mongo } from '@accounts/mongo'
import { AccountsPassword as OldPassword } from '@accounts/password'
import { AccountsServer as OldServer } from '@accounts/server'
import { AccountsTypeorm, entities } from '@accounts/typeorm'
import { AccountsServer } from '@latchkey/server'
import type { Store } from '@latchkey/server'
import { accountsJsDatabase } from '@latchkey/server/accounts-js-database'
import type { AccountsJsDatabaseOptions, AccountsJsUsers } from '@latchkey/server/accounts-js-database'
import { postgresStore, sqliteStore } from '@latchkey/server/stores/sql'
import { AccountsOauth } from '@latchkey/server/strategies/oauth'
import { AccountsPassword } from '@latchkey/server/strategies/password'
import { fixedClock, newWorld } from '@latchkey/server/testing'
import type { World } from '@latchkey/server/testing'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { codeOf } from '../packages/server/src/testing/two-factor.ts'
import { hasMongo, startMongo } from '../tools/test/mongodb.ts'
import type { RunningMongo } from '../tools/test/mongodb.ts'
import { freshDatabase, hasPostgres } from '../tools/test/postgres.ts'

const [SECRET, OURS] = ['of the old app and of nobody else, 32 bytes', 'of our own and of nobody else, 32 bytes']
const [FIRST, SECOND, THIRD] = ['correct horse battery staple', 'a rather different sentence', 'and yet another one altogether']

type OldDatabase = NonNullable<ConstructorParameters<typeof OldServer>[0]['db']>

/** One database, seen from both sides. */
interface Both {
  adapter: AccountsJsUsers
  /** Where all that the adapter cannot hold is kept. */
  beside: Store
  close(): Promise<void>
}

/** `findsAccounts`: whether it can find a user by an account elsewhere. TypeORM's fails on every TypeORM that npm installs with it. */
const ADAPTERS: readonly { name: string; here: boolean; open: () => Promise<Both>; findsAccounts: boolean }[] = [
  { name: '@accounts/mongo', here: hasMongo, open: openMongo, findsAccounts: true },
  { name: '@accounts/typeorm', here: hasPostgres, open: openTypeorm, findsAccounts: false },
]

for (const { name, here, open, findsAccounts } of ADAPTERS) {
  describe.skipIf(!here)(`Latchkey on ${name}, beside accounts-js`, { timeout: 60_000 }, () => {
    let both: Both
    let world: World
    let old: { server: OldServer; password: OldPassword }

    beforeAll(async () => {
      both = await open()
      // The adapters differ in the methods for links alone, which we do not use.
      const db = both.adapter as unknown as OldDatabase
      const password = new OldPassword()
      old = { password, server: new OldServer({ db, tokenSecret: SECRET, sendMail: async () => {} }, { password }) }
    }, 60_000)
    afterAll(() => both?.close())
    beforeEach(async () => {
      world = await worldOn(both)
    })
    afterEach(() => world?.close())

    /** A user of the old app's. */
    const oldUser = async (given: { username?: string; email?: string; password?: string } = {}): Promise<string> => {
      return old.password.createUser({ password: FIRST, ...names(), ...given })
    }
    const signIn = (user: unknown, password = FIRST, more: object = {}) =>
      world.server.loginWithService('password', { user, password, ...more }, INFOS)
    const oldSignIn = (user: object, password = FIRST) => old.server.loginWithService('password', { user, password }, {})

    test('users of the old app sign in with the password they have, by address, id, and name as they spell it', async () => {
      const { username, email } = names('Ada')
      const id = await oldUser({ username, email })
      for (const user of [email, email.toUpperCase(), { email }, { id }, username, { username }]) {
        const { user: found, tokens } = await signIn(user)
        expect(found).toMatchObject({ id, username, emails: [{ address: email.toLowerCase(), verified: false }] })
        expect(JSON.stringify(found)).not.toContain('$2a$')
        expect((await world.server.resumeSession(tokens.accessToken)).id).toBe(id)
      }
      // Known by now: the mirror leads there in any spelling.
      expect((await signIn({ username: username.toUpperCase() })).user.id).toBe(id)
      await expect(signIn(email, SECOND)).rejects.toMatchObject({ code: 'IncorrectPassword' })
      await expect(signIn({ id: 'no id of theirs' })).rejects.toMatchObject({ code: 'UserNotFound' })
      await expect(signIn({ id: id.toUpperCase() })).rejects.toMatchObject({ code: 'UserNotFound' })
    })

    test('a user who signs up here has an id of the database, and signs in there', async () => {
      const { username, email } = names('Grace')
      const { result } = await world.server.accounts.register({ username, email, password: FIRST }, world.origin)
      const id = result.userId ?? ''
      expect(await both.adapter.findPasswordHash(id)).toMatch(/^\$2a\$10\$/)
      expect(await oldSignIn({ username })).toMatchObject({ user: { id, emails: [{ address: email.toLowerCase(), verified: false }] } })

      await world.server.accounts.verifyEmail(await world.tokenFor(email), world.origin)
      const { user } = await oldSignIn({ email })
      expect(user.emails).toEqual([expect.objectContaining({ address: email.toLowerCase(), verified: true })])
      expect((await signIn(email)).user).toMatchObject({ id, emails: [{ verified: true }] })
    })

    test('a password that is changed or reset here is the password there', async () => {
      const { email } = names()
      const id = await oldUser({ email })
      const [here, elsewhere] = [await signIn(email), await signIn(email)]
      await world.server.accounts.changePassword(await who(here), FIRST, SECOND, world.origin)
      expect((await oldSignIn({ email }, SECOND)).user.id).toBe(id)
      await expect(oldSignIn({ email }, FIRST)).rejects.toThrow('Invalid credentials')
      expect((await world.server.resumeSession(here.tokens.accessToken)).id).toBe(id)
      await expect(world.server.resumeSession(elsewhere.tokens.accessToken)).rejects.toMatchObject({ code: 'InvalidSession' })

      await world.server.accounts.sendResetPasswordEmail(email, world.origin)
      await world.server.accounts.resetPassword(await world.tokenFor(email.toLowerCase()), THIRD, world.origin)
      expect((await oldSignIn({ email }, THIRD)).user.id).toBe(id)
      await expect(world.server.resumeSession(here.tokens.accessToken)).rejects.toMatchObject({ code: 'InvalidSession' })
      expect((await signIn(email, THIRD)).user.id).toBe(id)
    })

    test('a password that the old app changes ends our sessions at their next check', async () => {
      const { email } = names()
      const id = await oldUser({ email })
      const { tokens } = await signIn(email)
      await old.password.changePassword(id, FIRST, SECOND)
      await expect(world.server.resumeSession(tokens.accessToken)).rejects.toMatchObject({ code: 'InvalidSession' })
      await expect(world.server.refreshTokens(tokens.accessToken, tokens.refreshToken, INFOS)).rejects.toMatchObject({
        code: 'InvalidSession',
      })
      await expect(signIn(email)).rejects.toMatchObject({ code: 'IncorrectPassword' })
      const { tokens: fresh } = await signIn(email, SECOND)
      expect((await world.server.resumeSession(fresh.accessToken)).id).toBe(id)
    })

    test('addresses come and go for both', async () => {
      const [{ username, email }, more] = [names(), names()]
      const id = await oldUser({ username, email })
      const session = await signIn(email)
      await world.server.accounts.addEmail(await who(session), more.email, world.origin)
      expect((await oldSignIn({ email: more.email })).user.id).toBe(id)
      await world.server.accounts.removeEmail(await who(session), email, null, world.origin)
      await expect(oldSignIn({ email })).rejects.toThrow('Invalid credentials')

      // What the old app takes away is free here.
      await old.password.removeEmail(id, more.email)
      expect((await world.server.accounts.createUser({ email: more.email, password: FIRST })).id).not.toBe(id)
      await expect(world.server.accounts.addEmail(await who(session), more.email, world.origin)).rejects.toMatchObject({
        code: 'EmailAlreadyExists',
      })
      expect((await world.server.resumeSession(session.tokens.accessToken)).emails).toEqual([])
    })

    test('a user who is deactivated on one side is out on both', async () => {
      const { email } = names()
      const id = await oldUser({ email })
      const { tokens } = await signIn(email)
      await old.server.deactivateUser(id)
      await expect(world.server.resumeSession(tokens.accessToken)).rejects.toMatchObject({ code: 'InvalidSession' })
      await expect(signIn(email)).rejects.toMatchObject({ code: 'UserDeactivated' })
      await old.server.activateUser(id)
      await expect(world.server.resumeSession(tokens.accessToken)).rejects.toMatchObject({ code: 'InvalidSession' })
      expect((await signIn(email)).user.id).toBe(id)

      await world.server.deactivateUser(id)
      await expect(oldSignIn({ email })).rejects.toThrow('Your account has been deactivated')
      await world.server.activateUser(id)
      expect((await oldSignIn({ email })).user.id).toBe(id)
    })

    test('names and addresses of the old app are taken here, also in another spelling', async () => {
      const { username, email } = names('Taken')
      await oldUser({ username, email })
      const make = (given: { username?: string; email?: string }) => world.server.accounts.createUser({ ...given, password: FIRST })
      await expect(make({ username })).rejects.toMatchObject({ code: 'UsernameAlreadyExists' })
      await expect(make({ email: email.toUpperCase() })).rejects.toMatchObject({ code: 'EmailAlreadyExists' })
      // In another spelling once the user was seen here: no adapter could be asked for it.
      await signIn(email)
      await expect(make({ username: username.toUpperCase() })).rejects.toMatchObject({ code: 'UsernameAlreadyExists' })
    })

    test('of equal sign-ups at once one is made', async () => {
      const { username } = names('Race')
      const outcomes = await Promise.allSettled(
        Array.from({ length: 8 }, () => world.server.accounts.createUser({ username, password: FIRST })),
      )
      const refused = outcomes.filter(outcome => outcome.status === 'rejected')
      expect(refused.map(({ reason }) => (reason as { code: string }).code)).toEqual(
        Array.from({ length: 7 }, () => 'UsernameAlreadyExists'),
      )
      expect((await signIn({ username })).user.username).toBe(username)
    })

    test('an account elsewhere that one side linked signs in here, and goes when one side unlinks it', async () => {
      const [linkedThere, linkedHere] = [names(), names()]
      const id = await oldUser(linkedThere)
      await both.adapter.setService(id, 'github', { id: `gh-${id}`, login: 'ada', accessToken: 'clear' })
      // Known here from now on.
      if (!findsAccounts) await signIn(linkedThere.email)
      const github = (subject: string) => world.server.loginWithService('oauth', { provider: 'github', subject }, INFOS)
      const session = await github(`gh-${id}`)
      expect(session.user.id).toBe(id)
      expect(JSON.stringify(session)).not.toContain('clear')

      const other = await oldUser(linkedHere)
      const own = await signIn(linkedHere.email)
      await world.server.accounts.link(await who(own), { provider: 'github', subject: `gh-${other}` }, null, world.origin)
      expect((await github(`gh-${other}`)).user.id).toBe(other)
      expect(JSON.stringify(await both.adapter.findUserById(other))).toContain(`gh-${other}`)

      await world.server.accounts.unlinkUser(other, 'github')
      expect(JSON.stringify(await both.adapter.findUserById(other))).not.toContain(`gh-${other}`)
      await both.adapter.unsetService(id, 'github')
      // Nobody's again: whoever comes with it now is somebody new.
      expect((await github(`gh-${id}`)).user.id).not.toBe(id)
    })

    test('a first sign-in with a provider makes a user of the database', async () => {
      const subject = randomBytes(6).toString('hex')
      const { user } = await world.server.loginWithService('oauth', { provider: 'github', subject }, INFOS)
      expect(JSON.stringify(await both.adapter.findUserById(user.id))).toContain(subject)
      expect((await world.server.loginWithService('oauth', { provider: 'github', subject }, INFOS)).user.id).toBe(user.id)
    })

    test('a second factor that the old app set up is asked for here, and works once', async () => {
      const { email } = names()
      const id = await oldUser({ email })
      const base32 = 'JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP'
      await both.adapter.setService(id, 'two-factor', { secret: { base32 } })
      await expect(signIn(email)).rejects.toMatchObject({ code: 'TwoFactorRequired' })
      const code = codeOf({ base32 }, world.clock)
      const session = await signIn(email, FIRST, { code })
      await expect(signIn(email, FIRST, { code })).rejects.toMatchObject({ code: 'TwoFactorInvalid' })
      expect(JSON.stringify(await world.server.findUserById(id))).not.toContain(base32)

      world.clock.pass(60_000)
      await world.server.accounts.twoFactorUnset(await who(session), codeOf({ base32 }, world.clock), world.origin)
      expect(JSON.stringify(await both.adapter.findUserById(id))).not.toContain(base32)
      expect((await signIn(email)).user.id).toBe(id)
    })

    test('a second factor that is set up here is kept here, sealed, and asked for here', async () => {
      const { email } = names()
      const id = await oldUser({ email })
      const session = await signIn(email)
      const secret = await world.server.accounts.twoFactorSecret(await who(session), world.origin)
      await world.server.accounts.twoFactorSet(await who(session), secret, codeOf(secret, world.clock), world.origin)
      expect(JSON.stringify(await both.adapter.findUserById(id))).not.toContain(secret.base32)
      await expect(signIn(email)).rejects.toMatchObject({ code: 'TwoFactorRequired' })
      world.clock.pass(60_000)
      expect((await signIn(email, FIRST, { code: codeOf(secret, world.clock) })).user.id).toBe(id)
    })

    test('whoever is signed in to the old app stays so here, where the app says until when', async () => {
      const { email } = names()
      const id = await oldUser({ email })
      const [here, gone] = [await oldSignIn({ email }), await oldSignIn({ email })]
      await old.server.logout(gone.tokens.accessToken)
      const acceptAccountsJsTokens = { tokenSecret: SECRET, until: new Date(Date.now() + 60_000) }
      const server = new AccountsServer({ db: both.adapter, sessionsDb: both.beside, tokenSecret: OURS, acceptAccountsJsTokens })
      expect((await server.resumeSession(here.tokens.accessToken)).id).toBe(id)
      await expect(server.resumeSession(gone.tokens.accessToken)).rejects.toMatchObject({ code: 'InvalidSession' })
      await old.password.setPassword(id, SECOND)
      await expect(server.resumeSession(here.tokens.accessToken)).rejects.toMatchObject({ code: 'InvalidSession' })
      await server.stop()
    })

    test('links that the old app mailed are good there alone', async () => {
      const { email } = names()
      const id = await oldUser({ email })
      const token = randomBytes(43).toString('hex')
      const db = both.adapter as unknown as OldDatabase
      await db.addResetPasswordToken(id, email, token, 'reset')
      await db.addEmailVerificationToken(id, email, token)
      await expect(world.server.accounts.resetPassword(token, SECOND, world.origin)).rejects.toMatchObject({
        code: 'ResetPasswordLinkExpired',
      })
      await expect(world.server.accounts.verifyEmail(token, world.origin)).rejects.toMatchObject({ code: 'VerifyEmailLinkExpired' })
    })

    test('no object is ever taken for a query', async () => {
      await oldUser({ username: 'zoe' + randomBytes(4).toString('hex') })
      for (const user of [{ username: { $regex: '^zoe' } }, { id: { $ne: null } }, { email: { $gt: '' } }]) {
        await expect(signIn(user)).rejects.toMatchObject({ code: 'MatchFailed' })
      }
      const db = accountsJsDatabase(both.adapter, both.beside)
      const query = { $ne: null } as unknown as string
      for (const kind of ['id', 'email', 'username', 'oauth:github'] as const) {
        await expect(db.users.find({ kind, key: query })).rejects.toMatchObject({ code: 'MatchFailed' })
      }
    })

    test('a password longer than bcrypt reads is refused, also with a digest', async () => {
      const { accounts } = world.server
      await expect(accounts.createUser({ username: names().username, password: 'long enough '.repeat(7) })).rejects.toMatchObject({
        code: 'InvalidPassword',
      })
    })

    test('passwords are strengthened at the next login only when the old app is gone', async () => {
      const { email } = names()
      const id = await oldUser({ email })
      await signIn(email)
      expect(await both.adapter.findPasswordHash(id)).toMatch(/^\$2a\$/)

      const upgrading = await worldOn(both, { upgradePasswords: true })
      const { tokens } = await upgrading.server.loginWithService('password', { user: email, password: FIRST }, INFOS)
      await expect.poll(() => both.adapter.findPasswordHash(id), { timeout: 20_000 }).toMatch(/^\$argon2id\$/)
      await expect(upgrading.server.resumeSession(tokens.accessToken)).resolves.toMatchObject({ id })
      await expect(upgrading.server.loginWithService('password', { user: email, password: FIRST }, INFOS)).resolves.toMatchObject({
        user: { id },
      })
      await upgrading.close()
    })

    const who = ({ tokens }: { tokens: { accessToken: string } }) => world.server.accounts.check(tokens.accessToken)
  })
}

const INFOS = { ip: '192.0.2.7', userAgent: 'compat' }

/** Names nobody else has. */
function names(prefix = 'user'): { username: string; email: string } {
  const unique = randomBytes(5).toString('hex')
  return { username: `${prefix}${unique}`, email: `${prefix}-${unique}@Example.org` }
}

function worldOn({ adapter, beside }: Both, options: AccountsJsDatabaseOptions = {}): Promise<World> {
  const clock = fixedClock('2026-01-01T00:00:00Z')
  return newWorld({
    clock,
    // Each world closes what it opened; these tests share one.
    store: { ...accountsJsDatabase(adapter, beside, { now: () => clock.now(), ...options }), close: async () => {} },
    options: {
      ambiguousErrorMessages: false,
      rateLimits: false,
      password: { sendVerificationEmailAfterSignup: true },
    },
    services: {
      password: new AccountsPassword(),
      oauth: new AccountsOauth({ github: { authenticate: async ({ subject }: { subject: string }) => ({ id: subject }) } }),
    },
  })
}

// ------------------------------------------------------------------------------------------------------------ databases

async function openMongo(): Promise<Both> {
  const mongo: RunningMongo = await startMongo()
  const client = await connectMongo(mongo.url)
  const adapter = new Mongo(client.db(`latchkey_${randomBytes(6).toString('hex')}`))
  await adapter.setupIndexes()
  const folder = await mkdtemp(join(tmpdir(), 'latchkey-beside-'))
  const beside = sqliteStore({ path: join(folder, 'beside.db') })
  return {
    adapter,
    beside,
    async close() {
      await beside.close()
      await client.close()
      await mongo.stop()
      await rm(folder, { recursive: true, force: true })
    },
  }
}

async function openTypeorm(): Promise<Both> {
  const database = await freshDatabase()
  const connection = await connectTypeorm(database.url)
  // One database for both: the tables have other names.
  const beside = postgresStore({ url: database.url })
  return {
    adapter: new AccountsTypeorm({ connection }),
    beside,
    async close() {
      await beside.close()
      await connection.close()
      await database.drop()
    },
  }
}

type MongoConnection = { db(name: string): ConstructorParameters<typeof Mongo>[0]; close(): Promise<void> }
type TypeormConnection = NonNullable<NonNullable<ConstructorParameters<typeof AccountsTypeorm>[0]>['connection']>

/** The adapters bring old lines of their drivers, which are not to be seen from here. */
const driverOf = (adapter: string, driver: string): unknown => createRequire(createRequire(import.meta.url).resolve(adapter))(driver)

function connectMongo(url: string): Promise<MongoConnection> {
  // The part of the driver, 3.7, that is used here.
  const { MongoClient } = driverOf('@accounts/mongo', 'mongodb') as {
    MongoClient: { connect(url: string, options: object): Promise<MongoConnection> }
  }
  return MongoClient.connect(url, { useUnifiedTopology: true })
}

function connectTypeorm(url: string): Promise<TypeormConnection> {
  // The part of TypeORM 0.2 that is used here.
  const { createConnection } = driverOf('@accounts/typeorm', 'typeorm') as {
    createConnection: (options: object) => Promise<TypeormConnection>
  }
  return createConnection({ type: 'postgres', url, entities, synchronize: true })
}
