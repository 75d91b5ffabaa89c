import { expect, onTestFinished, test, vi } from 'vitest'
import { LATER } from '../testing/fake-ddp-server.ts'
import { adasServer, clientOn, inDays, spy } from '../testing/meteor-fake.ts'

const withTimers = (): void => {
  vi.useFakeTimers()
  onTestFinished(() => void vi.useRealTimers())
}

test('a server that publishes no user lets a login end all the same, after a moment', async () => {
  withTimers()
  const client = clientOn(adasServer({ publishes: false }))
  const login = client.loginWithPassword('ada', 'a password')
  await vi.advanceTimersByTimeAsync(1900)
  expect([client.loggingIn(), client.userId(), client.state.get().status]).toEqual([true, 'ada', 'loading'])
  await vi.advanceTimersByTimeAsync(200)
  await login
  expect([client.loggingIn(), client.user()]).toEqual([false, null])
  expect(client.state.get()).toEqual({ status: 'signedIn', user: { id: 'ada', emails: [], deactivated: false } })
  client.close()
})

test('a document that comes after the answer is waited for, and the callback is told once', async () => {
  const server = adasServer({ publishes: false })
  const client = clientOn(server)
  const told = vi.fn<() => unknown>(() => client.user())
  client.loginWithPassword('ada', 'a password', told)
  await vi.waitFor(() => expect(client.userId()).toBe('ada'))
  expect(told).not.toHaveBeenCalled()
  server.peer.send({ msg: 'added', collection: 'users', id: 'ada', fields: {} })
  await vi.waitFor(() => expect(told).toHaveReturnedWith({ _id: 'ada' }))
  server.peer.send({ msg: 'changed', collection: 'users', id: 'ada', fields: { username: 'ada' } })
  await vi.waitFor(() => expect(client.user()).toEqual({ _id: 'ada', username: 'ada' }))
  expect(told).toHaveBeenCalledTimes(1)
})

test('whoever is signed out before the document comes waits no longer', async () => {
  const client = clientOn(adasServer({ publishes: false }))
  const login = client.loginWithPassword('ada', 'a password')
  await vi.waitFor(() => expect(client.userId()).toBe('ada'))
  client.makeClientLoggedOut()
  await login
  expect([client.loggingIn(), client.userId()]).toEqual([false, null])
})

test('an empty answer is a failure, and says of which method', async () => {
  const server = adasServer()
  server.methods['login'] = () => undefined
  const client = clientOn(server)
  const failed = spy()
  client.onLoginFailure(failed)
  await expect(client.loginWithPassword('ada', 'a password')).rejects.toThrow('No result from call to login')
  expect(failed).toHaveBeenCalledTimes(1)
  expect([client.loggingIn(), client.userId()]).toEqual([false, null])
})

test('where a reset signs nobody in, its failure says that the password is changed', async () => {
  const server = adasServer()
  server.methods['resetPassword'] = () => undefined
  const client = clientOn(server)
  await expect(client.resetPassword('token', 'a new password')).rejects.toMatchObject({
    error: 'not-signed-in',
    reason: 'The password is changed. Sign in with it',
  })
  expect([client.loggingIn(), client.userId()]).toEqual([false, null])
})

test('validateResult can refuse what the server let in, and loggingIn can be left alone', async () => {
  const client = clientOn(adasServer())
  const end = new Promise(resolve => {
    client.callLoginMethod({
      methodArguments: [{ user: { username: 'ada' } }],
      validateResult: ({ id }) => {
        throw new Error(`not ${id}`)
      },
      userCallback: resolve,
      _suppressLoggingIn: true,
    })
  })
  expect(client.loggingIn()).toBe(false)
  expect(await end).toMatchObject({ message: 'not ada' })
  expect(client.userId()).toBeNull()
})

test('loggingIn stays true until the last of several logins is through', async () => {
  const server = adasServer()
  const client = clientOn(server)
  const said: boolean[] = []
  client.loggingIn.subscribe(value => said.push(value))
  await Promise.all([client.loginWithPassword('ada', 'a password'), client.loginWithPassword('ada', 'a password')])
  expect(said).toEqual([false, true, false])
})

test('hooks of a client that throw, or reject, are complained of and change nothing', async () => {
  const complained = vi.spyOn(console, 'error').mockImplementation(() => {})
  onTestFinished(() => complained.mockRestore())
  const client = clientOn(adasServer())
  const last = spy()
  client.onLogin(() => {
    throw new Error('one')
  })
  client.onLogin(() => Promise.reject(new Error('two')))
  client.onLogin(last)
  await client.loginWithPassword('ada', 'a password')
  expect(last).toHaveBeenCalledTimes(1)
  await vi.waitFor(() => expect(complained).toHaveBeenCalledTimes(2))
})

test('a login hook that is stopped is told nothing, not even late', async () => {
  const client = clientOn(adasServer())
  await client.loginWithPassword('ada', 'a password')
  const told = spy()
  const handle = client.onLogin(told)
  handle.stop()
  expect(handle.callback).toBe(told)
  await new Promise(resolve => setTimeout(resolve, 5))
  expect(told).not.toHaveBeenCalled()
})

test('a sign-out that the server refuses leaves everything as it was', async () => {
  const server = adasServer()
  const client = clientOn(server)
  await client.loginWithPassword('ada', 'a password')
  server.methods['logout'] = () => {
    throw { error: 500, reason: 'Internal server error', errorType: 'Meteor.Error' }
  }
  await expect(client.logout()).rejects.toMatchObject({ error: 500 })
  expect([client.loggingOut(), client.userId(), client._storedLoginToken()]).toEqual([false, 'ada', 'token-1'])
})

test('logoutOtherClients asks for a new token and for the end of the others back to back, and tells the second one’s error', async () => {
  const server = adasServer()
  const client = clientOn(server)
  await client.loginWithPassword('ada', 'a password')
  server.methods['getNewToken'] = () => ({ id: 'ada', token: 'token-2', tokenExpires: inDays(90) })
  server.methods['removeOtherTokens'] = () => {
    throw { error: 'no', errorType: 'Meteor.Error' }
  }
  await expect(client.logoutOtherClients()).rejects.toMatchObject({ error: 'no' })
  expect(client._storedLoginToken()).toBe('token-2')
})

test('a client that is closed leaves no login waiting, and signs nobody out', async () => {
  const server = adasServer()
  const client = clientOn(server)
  await client.loginWithPassword('ada', 'a password')
  server.methods['login'] = () => LATER
  const login = client.loginWithPassword('ada', 'a password')
  client.connection.close()
  client.close()
  await expect(login).rejects.toMatchObject({ error: 'connection-closed' })
  expect(client._storedLoginToken()).toBe('token-1')
})

test('a client connects, signs in by what it has, and then subscribes, in that order', async () => {
  const server = adasServer()
  const client = clientOn(server)
  const login = client.loginWithPassword('ada', 'a password')
  await login
  await vi.waitFor(() => expect(client.loginServicesConfigured()).toBe(true))
  expect(server.peer.heard.map(({ msg }) => msg)).toEqual(['connect', 'method', 'sub'])
})

test('a token that is renewed for somebody who has signed out meanwhile is not kept', async () => {
  const server = adasServer()
  const client = clientOn(server)
  await client.loginWithPassword('ada', 'a password')
  server.methods['removeOtherTokens'] = () => undefined
  server.methods['getNewToken'] = () => {
    client.makeClientLoggedOut()
    return { id: 'ada', token: 'token-2', tokenExpires: inDays(90), type: 'resume' }
  }
  await client.logoutOtherClients()
  expect([client.userId(), client._storedLoginToken()]).toEqual([null, null])
  client.close()
})

test('a cookie that is another user’s after a reconnecting signs that one in here, and is left to them', async () => {
  const server = adasServer()
  let [who, cleared]: [string | null, number] = ['ada', 0]
  server.methods['latchkey.user'] = () => (who === null ? null : { id: who })
  vi.stubGlobal('fetch', async (url: string) => {
    if (url.endsWith('/clear')) cleared += 1
    return Response.json({ userId: 'ada' })
  })
  onTestFinished(() => void vi.unstubAllGlobals())
  const client = clientOn(server, { useHttpOnlyCookies: true })
  await vi.waitFor(() => expect(client.userId()).toBe('ada'))
  who = 'ben'
  server.peer.close()
  await vi.waitFor(() => expect(client.userId()).toBe('ben'))
  expect(cleared).toBe(0)
  who = null
  server.peer.close()
  await vi.waitFor(() => expect(client.userId()).toBeNull())
  client.close()
  client.connection.close()
})

test('whoever signs out before the document comes has signed in and out, in that order, and is out', async () => {
  const client = clientOn(adasServer({ publishes: false }))
  const told: string[] = []
  client.onLogin(({ type }) => void told.push(type))
  client.onLogout(() => void told.push('out'))
  const login = client.loginWithPassword('ada', 'a password')
  await vi.waitFor(() => expect(client.userId()).toBe('ada'))
  await client.logout()
  await login
  expect(told).toEqual(['password', 'out'])
  withTimers()
  const late = spy()
  client.onLogin(late)
  await vi.advanceTimersByTimeAsync(100)
  expect(late).not.toHaveBeenCalled()
})

test('whoever signs out while a server that was busy is about to be asked again stays out', async () => {
  withTimers()
  const server = adasServer()
  const busy = { error: 'too-many-requests', reason: 'not now', errorType: 'Meteor.Error' }
  const { login, logout } = server.methods
  server.methods['login'] = () => {
    throw busy
  }
  server.methods['logout'] = (peer, id, ...params) => {
    setTimeout(() => peer.answer(id, logout?.(peer, id, ...params)), 3000)
    return LATER
  }
  const client = clientOn(server)
  client._ddp?.store.write('ada', 'token-1', new Date(Date.now() + 86_400_000))
  client._ddp?.side.resumeStored({ token: 'token-1', userId: 'ada', expires: undefined }, () => {})
  await vi.advanceTimersByTimeAsync(900)
  expect([client.userId(), client.loggingIn()]).toEqual(['ada', true])
  if (login) server.methods['login'] = login
  const out = client.logout()
  await vi.advanceTimersByTimeAsync(10_000)
  await out
  expect([client.userId(), client.loggingIn(), client._storedLoginToken()]).toEqual([null, false, null])
})

test('a sign-out that fails is followed by the sign-in that waited for it', async () => {
  withTimers()
  const server = adasServer()
  const { login } = server.methods
  server.methods['login'] = () => {
    throw { error: 500, errorType: 'Meteor.Error' }
  }
  server.methods['logout'] = (peer, id) => {
    setTimeout(() => peer.send({ msg: 'updated', methods: [id] }), 3000)
    setTimeout(() => peer.send({ msg: 'result', id, error: { error: 500, errorType: 'Meteor.Error' } }), 3000)
    return LATER
  }
  const client = clientOn(server)
  client._ddp?.side.resumeStored({ token: 'token-1', userId: 'ada', expires: undefined }, () => {})
  await vi.advanceTimersByTimeAsync(900)
  if (login) server.methods['login'] = login
  const out = client.logout().catch((error: unknown) => error)
  await vi.advanceTimersByTimeAsync(10_000)
  expect(await out).toMatchObject({ error: 500 })
  expect([client.userId(), client.loggingIn(), client.user()?.username]).toEqual(['ada', false, 'ada'])
})
