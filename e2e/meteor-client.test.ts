/** Meteor's client over real sockets, from signing up to being signed out. */
import type { AccountsClient } from '@latchkey/client/meteor'
import { expect, test } from 'vitest'
import { PASSWORD, startMeteor, until, spy } from './support/meteor.ts'

/** What a function with a callback ended in, and what the client said at that moment. */
const ended = <T = unknown>(client: AccountsClient, call: (callback: (error?: unknown, result?: T) => void) => unknown) =>
  new Promise<{ error: unknown; result: T | undefined; loggingIn: boolean; loggingOut: boolean; user: unknown }>(resolve => {
    call((error, result) => resolve({ error, result, loggingIn: client.loggingIn(), loggingOut: client.loggingOut(), user: client.user() }))
  })

test('loggingIn is true as soon as a login is called, and false in its callback, where the user is there', async () => {
  await using server = await startMeteor()
  const id = await server.createUser()
  const client = server.client()
  expect([client.loggingIn(), client.user(), client.userId()]).toEqual([false, null, null])
  const end = ended(client, callback => client.loginWithPassword('ada', PASSWORD, callback))
  expect(client.loggingIn()).toBe(true)
  const { error, loggingIn, user } = await end
  expect({ error, loggingIn }).toEqual({ error: undefined, loggingIn: false })
  expect(user).toEqual({ _id: id, username: 'ada', emails: [{ address: 'ada@example.org', verified: false }] })
  expect(await client.userAsync()).toEqual(user)
  expect(client.userId()).toBe(id)
})

test('loggingOut is true as soon as logout is called, and false in its callback, where nobody is signed in', async () => {
  await using server = await startMeteor()
  await server.createUser()
  const client = server.client()
  await client.loginWithPassword('ada', PASSWORD)
  const end = ended(client, callback => client.logout(callback))
  expect(client.loggingOut()).toBe(true)
  expect(await end).toMatchObject({ error: undefined, loggingOut: false, user: null })
})

test('signing up signs in, and onLogin is told that it was with a password', async () => {
  await using server = await startMeteor()
  const client = server.client()
  const told = spy()
  const handle = client.onLogin(told)
  await client.createUser({ username: 'ada', email: 'ada@example.org', password: PASSWORD })
  expect(client.userId()).not.toBeNull()
  expect(told).toHaveBeenCalledExactlyOnceWith(expect.objectContaining({ type: 'password', id: client.userId() }))
  handle.stop()
  const late = spy()
  client.onLogin(late)
  expect(late).not.toHaveBeenCalled()
  await until(() => late.mock.calls.length)
  expect(late).toHaveBeenCalledExactlyOnceWith({ type: 'resume' })
})

test('a failed login tells onLoginFailure, keeps whoever was signed in, and hands the reason to the callback', async () => {
  await using server = await startMeteor()
  await server.createUser()
  const client = server.client()
  const told = spy()
  client.onLoginFailure(told)
  await client.loginWithPassword('ada', PASSWORD)
  const before = client.userId()
  const { error, loggingIn } = await ended(client, callback => client.loginWithPassword('ada', 'wrong', callback))
  expect(error).toMatchObject({ error: 403, reason: 'Incorrect password' })
  expect(loggingIn).toBe(false)
  expect(told).toHaveBeenCalledExactlyOnceWith({ error })
  expect(client.userId()).toBe(before)
})

test('onLogout is told when somebody is signed out, and not when nobody was signed in', async () => {
  await using server = await startMeteor()
  await server.createUser()
  const client = server.client()
  const told = spy()
  client.onLogout(told)
  await client.logout()
  expect(told).not.toHaveBeenCalled()
  await client.loginWithPassword('ada', PASSWORD)
  await client.logout()
  expect(told).toHaveBeenCalledTimes(1)
})
