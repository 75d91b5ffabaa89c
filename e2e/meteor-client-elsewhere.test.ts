/** The same client where it is no page's: in a server that is the client of another one, and over the wires of accounts-js. */
import { AccountsClientPassword, RestClient } from '@latchkey/client'
import { AccountsClient } from '@latchkey/client/meteor'
import { AccountsCode } from '@latchkey/server/strategies/code'
import { Secret, TOTP } from 'otpauth'
import { describe, expect, onTestFinished, test } from 'vitest'
import { FaultyWire } from '../packages/client/src/testing/faulty-wire.ts'
import { PASSWORD, startMeteor, until, spy } from './support/meteor.ts'
import { startServer } from './support/server.ts'

describe('a server that is the client of another one', () => {
  test('signs in, calls, keeps the login when the connection is cut, and signs out', async () => {
    await using upstream = await startMeteor({}, { ddp: { disconnectGracePeriod: 0 } })
    const robot = await upstream.createUser('robot')
    upstream.ddp.methods({
      whoAmI() {
        return this.userId
      },
    })
    await using wire = await FaultyWire.to(`${upstream.url.replace('http', 'ws')}/websocket`)
    await using here = await startMeteor()
    const toUpstream = here.client({ ddpUrl: wire.url })
    here.ddp.methods({ askUpstream: () => toUpstream.connection.call('whoAmI') })

    await toUpstream.loginWithPassword('robot', PASSWORD)
    const person = here.client()
    await person.createUser({ username: 'ada', password: PASSWORD })
    expect(await person.connection.call('askUpstream')).toBe(robot)
    wire.cut()
    await until(() => wire.connections > 1 && toUpstream.connection.status().connected)
    expect(await person.connection.call('askUpstream')).toBe(robot)
    await toUpstream.logout()
    expect(await person.connection.call('askUpstream')).toBeNull()
    expect(person.userId()).not.toBeNull()
  })

  test('has clients of several servers and of several people, who know nothing of each other', async () => {
    await using one = await startMeteor()
    await using two = await startMeteor()
    await one.createUser('ada')
    await one.createUser('bob')
    const eve = await two.createUser('eve')
    const [ada, bob, other] = [one.client(), one.client(), two.client()]
    await Promise.all([
      ada.loginWithPassword('ada', PASSWORD),
      bob.loginWithPassword('bob', PASSWORD),
      other.loginWithPassword('eve', PASSWORD),
    ])
    await ada.logout()
    expect([ada.userId(), bob.user()?.username, other.userId()]).toEqual([null, 'bob', eve])
  })
})

describe('over REST', () => {
  async function newWorld() {
    const server = await startServer(
      'memory',
      { password: { sendVerificationEmailAfterSignup: false } },
      { services: { code: new AccountsCode() } },
    )
    onTestFinished(() => server.close())
    const client = new AccountsClient({}, new RestClient({ apiHost: server.url }))
    onTestFinished(client.state.subscribe(() => {}))
    return { server, client }
  }

  test('signing up signs in, changing the password keeps one in, and a forgotten one is chosen anew', async () => {
    const { server, client } = await newWorld()
    await client.createUser({ username: 'ada', email: 'ada@example.org', password: PASSWORD })
    expect(client.user()?.username).toBe('ada')
    await client.changePassword(PASSWORD, 'another long one')
    await client.logout()
    await expect(client.loginWithPassword('ada', PASSWORD)).rejects.toMatchObject({ status: 400 })
    await client.loginWithPassword('ada@example.org', 'another long one')
    await client.logout()
    await client.forgotPassword({ email: 'ada@example.org' })
    await client.resetPassword(await server.tokenFor('ada@example.org', 'reset-password'), 'a third long one').catch(() => {})
    await client.loginWithPassword('ada', 'a third long one')
    expect(client.userId()).not.toBeNull()
  })

  test('a name that is taken signs nobody in who signs up', async () => {
    const { client } = await newWorld()
    await client.createUser({ username: 'ada', email: 'ada@example.org', password: PASSWORD })
    await client.logout()
    await expect(client.createUser({ username: 'ada', email: 'ada@example.org', password: 'another long one' })).rejects.toThrow(
      'Invalid credentials',
    )
    expect(client.userId()).toBeNull()
  })

  test('a second factor is set up and asked for, and a code from a mail signs in', async () => {
    const { server, client } = await newWorld()
    await client.createUser({ username: 'ada', email: 'ada@example.org', password: PASSWORD })
    const { secret } = await client.generate2faActivationQrCode('The app')
    const totp = new TOTP({ secret: Secret.fromBase32(secret) })
    // Of the codes that are good at a moment, this one and the next still are when half a minute begins.
    const at = Date.now()
    await client.enableUser2fa(totp.generate({ timestamp: at }))
    expect(await client.has2faEnabled()).toBe(true)
    await client.logout()
    await expect(client.loginWithPassword('ada', PASSWORD)).rejects.toMatchObject({ code: 'TwoFactorRequired' })
    await client.loginWithPasswordAnd2faCode('ada', PASSWORD, totp.generate({ timestamp: at + 30_000 }))
    await client.logout()

    await new AccountsClientPassword(client).createUser({ email: 'bob@example.org', password: PASSWORD })
    await client.requestLoginTokenForUser({ selector: 'bob@example.org' })
    const told = spy()
    client.onLogin(told)
    await client.passwordlessLoginWithToken('bob@example.org', await server.codeFor('bob@example.org'))
    expect([client.user()?.emails[0]?.address, told.mock.calls.length]).toEqual(['bob@example.org', 1])
    await client.logoutOtherClients()
    expect(await client.sessions()).toHaveLength(1)
  })
})
