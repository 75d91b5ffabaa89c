/** Libraries that were written for Meteor, as npm has them, against our servers. */
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { until } from '../../e2e/support/meteor.ts'
import { asteroid } from './clients/asteroid.ts'
import { socketsTo } from './clients/client.ts'
import type { Client } from './clients/client.ts'
import { ddpJs } from './clients/ddp-js.ts'
import { meteorrn, removeBundle } from './clients/meteorrn.ts'
import { SERVERS } from './clients/servers.ts'
import type { Server } from './clients/servers.ts'
import { simpleddp, simpleddpOverSockJs } from './clients/simpleddp.ts'

const LIBRARIES = [simpleddp, simpleddpOverSockJs, asteroid, ddpJs, meteorrn]
const PASSWORD = 'correct horse battery'
const OTHER = 'staple of another kind'

const REFUSED = { error: 403, reason: 'Something went wrong. Please check your credentials.', errorType: 'Meteor.Error' }
const SIGNED_OUT = { error: 403, reason: "You've been logged out by the server. Please log in again.", errorType: 'Meteor.Error' }

let people = 0
const somebody = () => {
  const username = `visitor${(people += 1)}`
  return { username, email: `${username}@example.org`, password: PASSWORD }
}

afterAll(removeBundle)

describe.each(SERVERS)('$name', ({ here, hasNotes, start }) => {
  let server: Server
  beforeAll(async () => {
    if (here) server = await start()
  })
  afterAll(() => server?.close())

  describe.skipIf(!here).each(LIBRARIES)('with $name', library => {
    const clients: Client[] = []
    const open = async (sockets = socketsTo(server.url, library.over), reconnects = false): Promise<Client> => {
      const client = await library.open(sockets, reconnects)
      clients.push(client)
      return client
    }
    afterEach(() => clients.splice(0).forEach(client => client.leave()))

    it('signs up, shows who is signed in, and signs in again by password and, elsewhere, by token', async () => {
      const [first, second, third] = [await open(), await open(), await open()]
      const user = somebody()
      const { id, token } = await first.signUp(user)
      expect(token).toMatch(/^[\w-]{43}$/)
      const shown = { id, username: user.username, emails: [{ address: user.email, verified: false }] }
      await until(() => first.documents('users').length === 1)
      expect(first.documents('users')).toEqual([shown])

      expect(await second.logIn(user.username, PASSWORD)).toMatchObject({ id })
      expect(await third.resume(token)).toMatchObject({ id, token })
      await until(() => third.documents('users').length === 1)
      expect(third.documents('users')).toEqual([shown])
    })

    it('is refused a wrong password, and shown nobody', async () => {
      const [first, second] = [await open(), await open()]
      const user = somebody()
      await first.signUp(user)
      await expect(second.logIn(user.username, OTHER)).rejects.toMatchObject(REFUSED)
      await expect(second.logIn('nobody at all', OTHER)).rejects.toMatchObject(REFUSED)
      expect(second.documents('users')).toEqual([])
    })

    it('changes the password, which closes the other connection', async () => {
      const [first, second] = [await open(), await open()]
      const user = somebody()
      const { id } = await first.signUp(user)
      const { token } = await second.logIn(user.username, PASSWORD)
      await first.changePassword(PASSWORD, OTHER)
      await second.closed
      expect(await first.call('getNewToken'), 'the one that asked goes on').toMatchObject({ id })

      const third = await open()
      await expect(third.resume(token)).rejects.toMatchObject(SIGNED_OUT)
      await expect((await open()).logIn(user.username, PASSWORD)).rejects.toMatchObject(REFUSED)
      expect(await (await open()).logIn(user.username, OTHER)).toMatchObject({ id })
    })

    it('signs out: nobody is shown any more, and the token is good for nothing', async () => {
      const first = await open()
      const { token } = await first.signUp(somebody())
      await until(() => first.documents('users').length === 1)
      await first.logOut()
      await until(() => first.documents('users').length === 0)
      await expect((await open()).resume(token)).rejects.toMatchObject(SIGNED_OUT)
    })

    it.skipIf(!hasNotes || !library.comesBack)('comes back by itself when its connection is cut, as whoever it was', async () => {
      const sockets = socketsTo(server.url, library.over)
      const first = await open(sockets, true)
      const { id } = await first.signUp(somebody())
      await first.subscribe('notes')
      await first.call('notes.add', 'milk')
      sockets.cut()
      await first.closed
      await until(async () => (await first.call('whoAmI')) === id)
      await until(() => first.documents('notes').length === 1)
      await first.call('notes.add', 'bread')
      await until(() => first.documents('notes').length === 2)
      expect(first.documents('notes')).toMatchObject([{ text: 'milk' }, { text: 'bread' }])
    })

    it.skipIf(!hasNotes || !library.comesBack)('comes back as nobody when its session was ended elsewhere', async () => {
      const first = await open(socketsTo(server.url, library.over), true)
      const user = somebody()
      const { id } = await first.signUp(user)
      expect(await first.call('whoAmI')).toBe(id)
      const second = await open()
      await second.logIn(user.username, PASSWORD)
      await second.changePassword(PASSWORD, OTHER)
      await first.closed
      await until(async () => (await first.call('whoAmI')) === null)
      await until(() => first.documents('users').length === 0)
    })

    it.skipIf(!hasNotes)('calls a method of the app, and follows a publication of it, as whoever is signed in', async () => {
      const [first, second] = [await open(), await open()]
      const user = somebody()
      await first.signUp(user)
      await first.subscribe('notes')
      await second.subscribe('notes')
      await expect(second.call('notes.add', 'mine')).rejects.toMatchObject({ error: 'not-signed-in', reason: 'Sign in to write notes' })
      expect(await first.call('notes.add', 'milk')).toBe(1)
      await until(() => first.documents('notes').length === 1)
      expect(first.documents('notes')).toMatchObject([{ text: 'milk' }])
      expect(second.documents('notes')).toEqual([])

      // Who is signed in changes, and so does what is published.
      await second.logIn(user.username, PASSWORD)
      await until(() => second.documents('notes').length === 1)
      expect(second.documents('notes')).toMatchObject([{ text: 'milk' }])
    })
  })
})
