import { mkdtempSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { describe, expect, it, vi } from 'vitest'
import { silentLog } from '../../system.ts'
import { memoryStore } from '../../stores/memory/index.ts'
import { PASSWORD } from '../../testing/index.ts'
import { WireClient } from '../../testing/ddp-wire.ts'
import { resultOf } from '../../testing/ddp-accounts.ts'
import { lazily } from './lazily.ts'
import { MeteorGlobal } from './meteor.ts'
import { Predefined } from './predefined.ts'
import type { SetUpOptions } from './predefined.ts'
import type { Environment } from './settings.ts'

const tokenSecret = 'for tests only: 0123456789abcdefghijklmnopqrstuvwxyz'

const made = (options: SetUpOptions = {}, env: Environment = {}): Predefined => {
  const predefined = new Predefined(env)
  predefined.setUp({ db: memoryStore(), tokenSecret, log: silentLog, argon2MemoryCost: 64, argon2TimeCost: 1, ...options })
  return predefined
}

describe('the predefined accounts', () => {
  it('are made when they are first used, and made once', async () => {
    const predefined = made()
    expect(predefined.accounts).toBe(predefined.accounts)
    expect(predefined.accounts.accounts.core.settings.face).toBe('meteor')
    await predefined.accounts.stop()
  })

  it('cannot be set up any more once they are in use', () => {
    const predefined = made()
    expect(() => predefined.setUp({})).toThrow(/setUpAccounts comes too late/)
    const used = new Predefined({})
    expect(used.settings).toEqual({})
    expect(() => used.setUp({})).toThrow(/setUpAccounts comes too late/)
  })

  it('take options from the settings of the app, of which accounts-base goes before accounts', () => {
    const settings = {
      packages: {
        accounts: { loginExpirationInDays: 5, forbidClientAccountCreation: true, passwordMaxLength: 99 },
        'accounts-base': { loginExpirationInDays: 7 },
      },
    }
    const { accounts } = made({}, { METEOR_SETTINGS: JSON.stringify(settings) })
    expect(accounts._getTokenLifetimeMs()).toBe(7 * 86_400_000)
    expect(accounts.accounts.core.settings).toMatchObject({ signUpAllowed: false, password: { maxLength: 99 } })
    expect(made({ settings }).accounts._getTokenLifetimeMs()).toBe(7 * 86_400_000)
  })

  it('take the key for secrets of providers in, after which it is in no settings', () => {
    const oauthSecretKey = Buffer.alloc(16, 1).toString('base64')
    const predefined = made({ settings: { packages: { 'accounts-base': { oauthSecretKey, loginExpirationInDays: 3 } } } })
    expect(predefined.accounts.oauthEncryption.keyIsLoaded()).toBe(true)
    expect(predefined.settings).toEqual({ packages: { 'accounts-base': { loginExpirationInDays: 3 } } })
  })

  it('keep that key in the settings until accounts are made', () => {
    const oauthSecretKey = Buffer.alloc(16, 1).toString('base64')
    const env = { LATCHKEY_SECRET: 'SECRET' }
    const predefined = new Predefined(env)
    predefined.setUp({ db: memoryStore(), production: true, settings: { packages: { 'accounts-base': { oauthSecretKey } } } })
    expect(() => predefined.accounts).toThrow(/too weak/)
    env.LATCHKEY_SECRET = tokenSecret
    expect(predefined.accounts.oauthEncryption.keyIsLoaded()).toBe(true)
    expect(predefined.settings).toEqual({ packages: { 'accounts-base': {} } })
  })

  it('read settings from a file, and refuse what is no JSON without showing it', () => {
    const file = path.join(mkdtempSync(path.join(tmpdir(), 'latchkey-')), 'settings.json')
    writeFileSync(file, '{"packages":{"accounts":{"loginExpirationInDays":3}}}')
    expect(made({}, { METEOR_SETTINGS_FILE: file }).accounts._options.loginExpirationInDays).toBe(3)
    for (const METEOR_SETTINGS of ['{"secret": hush}', '[]', '5']) {
      const refused = (): unknown => made({}, { METEOR_SETTINGS }).settings
      expect(refused).toThrow(/METEOR_SETTINGS/)
      expect(refused).not.toThrow(/hush/)
    }
  })

  it('say which variable names a file that cannot be read', () => {
    const of = (env: Environment) => (): unknown => new Predefined(env).accounts
    expect(of({ METEOR_SETTINGS_FILE: 'nowhere.json' })).toThrow('METEOR_SETTINGS_FILE names a file that cannot be read: nowhere.json')
    expect(of({ LATCHKEY_SECRET_FILE: 'nowhere' })).toThrow('LATCHKEY_SECRET_FILE names a file that cannot be read: nowhere')
  })

  it.each(['loginExpirationInDays', 'loginExpiration', 'passwordResetTokenExpirationInDays', 'passwordEnrollTokenExpiration'])(
    'refuse what is no %s by that name',
    name => {
      const settings = { packages: { accounts: { [name]: 'soon' } } }
      expect(() => made({ settings }).accounts).toThrow(`${name} must be a number of ${name.endsWith('Days') ? 'days' : 'milliseconds'}`)
    },
  )

  it('keep how providers know the app, as the settings say it', async () => {
    const { accounts } = made({ settings: { packages: { 'service-configuration': { github: { clientId: 'c', secret: 's' } } } } })
    await vi.waitFor(async () => {
      expect(await accounts.loginServiceConfiguration.findOneAsync({ service: 'github' })).toMatchObject({ clientId: 'c', secret: 's' })
    })
    await accounts.stop()
  })

  it('lead links to ROOT_URL', () => {
    const predefined = made({}, { ROOT_URL: 'https://example.org/' })
    expect(predefined.accounts.urls.resetPassword('t')).toBe('https://example.org/#/reset-password/t')
    expect(new MeteorGlobal(predefined).absoluteUrl('/about')).toBe('https://example.org/about')
  })

  it('refuse to start in production without a secret, and without a database', () => {
    const production = (env: Environment) => (): unknown => new Predefined({ NODE_ENV: 'production', ...env }).accounts
    expect(production({})).toThrow(/DATABASE_URL is missing/)
    expect(production({ DATABASE_URL: 'accounts.db' })).toThrow(/LATCHKEY_SECRET is missing/)
    expect(production({ DATABASE_URL: 'accounts.db', LATCHKEY_SECRET: 'SECRET' })).toThrow(/too weak for production/)
  })

  it('keep a secret beside the file of a database in development, for its owner alone', () => {
    const file = path.join(mkdtempSync(path.join(tmpdir(), 'latchkey-')), 'accounts.db')
    const [one, other] = [new Predefined({ DATABASE_URL: file }), new Predefined({ DATABASE_URL: file })]
    const secret = one.accounts.accounts.core.settings.tokenSecret
    expect(secret).toMatch(/^[\w-]{43}$/)
    expect(other.accounts.accounts.core.settings.tokenSecret).toBe(secret)
    expect(readFileSync(`${file}.secret`, 'utf8')).toBe(secret)
    expect(statSync(`${file}.secret`).mode & 0o777).toBe(0o600)
  })

  it('make no secret up for a database that others share', () => {
    expect(() => new Predefined({ DATABASE_URL: 'postgres://localhost/app' }).accounts).toThrow(/LATCHKEY_SECRET is missing/)
  })

  it('take the secret from a file', () => {
    const file = path.join(mkdtempSync(path.join(tmpdir(), 'latchkey-')), 'secret')
    writeFileSync(file, `${tokenSecret}\n`)
    const { accounts } = new Predefined({ DATABASE_URL: 'postgres://localhost/app', LATCHKEY_SECRET_FILE: file })
    expect(accounts.accounts.core.settings.tokenSecret).toBe(tokenSecret)
  })
})

describe('the global Meteor', () => {
  it('defines methods and publications, and knows in them who is signed in', async () => {
    const predefined = made()
    const meteor = new MeteorGlobal(predefined)
    const seen: unknown[] = []
    meteor.onConnection(({ id }) => void seen.push(typeof id))
    meteor.methods({
      async whoAmI() {
        return [meteor.userId(), (await meteor.userAsync({ fields: { username: 1 } }))?.username]
      },
      refuse() {
        throw new meteor.Error('no', 'Not today')
      },
    })
    meteor.publish('mine', function publication() {
      this.added('things', 'one', { of: meteor.userId() })
      this.ready()
    })
    const { id } = await predefined.accounts.accounts.createUser({ username: 'ada', password: PASSWORD })
    const client = WireClient.connected(meteor.server)
    resultOf(await client.call('in', 'login', { user: { username: 'ada' }, password: PASSWORD }))
    expect((await client.call('who', 'whoAmI')).result).toEqual([id, 'ada'])
    expect((await client.call('no', 'refuse')).error).toMatchObject({ error: 'no', reason: 'Not today' })
    client.say({ msg: 'sub', id: 's', name: 'mine' })
    await client.until(({ msg }) => msg === 'ready')
    expect(client.arrived.find(({ collection }) => collection === 'things')?.fields).toEqual({ of: id })
    expect(seen).toEqual(['string'])
    await meteor.server.stop()
    await predefined.accounts.stop()
  })

  it('has the users of the predefined accounts', async () => {
    const predefined = made()
    const _id = await predefined.accounts.createUser({ username: 'ada' })
    expect(await new MeteorGlobal(predefined).users.findOneAsync(_id, { fields: { username: 1 } })).toEqual({ _id, username: 'ada' })
    await predefined.accounts.stop()
  })

  it('says where it runs, and runs work once the store is open', async () => {
    const meteor = new MeteorGlobal(made({ production: true }))
    expect(meteor).toMatchObject({ isServer: true, isClient: false, isProduction: true, isDevelopment: false, settings: {} })
    const done: string[] = []
    await meteor.startup(() => void done.push('started'))
    expect(done).toEqual(['started'])
    meteor.methods({ add: (one: number, other: number) => one + other })
    expect(await meteor.callAsync('add', 1, 2)).toBe(3)
    expect(await meteor.applyAsync('add', [1, 2])).toBe(3)
    expect(() => meteor.userId()).toThrow(/Meteor.userId can only be invoked/)
    await expect(meteor.user()).rejects.toThrow(/Meteor.userId can only be invoked/)
  })
})

describe('an object that is made when it is first used', () => {
  class Counter {
    static made = 0
    readonly #count = { value: 0 }
    readonly Class = Error
    step = 1
    constructor() {
      Counter.made += 1
    }
    get Computed(): typeof TypeError {
      return TypeError
    }
    add(): number {
      this.#count.value += this.step
      return this.#count.value
    }
  }

  it('is one, whatever is asked of it', () => {
    Counter.made = 0
    const counter = lazily(() => new Counter())
    expect(Counter.made).toBe(0)
    // On purpose: an app may take a method off its object.
    // oxlint-disable-next-line typescript/unbound-method
    const { add } = counter
    expect([add(), counter.add()]).toEqual([1, 2])
    counter.step = 5
    expect(counter.add()).toBe(7)
    expect('add' in counter).toBe(true)
    expect('step' in counter).toBe(true)
    expect(Object.keys(counter)).toEqual(['Class', 'step'])
    expect(counter).toBeInstanceOf(Counter)
    expect(counter.Class).toBe(Error)
    expect(counter.Computed).toBe(TypeError)
    expect(Counter.made).toBe(1)
  })

  it('can have a method replaced', () => {
    const counter = lazily(() => new Counter())
    expect(counter.add()).toBe(1)
    counter.add = () => 99
    expect(counter.add()).toBe(99)
    Reflect.deleteProperty(counter, 'add')
    expect(counter.add()).toBe(2)
  })
})

it('the predefined objects belong together', async () => {
  const objects = await import('../index.ts')
  objects.setUpAccounts({ db: memoryStore(), tokenSecret, log: silentLog, settings: { public: { title: 'T' } } })
  const { Accounts, DDPRateLimiter, Email, Meteor, MeteorError, OAuthEncryption, ServiceConfiguration } = objects
  expect(Meteor.settings).toEqual({ public: { title: 'T' } })
  expect(Meteor.Error).toBe(MeteorError)
  expect(Object.keys(DDPRateLimiter.printRules())).toHaveLength(1)
  expect(Accounts.removeDefaultRateLimit()).toBe(true)
  expect(Object.keys(DDPRateLimiter.printRules())).toHaveLength(0)
  Accounts.config({ oauthSecretKey: Buffer.alloc(16).toString('base64') })
  expect(OAuthEncryption.keyIsLoaded()).toBe(true)
  expect(ServiceConfiguration.ConfigError).toBe(Accounts.ConfigError)
  const sent: unknown[] = []
  Email.customTransport = ({ to }) => void sent.push(to)
  await Email.sendAsync({ to: 'ada@example.org' })
  expect(sent).toEqual(['ada@example.org'])
  await Accounts.stop()
})
