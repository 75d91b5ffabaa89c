/** One set of sessions for REST and DDP: what ends on the one wire is over on the other, on the same server and on another one with the same database. */
import { beforeAll, afterAll, describe, expect, it } from 'vitest'
import { hasPostgres } from '../tools/test/postgres.ts'
import { inLanes, post } from './support/call.ts'
import { digest, openSocket } from './support/ddp-socket.ts'
import type { DdpSocket } from './support/ddp-socket.ts'
import { twoInstances, twoOnOneFile } from './support/instances.ts'
import { until } from './support/meteor.ts'
import { percentile } from './support/percentile.ts'
import { rawCaller } from './support/raw-call.ts'
import { startServer } from './support/server.ts'
import type { RunningStory } from './support/server.ts'
import { NEW_PASSWORD, PASSWORD, payload, signIn, UNLIMITED, who } from './support/visitor.ts'
import type { Tokens } from './support/visitor.ts'

interface Place {
  /** Asked over REST. */
  here: RunningStory
  /** Spoken to over DDP. */
  there: RunningStory
  close: () => Promise<void>
}

const OVER_BOTH = { ddp: true }
const PLACES: { where: string; runs: boolean; open: () => Promise<Place> }[] = [
  {
    where: 'on one server',
    runs: true,
    async open() {
      const server = await startServer('memory', UNLIMITED, OVER_BOTH)
      return { here: server, there: server, close: () => server.close() }
    },
  },
  {
    where: 'between two servers on one file of SQLite',
    runs: true,
    async open() {
      const { one, other, close } = await twoOnOneFile(UNLIMITED, OVER_BOTH)
      return { here: one, there: other, close }
    },
  },
  {
    where: 'between two servers on one PostgreSQL',
    runs: hasPostgres,
    async open() {
      const { one, other, close } = await twoInstances(UNLIMITED, UNLIMITED, OVER_BOTH)
      return { here: one, there: other, close }
    },
  },
]

/** Somebody who is signed in on both wires, by a session for each. */
interface Person {
  id: string
  email: string
  here: RunningStory
  rest: Tokens
  socket: DdpSocket
  /** The login token of the socket. */
  token: string
}

/** How a session of DDP ends over REST, or by an operator; whether the session of REST goes on. */
const ENDS: Record<string, { goesOn: boolean; end: (person: Person) => Promise<unknown> }> = {
  'ended by its entry in the list': {
    goesOn: true,
    async end({ here, rest }) {
      const [other] = (await sessionsOf(here.url, rest)).filter(({ current }) => !current)
      return ok(post(here.url, 'sessions/end', { sessionId: other?.id }, rest.accessToken))
    },
  },
  'ended as one of all others': {
    goesOn: true,
    end: ({ here, rest }) => ok(post(here.url, 'sessions/endOthers', {}, rest.accessToken)),
  },
  'ended by a change of the password': {
    goesOn: true,
    end: ({ here, rest }) =>
      ok(post(here.url, 'password/changePassword', { oldPassword: PASSWORD, newPassword: NEW_PASSWORD }, rest.accessToken)),
  },
  'ended by a new password that a link led to': {
    goesOn: false,
    async end({ here, email }) {
      await ok(post(here.url, 'password/sendResetPasswordEmail', { email }))
      const token = await here.tokenFor(email, 'reset-password')
      return ok(post(here.url, 'password/resetPassword', { token, newPassword: NEW_PASSWORD }))
    },
  },
  'ended with the account': {
    goesOn: false,
    end: ({ here, rest }) => ok(post(here.url, 'account/delete', { password: PASSWORD }, rest.accessToken)),
  },
  'ended by an operator': { goesOn: false, end: ({ here, id }) => here.accounts.accounts.revoke({ userId: id }) },
  'ended by an operator who deactivates the user': { goesOn: false, end: ({ here, id }) => here.accounts.accounts.deactivateUser(id) },
  'ended by an operator who deletes the user': { goesOn: false, end: ({ here, id }) => here.accounts.accounts.deleteUser(id) },
  'ended by an operator who sets a password': {
    goesOn: false,
    end: ({ here, id }) => here.accounts.accounts.setPassword(id, NEW_PASSWORD),
  },
}

/** How a session of REST ends over DDP. */
const ENDS_OVER_DDP: Record<string, (person: Person) => Promise<unknown>> = {
  async 'latchkey.endSession'({ socket }) {
    const { result } = await socket.call('latchkey.sessions')
    const [other] = (result as { id: string; current: boolean }[]).filter(({ current }) => !current)
    return done(socket.call('latchkey.endSession', { sessionId: other?.id }))
  },
  'latchkey.endOtherSessions': ({ socket }) => done(socket.call('latchkey.endOtherSessions')),
  removeOtherTokens: ({ socket }) => done(socket.call('removeOtherTokens')),
  changePassword: ({ socket }) => done(socket.call('changePassword', digest(PASSWORD), digest(NEW_PASSWORD))),
  'latchkey.deleteAccount': ({ socket }) => done(socket.call('latchkey.deleteAccount', { password: digest(PASSWORD) })),
}

for (const { where, runs, open } of PLACES) {
  // A second is a promise of ours, and not of a machine that stands still for one: what takes longer must do so three times to be our fault.
  describe.skipIf(!runs)(where, { retry: 2 }, () => {
    let place: Place
    const sockets: DdpSocket[] = []
    beforeAll(async () => {
      place = await open()
    })
    afterAll(async () => {
      for (const socket of sockets) socket.close()
      await place?.close()
    })

    let people = 0
    const newcomer = async (): Promise<{ id: string; email: string }> => {
      const email = `visitor-${(people += 1)}@example.org`
      const { id } = await place.here.accounts.accounts.createUser({ email, password: PASSWORD })
      return { id, email }
    }
    const socketOf = async (headers: Record<string, string> = {}): Promise<DdpSocket> => {
      const socket = await openSocket(place.there.url, headers)
      sockets.push(socket)
      return socket
    }
    const onBoth = async (): Promise<Person> => {
      const { id, email } = await newcomer()
      const socket = await socketOf({ 'user-agent': FIREFOX })
      const token = await socket.login(PASSWORD, email)
      return { id, email, here: place.here, socket, token, rest: await signIn(place.here.url, PASSWORD, email) }
    }
    /** The time it took, in milliseconds. */
    const closesWithinASecond = async ({ closed }: DdpSocket, since: number): Promise<number> => {
      const took = (await closed) - since
      expect(took).toBeLessThan(1000)
      return took
    }

    it.each(Object.entries(ENDS))('a session of DDP that is %s closes its socket within a second', async (_how, { goesOn, end }) => {
      const person = await onBoth()
      const bystander = await onBoth()
      await end(person)
      await closesWithinASecond(person.socket, performance.now())
      const again = await socketOf()
      expect((await again.call('login', { resume: person.token })).error?.error).toBe(403)
      expect(await who(place.here.url, person.rest.accessToken)).toBe(goesOn ? person.email : null)
      expect(bystander.socket.isClosed()).toBe(false)
    })

    it.each(Object.entries(ENDS_OVER_DDP))(
      'a session of REST that %s ended is refused at once, elsewhere within a second',
      async (_how, end) => {
        const person = await onBoth()
        const { rest, email } = person
        for (const { url } of [place.here, place.there]) expect(await who(url, rest.accessToken)).toBe(email)
        await end(person)
        const endedAt = performance.now()
        expect(await who(place.there.url, rest.accessToken)).toBeNull()
        await until(async () => (await who(place.here.url, rest.accessToken)) === null)
        expect(performance.now() - endedAt).toBeLessThan(1000)
        expect((await post(place.here.url, 'refreshTokens', rest)).status).toBe(400)
      },
    )

    it('a session of DDP is in the list over REST with its device, and in what is kept about it with its wire', async () => {
      const { here } = place
      const { rest, token, socket } = await onBoth()
      const sessions = await sessionsOf(here.url, rest)
      expect(sessions).toHaveLength(2)
      expect(sessions.find(({ current }) => !current)).toMatchObject({
        device: 'Firefox on Linux',
        userAgent: FIREFOX,
        ip: '127.0.0.1',
        factors: ['password'],
        impersonated: false,
      })
      expect(sessions.find(({ current }) => current)?.device).not.toBe('Firefox on Linux')
      const exported = JSON.stringify((await get(here.url, 'account/export', rest)).body)
      for (const transport of ['ddp', 'rest']) expect(exported).toContain(`"transport":"${transport}"`)
      expect(exported).not.toContain(token)
      expect(JSON.stringify((await socket.call('latchkey.sessions')).result)).toContain('"current":true')
    })

    it('the sessions of both wires are apart: neither’s secret is good on the other, and the end of one leaves the other', async () => {
      const { here, there } = place
      const { rest, socket, token, email } = await onBoth()
      const stranger = await socketOf()
      for (const secret of [rest.accessToken, rest.refreshToken, String(payload(rest.refreshToken)['rt'])])
        expect((await stranger.call('login', { resume: secret })).error?.error).toBe(403)
      for (const { url } of [here, there]) expect(await who(url, token)).toBeNull()
      expect((await post(there.url, 'refreshTokens', { accessToken: rest.accessToken, refreshToken: token })).status).toBe(400)

      await ok(post(here.url, 'logout', {}, rest.accessToken))
      expect(await who(here.url, rest.accessToken)).toBeNull()
      expect((await socket.call('latchkey.user')).result).toMatchObject({ emails: [{ address: email }] })

      const next = await signIn(here.url, PASSWORD, email)
      await done(socket.call('logout'))
      expect((await socket.call('latchkey.user')).result).toBeNull()
      expect([await who(here.url, next.accessToken), socket.isClosed()]).toEqual([email, false])
    })

    it('what changes about a user over REST arrives in what DDP publishes, and the other way round', async () => {
      const { rest, socket, id, email } = await onBoth()
      expect(socket.users.get(id)).toEqual({ emails: [{ address: email, verified: false }] })
      await ok(post(place.here.url, 'password/addEmail', { newEmail: `new-${email}`, password: PASSWORD }, rest.accessToken))
      await until(() => JSON.stringify(socket.users.get(id)).includes(`new-${email}`), 'the second address')
      await ok(post(place.here.url, 'password/removeEmail', { email, password: PASSWORD }, rest.accessToken))
      await until(() => JSON.stringify(socket.users.get(id)) === JSON.stringify({ emails: [{ address: `new-${email}`, verified: false }] }))
      await done(socket.call('latchkey.changeEmail', { oldEmail: `new-${email}`, newEmail: `last-${email}`, password: digest(PASSWORD) }))
      expect(await who(place.there.url, rest.accessToken)).toBe(`last-${email}`)
      await until(async () => (await who(place.here.url, rest.accessToken)) === `last-${email}`, 'the last address')
    })

    it('a page’s cookie signs its sockets in, and whichever wire signs out ends the one session of both', async () => {
      const { email } = await newcomer()
      const page = { origin: place.there.url }
      const ends = {
        rest: async (_socket: DdpSocket, cookie: string) => void (await withCookie(place.here, cookie, 'logout')),
        ddp: (socket: DdpSocket) => done(socket.call('logout')),
      }
      for (const [wire, end] of Object.entries(ends)) {
        const cookie = await cookieFor(place.here, email)
        const [socket, other] = [await socketOf({ ...page, cookie }), await socketOf({ ...page, cookie })]
        await until(() => socket.users.size === 1 && other.users.size === 1, 'the user')
        expect((await socket.call('latchkey.sessions')).result).toMatchObject([{ current: true }])
        expect(socket.heard.join('')).not.toContain(cookie.split('=')[1])
        await end(socket, cookie)
        await closesWithinASecond(other, performance.now())
        expect([wire, (await withCookie(place.here, cookie, 'user')).body]).toEqual([wire, 'null'])
      }
      const stranger = await socketOf({ origin: 'https://elsewhere.example', cookie: await cookieFor(place.here, email) })
      expect((await stranger.call('latchkey.user')).result).toBeNull()
    })

    it('fifty sockets, a few at a time, are each closed within a second of the request that ends their session', async () => {
      const times: number[] = []
      await inLanes(50, 5, async () => {
        const { id, email } = await newcomer()
        const socket = await socketOf()
        await socket.login(PASSWORD, email)
        await place.here.accounts.accounts.revoke({ userId: id })
        // From when the disk has it, which may be slow: some are closed by then.
        const endedAt = performance.now()
        times.push(Math.max(0, (await socket.closed) - endedAt))
      })
      expect([times.length, Math.max(...times) < 1000]).toEqual([50, true])
      const [half, nearlyAll] = [percentile(times, 0.5), percentile(times, 0.99)].map(time => `${time.toFixed(1)} ms`)
      console.info(`from the end of a session to the end of its socket, ${where}: p50 ${half}, p99 ${nearlyAll}`)
    })
  })
}

const FIREFOX = 'Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0'

interface Listed {
  id: string
  current: boolean
  device: string
}

async function get(url: string, route: string, { accessToken }: Tokens): Promise<{ body: unknown }> {
  const response = await fetch(`${url}/accounts/${route}`, { headers: { authorization: `Bearer ${accessToken}` } })
  expect(response.status).toBe(200)
  return { body: await response.json() }
}

const sessionsOf = async (url: string, tokens: Tokens): Promise<Listed[]> => (await get(url, 'sessions', tokens)).body as Listed[]

async function ok(asked: ReturnType<typeof post>): Promise<void> {
  const { status, body } = await asked
  expect([status, body?.message]).toEqual([200, undefined])
}

async function done(asked: ReturnType<DdpSocket['call']>): Promise<void> {
  expect((await asked).error).toBeUndefined()
}

/** What a browser has after it signed in, as it sends it. */
async function cookieFor({ url }: RunningStory, email: string): Promise<string> {
  const response = await fetch(`${url}/accounts/password/authenticate`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', origin: url, 'x-latchkey-session': 'cookie' },
    body: JSON.stringify({ user: email, password: PASSWORD }),
  })
  const cookies = response.headers.getSetCookie().map(line => line.split(';', 1)[0])
  return cookies.join('; ')
}

async function withCookie({ url }: RunningStory, cookie: string, route: string): Promise<{ body: string }> {
  const caller = rawCaller(url)
  const { status, body } = await caller.post(route, {}, { cookie, origin: url, 'x-latchkey-session': 'cookie' })
  caller.close()
  expect(status).toBe(200)
  return { body }
}
