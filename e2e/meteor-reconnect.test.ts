/** Staying signed in over a wire that is cut, at any message. */
import { AccountsClient, DDP } from '@latchkey/client/meteor'
import { describe, expect, onTestFinished, test } from 'vitest'
import { FaultyWire } from '../packages/client/src/testing/faulty-wire.ts'
import type { Passing } from '../packages/client/src/testing/faulty-wire.ts'
import { idOf, PASSWORD, spy, startMeteor, tokenOf, until } from './support/meteor.ts'
import type { MeteorServer } from './support/meteor.ts'

// Without the server's grace a cut connection begins anew, and has to sign in again
const ANEW = { ddp: { disconnectGracePeriod: 0 } }

/** A server that can say who it thinks is calling. */
async function startServer(options = ANEW): Promise<MeteorServer> {
  const server = await startMeteor({}, options)
  server.ddp.methods({
    whoAmI() {
      return this.userId
    },
  })
  return server
}

/** A client behind a wire that a test can cut. */
async function behindWire(server: MeteorServer) {
  const wire = await FaultyWire.to(`${server.url.replace('http', 'ws')}/websocket`)
  const client = server.client({ ddpUrl: wire.url })
  onTestFinished(() => wire[Symbol.asyncDispose]())
  const whoAmI = () => client.connection.call('whoAmI')
  /** Cuts, and waits until the client has come back. */
  const cutAndReturn = async (): Promise<void> => {
    const before = wire.connections
    wire.cut()
    await until(() => wire.connections > before && client.connection.status().connected, 'the client to come back')
  }
  return { wire, client, whoAmI, cutAndReturn }
}

test('a connection that begins anew signs in again, and onLogin is told that it was resumed', async () => {
  await using server = await startServer()
  const id = await server.createUser()
  const { client, whoAmI, cutAndReturn } = await behindWire(server)
  await client.loginWithPassword('ada', PASSWORD)
  const told = spy()
  client.onLogin(told)
  await until(() => told.mock.calls.length)
  told.mockClear()
  await cutAndReturn()
  expect(await whoAmI()).toBe(id)
  await until(() => told.mock.calls.length)
  expect(told).toHaveBeenCalledExactlyOnceWith(expect.objectContaining({ type: 'resume', id }))
  expect(client.loggingIn()).toBe(false)
})

test('who signed in last is who comes back', async () => {
  await using server = await startServer()
  await server.createUser('ada')
  const bob = await server.createUser('bob')
  const { client, whoAmI, cutAndReturn } = await behindWire(server)
  await client.loginWithPassword('ada', PASSWORD)
  await client.loginWithPassword('bob', PASSWORD)
  await cutAndReturn()
  expect([await whoAmI(), client.userId(), client.user()?.username]).toEqual([bob, bob, 'bob'])
})

test('what somebody called before the cut is sent again as them, and never as whom another tab has signed in since', async () => {
  await using server = await startServer()
  const [ada, bob] = [await server.createUser('ada'), await server.createUser('bob')]
  const { client, whoAmI, wire, cutAndReturn } = await behindWire(server)
  const ran: (string | null)[] = []
  const answers: (() => void)[] = []
  server.ddp.methods({
    async note() {
      ran.push(this.userId)
      await new Promise<void>(answer => answers.push(answer))
    },
  })
  await client.loginWithPassword('ada', PASSWORD)
  const kept = client.connection.call('note')
  await until(() => ran.length)
  await cutAndReturn()
  await until(() => ran.length === 2)
  for (const answer of answers) answer()
  await kept
  expect(ran).toEqual([ada, ada])

  const lost = client.connection.call('note')
  await until(() => ran.length === 3)
  const { session, resumeSecret } = await server.accounts.accounts.loginTrusted(bob, undefined, 'resume')
  client._storeLoginToken(bob, resumeSecret ?? '', new Date(session.expiresAt))
  wire.cut()
  await expect(lost).rejects.toMatchObject({ error: 'invocation-failed' })
  expect([await whoAmI(), ran]).toEqual([bob, [ada, ada, ada]])
})

test('after a login that failed, the one before it comes back', async () => {
  await using server = await startServer()
  const id = await server.createUser()
  const { client, whoAmI, cutAndReturn } = await behindWire(server)
  await client.loginWithPassword('ada', PASSWORD)
  await expect(client.loginWithPassword('ada', 'wrong')).rejects.toMatchObject({ error: 403 })
  await cutAndReturn()
  expect([await whoAmI(), client.userId()]).toEqual([id, id])
})

test('the connection’s own onReconnect stays the app’s, and is called once for each return', async () => {
  await using server = await startServer()
  await server.createUser()
  const wire = await FaultyWire.to(`${server.url.replace('http', 'ws')}/websocket`)
  onTestFinished(() => wire[Symbol.asyncDispose]())
  const connection = DDP.connect(wire.url)
  const onReconnect = spy()
  connection.onReconnect = onReconnect
  const client = new AccountsClient({ connection })
  onTestFinished(() => client.close())
  onTestFinished(() => connection.close())
  await client.loginWithPassword('ada', PASSWORD)
  expect(connection.onReconnect).toBe(onReconnect)
  for (const times of [1, 2]) {
    const before = wire.connections
    wire.cut()
    await until(() => wire.connections > before && connection.status().connected)
    await connection.call('whoAmI')
    expect(onReconnect).toHaveBeenCalledTimes(times)
  }
  expect(connection.onReconnect).toBe(onReconnect)
})

test('there is one step that signs in again, before and after returning', async () => {
  await using server = await startServer()
  await server.createUser()
  const { wire, client, whoAmI, cutAndReturn } = await behindWire(server)
  const logins = (connection: number): number =>
    wire.passed.filter(({ from, frame, connection: of }) => from === 'client' && of === connection && frame.includes('"resume"')).length
  for (let times = 0; times < 3; times++) await client.loginWithPassword('ada', PASSWORD)
  await cutAndReturn()
  await whoAmI()
  await cutAndReturn()
  await whoAmI()
  expect([logins(1), logins(2)]).toEqual([1, 1])
})

test('a method that is called while the connection is away runs with the user signed in again', async () => {
  await using server = await startServer()
  const id = await server.createUser()
  const { wire, client, whoAmI } = await behindWire(server)
  await client.loginWithPassword('ada', PASSWORD)
  wire.down = true
  wire.cut()
  await until(() => !client.connection.status().connected)
  const asked = whoAmI()
  wire.down = false
  client.connection.reconnect()
  expect(await asked).toBe(id)
})

test('whose session ended while the connection was away is signed out on returning', async () => {
  await using server = await startServer()
  await server.createUser()
  const { wire, client, whoAmI } = await behindWire(server)
  const other = server.client()
  const loggedOut = spy()
  client.onLogout(loggedOut)
  await client.loginWithPassword('ada', PASSWORD)
  await other.loginWithPassword('ada', PASSWORD)
  wire.down = true
  wire.cut()
  await other.changePassword(PASSWORD, 'another long one')
  wire.down = false
  client.connection.reconnect()
  expect(await whoAmI()).toBeNull()
  await until(() => client.userId() === null)
  expect([client._storedLoginToken(), client.state.get().status, loggedOut.mock.calls.length]).toEqual([null, 'signedOut', 1])
})

test('a server that is only busy when the connection returns signs nobody out, and is asked again', async () => {
  await using server = await startServer()
  const id = await server.createUser()
  const { client, cutAndReturn } = await behindWire(server)
  await client.loginWithPassword('ada', PASSWORD)
  let refuse = 1
  server.accounts.validateLoginAttempt(() => {
    if (refuse-- > 0) throw new Error('the database is away')
    return true
  })
  await cutAndReturn()
  await until(() => refuse < 0, 'a second attempt')
  await until(async () => (await client.connection.call('whoAmI')) === id, 'being signed in')
  expect(client.userId()).toBe(id)
})

test('a login token that is over before the connection returns is not tried any more', async () => {
  await using server = await startServer()
  await server.createUser()
  const { client, wire, cutAndReturn } = await behindWire(server)
  await client.loginWithPassword('ada', PASSWORD)
  client._storeLoginToken(idOf(client), tokenOf(client), new Date(Date.now() + 60_000))
  await cutAndReturn()
  await until(() => client.userId() === null)
  expect(wire.passed.some(({ frame }) => frame.includes('"resume"'))).toBe(false)
})

describe('a wire that is cut at any message of a story ends with somebody signed in, or with nobody, on both sides', () => {
  /** How many messages the story has when nothing is cut, a few more than needed. */
  const LONGEST = 14
  const points = Array.from({ length: LONGEST }, (_, index) => index)

  const stories = {
    'signing in': { ends: true, tell: async (client: AccountsClient) => client.loginWithPassword('ada', PASSWORD) },
    'signing in and out': {
      ends: false,
      tell: async (client: AccountsClient) => {
        await client.loginWithPassword('ada', PASSWORD)
        await client.logout()
      },
    },
    // A sign-up that is sent again after its answer was lost finds the name taken, by itself
    'signing up': {
      ends: undefined,
      tell: async (client: AccountsClient) => client.createUser({ username: 'eve', password: PASSWORD }).catch(() => {}),
    },
    'ending other sessions': {
      ends: true,
      tell: async (client: AccountsClient) => {
        await client.loginWithPassword('ada', PASSWORD)
        await client.logoutOtherClients()
      },
    },
  }

  for (const grace of [0, 15_000]) {
    for (const [name, { ends, tell }] of Object.entries(stories)) {
      test(`${name}, with ${grace} ms of grace`, async () => {
        await using server = await startServer({ ddp: { disconnectGracePeriod: grace } })
        await server.createUser()
        for (const fate of ['cut', 'cutAfter'] as const) {
          for (const point of points) {
            const { wire, client, whoAmI } = await behindWire(server)
            wire.fate = ({ index }: Passing) => (index === point ? fate : 'pass')
            await tell(client)
            const onServer = await whoAmI()
            const { status } = client.state.get()
            const where = `${fate} at message ${point}: ${wire.passed.map(({ frame }) => frame.slice(0, 60)).join(' ')}`
            const isIn = onServer !== null
            expect({ where, user: client.userId(), isStored: client._storedLoginToken() !== null }).toEqual({
              where,
              user: onServer,
              isStored: isIn,
            })
            const quiet = { where, loggingIn: false, loggingOut: false, status: isIn ? 'signedIn' : 'signedOut' }
            expect({ where, loggingIn: client.loggingIn(), loggingOut: client.loggingOut(), status }).toEqual(quiet)
            expect({ where, isIn }).toEqual({ where, isIn: ends ?? isIn })
            client.close()
          }
        }
      })
    }
  }
})
