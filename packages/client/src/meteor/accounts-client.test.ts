import { AccountsClient as LeanClient, AccountsClientPassword, RestClient } from '@latchkey/client'
import { AccountsCommon } from '@latchkey/common/meteor'
import { afterEach, describe, expect, onTestFinished, test, vi } from 'vitest'
import { FakeServer } from '../testing/fake-server.ts'
import { FakePage } from '../testing/fake-page.ts'
import { adasServer, clientOn, spy } from '../testing/meteor-fake.ts'
import { Accounts, AccountsClient, DDP, LoginCancelledError, Meteor, MeteorError } from './index.ts'

afterEach(() => {
  vi.unstubAllGlobals()
})

describe('the constructor', () => {
  test('takes a connection or an address, not both, and neither beside a transport', () => {
    const connection = DDP.connect('http://test.example', { webSocket: adasServer().webSocket })
    onTestFinished(() => connection.close())
    expect(() => new AccountsClient({ connection, ddpUrl: 'http://test.example' })).toThrow(
      new TypeError('Give either connection or ddpUrl, not both'),
    )
    expect(() => new AccountsClient({ connection }, new RestClient())).toThrow('Give a transport, or connection or ddpUrl, not both')
    const client = new AccountsClient({ connection })
    expect(client.connection).toBe(connection)
    client.close()
    expect(connection.status().status).not.toBe('offline')
  })

  test.each([{ ddpUrl: 'http://test.example' }, { connection: {} }])('of the small client names the import for %j', options => {
    const small = LeanClient as unknown as new (options: object) => object
    expect(() => new small(options)).toThrow(new TypeError('For DDP import AccountsClient from @latchkey/client/meteor'))
  })

  test('complains of names that are no options, and keeps the very object', () => {
    const complained = vi.spyOn(console, 'error').mockImplementation(() => {})
    onTestFinished(() => complained.mockRestore())
    const options = { clientStorag: 'session' }
    const client = new AccountsClient(options as object)
    expect(client._options).toBe(options)
    client.config({ clientStorag: 'session', defaultFieldSelector: { username: 1 } } as object)
    expect(complained.mock.calls).toEqual([['Accounts.config: Invalid key: clientStorag'], ['Accounts.config: Invalid key: clientStorag']])
    expect(client._options).toEqual({ clientStorag: 'session', defaultFieldSelector: { username: 1 } })
    expect(() => client.config({ oauthSecretKey: 'x' })).toThrow('The oauthSecretKey option may only be specified on the server')
  })

  test('follows the address a Meteor page has for its accounts', () => {
    vi.stubGlobal('__meteor_runtime_config__', { ACCOUNTS_CONNECTION_URL: 'http://accounts.example', ROOT_URL_PATH_PREFIX: '/app' })
    vi.stubGlobal('WebSocket', adasServer().webSocket)
    const client = new AccountsClient()
    onTestFinished(() => client.close())
    expect([client.connection._stream.rawUrl, client.LOGIN_TOKEN_KEY]).toEqual([
      'http://accounts.example',
      'Meteor.loginToken:http://accounts.example:/app',
    ])
  })

  test('makes an AccountsCommon, as on the server, over either wire, and of the predefined Accounts', () => {
    const [overDdp, overRest] = [clientOn(adasServer(), { loginExpirationInDays: 1 }), new AccountsClient({}, new RestClient())]
    for (const client of [overDdp, overRest, Accounts])
      expect([client instanceof AccountsCommon, client instanceof LeanClient]).toEqual([true, true])
    const day = 86_400_000
    expect([overDdp._getTokenLifetimeMs(), overRest._getTokenLifetimeMs()]).toEqual([day, 90 * day])
    expect([overDdp._getPasswordResetTokenLifetimeMs(), overDdp._getPasswordEnrollTokenLifetimeMs()]).toEqual([3 * day, 30 * day])
    expect(overDdp._tokenExpiration(5)).toEqual(new Date(day + 5))
    expect([overDdp._tokenExpiresSoon(Date.now() + 4_000_000), overDdp._tokenExpiresSoon(Date.now() + 3_000_000)]).toEqual([false, true])
    overDdp.config({ defaultFieldSelector: { profile: 0 } })
    // JavaScript can say it
    overDdp.config({ loginExpirationInDays: undefined } as object)
    expect([overDdp._addDefaultFieldSelector(), overDdp._getTokenLifetimeMs()]).toEqual([{ fields: { profile: 0 } }, day])
  })

  test('has Meteor’s constants and its error', () => {
    const client = clientOn(adasServer())
    expect([client.DEFAULT_LOGIN_EXPIRATION_DAYS, client.LOGIN_UNEXPIRING_TOKEN_DAYS]).toEqual([90, 36_500])
    expect([client.LoginCancelledError, LoginCancelledError.numericError]).toEqual([LoginCancelledError, 145_546_287])
  })
})

describe('ways to sign in by name', () => {
  test('are registered once, called, and unknown otherwise', () => {
    const client = clientOn(adasServer())
    client.registerClientLoginFunction('badge', (number: number, floor: number) => number * floor)
    expect([client.callLoginFunction('badge', 6, 7), client.applyLoginFunction('badge', [2, 3])]).toEqual([42, 6])
    expect(() => client.registerClientLoginFunction('badge', () => {})).toThrow('badge has been defined already')
    expect(() => client.callLoginFunction('key')).toThrow('key was not defined')
  })

  test('through other sites say that they are not offered, and begin nothing', async () => {
    const server = adasServer()
    const client = clientOn(server)
    client.oauth.registerService('google')
    expect(() => client.oauth.registerService('google')).toThrow('Duplicate service: google')
    await expect(client.callLoginFunction('google')).rejects.toMatchObject({ error: 'oauth-not-offered' })
    const told = spy()
    client.applyLoginFunction('google', [{}, told])
    expect(told).toHaveBeenCalledExactlyOnceWith(expect.objectContaining({ error: 'oauth-not-offered' }))
    expect([client.oauth.serviceNames(), client.loggingIn()]).toEqual([['google'], false])
    client.oauth.unregisterService('google')
    expect(() => client.oauth.unregisterService('google')).toThrow('Service not found: google')
    expect(() => client.callLoginFunction('google')).toThrow('google was not defined')
    client.oauth.registerService('google')
    expect(client.oauth.serviceNames()).toEqual(['google'])
  })
})

test('a change of password takes the code of a second factor before its callback', async () => {
  const server = adasServer()
  server.methods['changePassword'] = () => ({ passwordChanged: true })
  const client = clientOn(server)
  await client.loginWithPassword('ada', 'a password')
  await client.changePassword('a password', 'another password')
  await client.changePassword('a password', 'another password', '123456')
  await new Promise<unknown>(resolve => client.changePassword('a password', 'another password', resolve))
  await new Promise<unknown>(resolve => client.changePassword('a password', 'another password', '654321', resolve))
  const sent = server.peer.all('method').filter(({ method }) => method === 'changePassword')
  expect(sent.map(({ params }) => (params as unknown[]).slice(2))).toEqual([[], ['123456'], [], ['654321']])
})

test('users are changed in the collection they are in, with options before the callback or without', async () => {
  const server = adasServer()
  server.methods['/people/update'] = (_peer, _id, ...params) => params.slice(1)
  const client = clientOn(server, { collection: 'people' })
  const told = spy()
  client.users.update('ada', { $set: {} }, told)
  client.users.update({ _id: 'ada' }, { $set: {} }, { upsert: true }, told)
  expect(await client.users.update('ada', { $set: {} })).toEqual([{ $set: {} }, {}])
  expect(await client.users.updateAsync('ada', { $set: {} }, { multi: false })).toEqual([{ $set: {} }, { multi: false }])
  expect(told.mock.calls).toEqual([
    [undefined, [{ $set: {} }, {}]],
    [undefined, [{ $set: {} }, { upsert: true }]],
  ])
})

describe('over a transport of accounts-js', () => {
  async function restWorld() {
    const server = await new FakeServer().start()
    onTestFinished(() => server[Symbol.asyncDispose]())
    const transport = new RestClient({ apiHost: server.url })
    const client = new AccountsClient({}, transport)
    return { server, client, password: new AccountsClientPassword(client) }
  }

  test('Meteor’s functions sign in and out, and its hooks are told', async () => {
    const { client } = await restWorld()
    const [login, logout] = [spy(), spy()]
    client.onLogin(login)
    client.onLogout(logout)
    const stop = client.state.subscribe(() => {})
    onTestFinished(() => stop())
    const signing = client.loginWithPassword('ada', 'correct horse')
    expect(client.loggingIn()).toBe(true)
    await signing
    expect([client.loggingIn(), client.user()?.id, client.user()?._id, client.userId()]).toEqual([
      false,
      client.userId(),
      client.userId(),
      client.state.get().user?.id,
    ])
    expect(login).toHaveBeenCalledExactlyOnceWith(expect.objectContaining({ type: 'password' }))
    expect(await client.getTokens()).not.toBeNull()
    const leaving = client.logout()
    expect(client.loggingOut()).toBe(true)
    await leaving
    expect([client.loggingOut(), client.user(), logout.mock.calls.length]).toEqual([false, null, 1])
  })

  test('its own functions sign in as ever, and Meteor’s hooks are told too', async () => {
    const { client, password } = await restWorld()
    const login = spy()
    client.onLogin(login)
    await password.login({ user: 'ada', password: 'correct horse' })
    expect(login).toHaveBeenCalledExactlyOnceWith(expect.objectContaining({ type: 'password' }))
    expect(await client.getTokens()).not.toBeNull()
  })

  test('what this wire has not is refused by its name', async () => {
    const { client } = await restWorld()
    const failed = spy()
    client.onLoginFailure(failed)
    await expect(client.loginWithToken('a-token')).rejects.toThrow('There is no "login" over this transport')
    expect(failed).toHaveBeenCalledTimes(1)
    expect([client.loggingIn(), client.loginServicesConfigured(), client.connection.status().status]).toEqual([false, true, 'offline'])
  })
})

describe('the predefined objects', () => {
  test('do nothing where there is no page, and say that nobody is signed in', async () => {
    expect([Meteor.userId(), Meteor.user(), Meteor.loggingIn(), Accounts.loginServicesConfigured()]).toEqual([null, null, false, false])
    expect(await Meteor.userAsync()).toBeNull()
    await expect(Meteor.loginWithPassword('ada', 'a password')).rejects.toThrow('There is no DDP server here')
    expect([Meteor.isClient, Meteor.isServer, Meteor.Error, Meteor.settings]).toEqual([true, false, MeteorError, { public: {} }])
    expect([Meteor.users.find(), Meteor.status().status]).toEqual([[], 'offline'])
  })

  test('are one client of the page’s server, made at the first use', async () => {
    vi.resetModules()
    const server = adasServer()
    server.methods['add'] = (_peer, _id, one, two) => Number(one) + Number(two)
    vi.stubGlobal('window', new FakePage().window)
    vi.stubGlobal('WebSocket', server.webSocket)
    const fresh = await import('./index.ts')
    expect(server.peers).toHaveLength(0)
    await fresh.Meteor.loginWithPassword('ada', 'a password')
    onTestFinished(() => fresh.Accounts.close())
    expect([fresh.Accounts.userId(), fresh.Meteor.user(), fresh.Accounts instanceof fresh.AccountsClient]).toEqual([
      'ada',
      { _id: 'ada', username: 'ada' },
      true,
    ])
    expect(await fresh.Meteor.call('add', 1, 2)).toBe(3)
    expect(await fresh.Meteor.callAsync('add', 1, 2)).toBe(3)
    fresh.Accounts.oauth.registerService('google')
    expect([typeof fresh.Meteor['loginWithGoogle'], fresh.Meteor['loginWithTwitter']]).toEqual(['function', undefined])
    await fresh.Meteor.logout()
    expect([fresh.Meteor.userId(), server.peers.length]).toEqual([null, 1])
  })
})

describe('sources', () => {
  test('are called, got and subscribed to, and tell only of changes', async () => {
    const client = clientOn(adasServer())
    const users = spy()
    const stop = client.user.subscribe(users)
    await client.loginWithPassword('ada', 'a password')
    expect(client.user.get()).toBe(client.user())
    stop()
    await client.logout()
    expect(users.mock.calls).toEqual([[null], [{ _id: 'ada', username: 'ada' }]])
  })

  test('of a user have the fields of both parents, and list those of the wire', async () => {
    const client = clientOn(adasServer())
    await client.loginWithPassword('ada', 'a password')
    const user = client.user()
    expect([user?._id, user?.id, user?.emails, user?.deactivated, Object.keys(user ?? {}).toSorted()]).toEqual([
      'ada',
      'ada',
      [],
      false,
      ['_id', 'username'],
    ])
  })

  test('of two clients in one program know nothing of each other', async () => {
    const [one, two] = [clientOn(adasServer()), clientOn(adasServer())]
    await one.loginWithPassword('ada', 'a password')
    expect([one.userId(), two.userId(), one._storedLoginToken(), two._storedLoginToken()]).toEqual(['ada', null, 'token-1', null])
    await two.loginWithPassword('ada', 'a password')
    await one.logout()
    expect([one.userId(), two.userId(), two._storedLoginToken()]).toEqual([null, 'ada', 'token-1'])
  })
})
