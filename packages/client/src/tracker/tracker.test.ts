import { expect, test, vi } from 'vitest'
import Tracker from 'trackr'
import { adasServer, clientOn, spy } from '../testing/meteor-fake.ts'
import { trackWith } from './index.ts'

test('a computation that reads the user runs again at a login, and is left alone by fields it did not ask for', async () => {
  const server = adasServer()
  const client = clientOn(server)
  const stop = trackWith(client, Tracker)
  const seen = spy()
  const computation = Tracker.autorun(() => seen(client.user({ fields: { username: 1 } })?.username, client.userId() !== null))
  const emails = spy()
  const other = Tracker.autorun(() => emails(client.user()?.emails))
  await client.loginWithPassword('ada', 'a password')
  await vi.waitFor(() => expect(seen.mock.lastCall).toEqual(['ada', true]))
  const runs = seen.mock.calls.length
  server.peer.send({ msg: 'changed', collection: 'users', id: 'ada', fields: { emails: [{ address: 'ada@example.org' }] } })
  await vi.waitFor(() => expect(emails.mock.lastCall).toEqual([[{ address: 'ada@example.org' }]]))
  expect(seen.mock.calls.length).toBe(runs)
  server.peer.send({ msg: 'changed', collection: 'users', id: 'ada', fields: { username: 'lovelace' } })
  await vi.waitFor(() => expect(seen.mock.lastCall).toEqual(['lovelace', true]))
  computation.stop()
  other.stop()
  stop()
})

test('computations that read loggingIn, loggingOut and the services run again', async () => {
  const client = clientOn(adasServer())
  const stop = trackWith(client, Tracker)
  const seen = new Set<string>()
  const computation = Tracker.autorun(() => {
    seen.add([client.loggingIn(), client.loggingOut(), client.loginServicesConfigured()].join())
  })
  const login = client.loginWithPassword('ada', 'a password')
  Tracker.flush()
  await login
  await vi.waitFor(() => expect([...seen].some(one => one.endsWith('true'))).toBe(true))
  const logout = client.logout()
  Tracker.flush()
  await logout
  Tracker.flush()
  expect([...seen].map(one => one.split(',').slice(0, 2).join())).toEqual(
    expect.arrayContaining(['false,false', 'true,false', 'false,true']),
  )
  computation.stop()
  stop()
  client.user()
})
